# SPDX-License-Identifier: Apache-2.0
"""Pipelines: order and completeness of replies (sheet 9)."""

import wire
from harness import case


@case("a hundred reads in one write")
def _(t):
    a = t.connect()
    a.pipeline(*[wire.exists(t.root)] * 100, label="100 reads")


@case("a hundred writes in one write")
def _(t):
    a = t.connect()
    a.pipeline(*[wire.setData(t.root, str(n)) for n in range(100)],
               label="100 writes")
    a.getData(t.root)


@case("reads between writes see exactly the writes before them")
def _(t):
    a = t.connect()
    ops = []
    for n in range(40):
        ops += [wire.setData(t.root, str(n)), wire.getData(t.root)]
    a.pipeline(*ops, label="40 times set and get")


@case("every kind of request in one pipeline")
def _(t):
    a = t.connect()
    r = t.root
    a.pipeline(
        wire.create(r + "/n", "x"), wire.exists(r + "/n"),
        wire.setData(r + "/n", "y"), wire.getData(r + "/n"),
        wire.getACL(r + "/n"), wire.setACL(r + "/n"), wire.sync(r),
        wire.getChildren(r), wire.create2(r + "/e", flags=3), wire.ping(),
        wire.getChildren2(r), wire.multi(wire.check(r + "/n")),
        wire.multiRead(wire.getData(r + "/n")), wire.whoAmI(),
        wire.getEphemerals("/"), wire.getAllChildrenNumber(r),
        wire.addWatch(r, 0), wire.checkWatches(r), wire.removeWatches(r),
        wire.setWatches(0), wire.delete(r + "/n"), wire.exists(r + "/n"),
        wire.createContainer(r + "/c"), wire.reconfig(), wire.ping())


@case("failing requests do not disturb their neighbours")
def _(t):
    a = t.connect()
    r = t.root
    a.pipeline(wire.create(r), wire.create(r + "/n"), wire.delete(r + "/no"),
               wire.setData(r + "/n", "x"), wire.setData(r + "/n", "y", 0),
               wire.getData(r + "/n"), wire.create(None), wire.addWatch(r, 9),
               wire.multi(wire.exists(r)), wire.getData(r + "/no"),
               wire.delete(r + "/n"), wire.delete(r + "/n"))


@case("pings hold their place between writes")
def _(t):
    a = t.connect()
    ops = []
    for n in range(20):
        ops += [wire.setData(t.root, str(n)), wire.ping()]
    a.pipeline(*ops, label="20 times set and ping")


@case("a create and a delete of the same node, many times")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.pipeline(*[wire.create(n), wire.exists(n), wire.delete(n),
                 wire.exists(n)] * 25, label="25 lives")


@case("version checks in a pipeline see the pending versions")
def _(t):
    a = t.connect()
    a.pipeline(*[wire.setData(t.root, str(n), n) for n in range(30)],
               label="30 conditional sets")
    a.pipeline(*[wire.setData(t.root, "x", 29)] * 3)


@case("a parent and its children in one pipeline")
def _(t):
    a = t.connect()
    p = t.root + "/p"
    a.pipeline(wire.create(p), wire.create(p + "/c"), wire.delete(p),
               wire.delete(p + "/c"), wire.delete(p), wire.create(p + "/c"),
               wire.create(p, flags=1), wire.create(p + "/c"))


@case("ephemerals in one pipeline: none below them")
def _(t):
    a = t.connect()
    e = t.root + "/e"
    a.pipeline(wire.create(e, flags=1), wire.create(e + "/c"),
               wire.delete(e), wire.create(e), wire.create(e + "/c"),
               wire.getEphemerals("/"))


@case("a request split into single bytes")
def _(t):
    a = t.connect()
    data = wire.framed(wire.i32(1) + wire.i32(3) + wire.exists(t.root)[1])
    for at in range(len(data) - 1):
        a.wire.send(data[at:at + 1])
    a.raw(data[-1:], "sends exists byte by byte", [(1, 3)], replies=1)


@case("two frames and a half, then the other half")
def _(t):
    a = t.connect()
    one = wire.framed(wire.i32(1) + wire.i32(3) + wire.exists(t.root)[1])
    a.raw(one + one + one[:7], "two and a half", [(1, 3), (1, 3), (1, 3)],
          replies=2)
    a.raw(one[7:], "the other half", replies=1)


@case("a thousand pipelined reads and writes")
def _(t):
    a = t.connect()
    ops = [wire.setData(t.root, "%d" % n) if n % 10 == 0
           else wire.exists(t.root) for n in range(1000)]
    a.pipeline(*ops, label="1000 requests")


@case("two connections write by turns")
def _(t):
    a, b = t.connect(), t.connect()
    for n in range(10):
        a.setData(t.root, "a%d" % n, 2 * n)
        b.setData(t.root, "b%d" % n, 2 * n + 1)
    a.getData(t.root)
    b.getData(t.root)


@case("three connections build a tree by turns")
def _(t):
    a, b, c = t.connect(), t.connect(), t.connect()
    r = t.root
    a.create2(r + "/p")
    b.create2(r + "/p/q")
    c.create2(r + "/p/q/s", flags=3)
    a.delete(r + "/p")
    c.quit()
    b.delete(r + "/p/q", 0)
    a.delete(r + "/p", 0)
    b.exists(r)


@case("a lock recipe of three clients")
def _(t):
    conns = t.connect(), t.connect(), t.connect()
    lock = t.root + "/lock"
    conns[0].create(lock)
    for conn in conns:
        conn.create(lock + "/l-", flags=3)
    for n in (1, 2):
        conns[n].getChildren(lock)
        conns[n].exists("%s/l-%010d" % (lock, n - 1), True)
    conns[0].delete(lock + "/l-0000000000")
    conns[1].drain()
    conns[1].quit()
    conns[2].drain()
    conns[2].getChildren2(lock)


@case("a queue of two producers and a consumer")
def _(t):
    a, b, c = t.connect(), t.connect(), t.connect()
    r = t.root
    c.getChildren(r, True)
    for n in range(3):
        a.create(r + "/q-", "a%d" % n, flags=2)
        b.create(r + "/q-", "b%d" % n, flags=2)
    c.getChildren(r)
    for n in range(6):
        c.getData("%s/q-%010d" % (r, n))
        c.delete("%s/q-%010d" % (r, n))
    c.getChildren2(r)


@case("sync in a pipeline keeps its place")
def _(t):
    a = t.connect()
    a.pipeline(wire.setData(t.root, "1"), wire.sync(t.root),
               wire.getData(t.root), wire.sync("/no"), wire.ping())


@case("a large reply does not delay the order")
def _(t):
    a = t.connect()
    a.create(t.root + "/big", b"x" * 500000)
    a.pipeline(wire.getData(t.root + "/big"), wire.exists(t.root),
               wire.getData(t.root + "/big"), wire.ping(),
               wire.getData(t.root + "/big"))


# Apache answers auth at once: whether before or after the others is a race.
@case("auth between writes is answered in its place", only="zabd")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.pipeline(wire.create(n), wire.setData(n, "x" * 200000),
               wire.setData(n, "y"), wire.auth("digest", "bob:pw"),
               wire.exists(n))
