# SPDX-License-Identifier: Apache-2.0
"""Standard watches, setWatches, and the order of events (sheet 7)."""

import wire
from harness import case

SETTERS = {"exists": "exists", "getData": "getData",
           "getChildren": "getChildren", "getChildren2": "getChildren2"}
CHANGES = {
    "setData": lambda r: wire.setData(r + "/n", "x"),
    "delete": lambda r: wire.delete(r + "/n"),
    "setACL": lambda r: wire.setACL(r + "/n"),
    "a child's birth": lambda r: wire.create(r + "/n/c"),
    "check": lambda r: wire.multi(wire.check(r + "/n")),
    "sync": lambda r: wire.sync(r + "/n"),
    "a failing setData": lambda r: wire.setData(r + "/n", "x", 9),
    "a sibling's birth": lambda r: wire.create(r + "/n2"),
}

for setter in SETTERS:
    for change, make in CHANGES.items():
        def fires(t, setter=setter, make=make):
            a, b = t.connect(), t.connect()
            a.create(t.root + "/n")
            getattr(b, setter)(t.root + "/n", True)
            a.do(make(t.root))
            b.drain()
            a.do(make(t.root))
            b.drain()
        case("%s: %s watches" % (change, setter))(fires)

    def children(t, setter=setter):
        a, b = t.connect(), t.connect()
        n = t.root + "/n"
        a.create(n)
        a.create(n + "/c")
        getattr(b, setter)(n, True)
        a.setData(n + "/c", "x")
        b.drain()
        a.create(n + "/c/g")
        b.drain()
        a.delete(n + "/c/g")
        b.drain()
        a.delete(n + "/c")
        b.drain()
        a.delete(n)
        b.drain()
    case("%s watches and the life of a child" % setter)(children)

    def missing(t, setter=setter):
        a, b = t.connect(), t.connect()
        n = t.root + "/n"
        getattr(b, setter)(n, True)
        b.checkWatches(n)
        a.create(n)
        b.drain()
        a.delete(n)
        b.drain()
    case("%s of a missing node and its birth" % setter)(missing)

    def refused(t, setter=setter):
        a, b = t.connect(), t.connect()
        n = t.root + "/n"
        a.create(n, acl=[(31 - 1, "world", "anyone")])
        getattr(b, setter)(n, True)
        b.checkWatches(n)
        a.setData(n, "x")
        a.create(n + "/c")
        b.drain()
    case("%s without READ and its watch" % setter)(refused)

    def twice(t, setter=setter):
        a, b = t.connect(), t.connect()
        n = t.root + "/n"
        a.create(n)
        getattr(b, setter)(n, True)
        getattr(b, setter)(n, True)
        getattr(b, setter)(n, False)
        a.delete(n)
        b.drain()
        a.create(n)
        a.delete(n)
        b.drain()
    case("%s twice fires once" % setter)(twice)

    def own(t, setter=setter):
        a = t.connect()
        n = t.root + "/n"
        a.create(n)
        getattr(a, setter)(n, True)
        a.setData(n, "x")
        a.create(n + "/c")
        a.delete(n + "/c")
        a.delete(n)
        a.create(n)
    case("%s: one's own change comes before its reply" % setter)(own)

    def pipelined(t, setter=setter):
        a = t.connect()
        n = t.root + "/n"
        a.create(n)
        watch = getattr(wire, setter)(n, True)
        a.pipeline(watch, wire.setData(n, "x"), watch, wire.create(n + "/c"),
                   watch, wire.delete(n + "/c"), watch, wire.delete(n),
                   wire.exists(n, True), wire.create(n))
    case("%s: watches and changes in one pipeline" % setter)(pipelined)


@case("data and child watch of one node: one NodeDeleted")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    a.create(n)
    b.getData(n, True)
    b.getChildren(n, True)
    b.exists(n, True)
    a.delete(n)
    b.drain()


@case("a data and a child watch fire for different changes")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    a.create(n)
    b.getData(n, True)
    b.getChildren(n, True)
    a.create(n + "/c")
    b.drain()
    a.setData(n, "x")
    b.drain()


@case("delete tells the parent's child watch last")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    a.create(n)
    b.getChildren(t.root, True)
    b.getChildren(n, True)
    b.getData(n, True)
    a.delete(n)
    b.drain()


@case("create tells data before children")
def _(t):
    a, b = t.connect(), t.connect()
    b.getChildren(t.root, True)
    b.exists(t.root + "/n", True)
    a.create(t.root + "/n")
    b.drain()


@case("every kind of create fires")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    for op in (wire.create(r + "/a"), wire.create(r + "/b", flags=1),
               wire.create(r + "/s", flags=2), wire.create2(r + "/d"),
               wire.createContainer(r + "/e"), wire.create(r + "/s", flags=3),
               wire.multi(wire.create(r + "/f"))):
        b.getChildren(r, True)
        a.do(op)
        b.drain()


@case("an exists watch hears birth, change and death in turn")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    for change in (wire.create(n), wire.setData(n), wire.delete(n)):
        b.exists(n, True)
        a.do(change)
        b.drain()


@case("three connections hear the same change")
def _(t):
    a, b, c = t.connect(), t.connect(), t.connect()
    for conn in (a, b, c):
        conn.getData(t.root, True)
        conn.getChildren(t.root, True)
    a.setData(t.root, "x")
    b.drain()
    c.drain()
    b.create(t.root + "/c")
    a.drain()
    c.drain()


@case("an event comes before a read that shows the change")
def _(t):
    a, b = t.connect(), t.connect()
    for value in "12345":
        b.getData(t.root, True)
        a.setData(t.root, value)
        b.getData(t.root)


@case("a multi's events come in the order of its operations")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    a.create(r + "/x")
    b.exists(r + "/n", True)
    b.getData(r + "/x", True)
    b.getChildren(r, True)
    b.getChildren(r + "/x", True)
    b.getData(r, True)
    a.multi(wire.create(r + "/x/c"), wire.setData(r, "1"),
            wire.create(r + "/n"), wire.delete(r + "/x/c"),
            wire.delete(r + "/x"), wire.setData(r + "/n", "2"))
    b.drain()


@case("a multi fires a watch once")
def _(t):
    a, b = t.connect(), t.connect()
    b.getData(t.root, True)
    a.multi(wire.setData(t.root, "1"), wire.setData(t.root, "2"))
    b.drain()


@case("a failed multi fires nothing")
def _(t):
    a, b = t.connect(), t.connect()
    b.getData(t.root, True)
    b.getChildren(t.root, True)
    a.multi(wire.setData(t.root, "1"), wire.create(t.root + "/n"),
            wire.delete(t.root + "/no"))
    b.drain()
    b.checkWatches(t.root)


@case("one's own multi: events before its reply")
def _(t):
    a = t.connect()
    a.getData(t.root, True)
    a.getChildren(t.root, True)
    a.multi(wire.create(t.root + "/n"), wire.setData(t.root, "x"))


@case("watches end with the connection")
def _(t):
    a, b = t.connect(), t.connect()
    b.getData(t.root, True)
    b.drop()
    c = t.connect(sid=b.sid)
    c.checkWatches(t.root)
    a.setData(t.root, "x")
    c.drain()


@case("the end of a session tells the watchers of its ephemerals")
def _(t):
    a, b = t.connect(), t.connect()
    e = t.root + "/e"
    a.create(e, flags=1)
    b.exists(e, True)
    b.getChildren(t.root, True)
    a.quit()
    b.drain()
    b.exists(e)


@case("a closing session hears of its own ephemeral")
def _(t):
    a = t.connect()
    e = t.root + "/e"
    a.create(e, flags=1)
    a.getData(e, True)
    a.getChildren(t.root, True)
    a.quit()


@case("events carry no NodeDeleted to those without READ")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    n = t.root + "/n"
    a.create(n, acl=[(31, "auth", ""), (1, "world", "anyone")])
    b.getData(n, True)
    a.setACL(n, [(31, "auth", "")])
    a.delete(n)
    b.drain()
    b.checkWatches(n)


@case("a change hidden by its ACL consumes the watch")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    n = t.root + "/n"
    a.create(n, acl=[(31, "auth", ""), (1, "world", "anyone")])
    b.getData(n, True)
    a.setACL(n, [(31, "auth", "")])
    a.setData(n, "x")
    b.drain()
    a.setACL(n, [(31, "world", "anyone")])
    a.setData(n, "y")
    b.drain()


@case("the birth of a hidden node")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    n = t.root + "/n"
    b.exists(n, True)
    b.getChildren(t.root, True)
    a.create(n, acl=[(31, "auth", "")])
    b.drain()


@case("children of a hidden parent change")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    p = t.root + "/p"
    a.create(p, acl=[(31, "auth", ""), (1, "world", "anyone")])
    b.getChildren(p, True)
    a.setACL(p, [(31, "auth", "")])
    a.create(p + "/c")
    b.drain()


@case("an identity gained later lets the event through")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    n = t.root + "/n"
    a.create(n, acl=[(31, "auth", ""), (1, "world", "anyone")])
    b.getData(n, True)
    a.setACL(n, [(31, "auth", "")])
    b.auth("digest", "bob:pw")
    a.setData(n, "x")
    b.drain()


# --- setWatches --------------------------------------------------------------

def changed_after(t, a):
    """Nodes: old and new beside a zxid that lies between them."""
    r = t.root
    a.create(r + "/old")
    a.create(r + "/new")
    a.create(r + "/gone")
    a.delete(r + "/gone")
    between = a.zxid
    a.setData(r + "/new", "x")
    a.create(r + "/new/c")
    return between


for name, slot in (("data", 0), ("exist", 1), ("child", 2)):
    for newer in (False, True):
        def restore(t, slot=slot, newer=newer):
            a, b = t.connect(), t.connect()
            r = t.root
            between = changed_after(t, a)
            paths = [r + "/old", r + "/new", r + "/gone", "nope", r]
            lists = [[], [], []]
            lists[slot] = paths
            if newer:
                b.setWatches2(between, *lists)
            else:
                b.setWatches(between, *lists)
            for p in paths:
                if p != "nope":
                    b.checkWatches(p)
            for p in ("/old", "/new", "/gone"):
                a.setData(r + p, "y")
                a.create(r + p)
                a.create(r + p + "/d")
            b.drain()
            b.drain()
        case("setWatches%s with a list of %s watches"
             % ("2" if newer else "", name))(restore)


@case("setWatches answers the lists in order, then itself")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    changed_after(t, a)
    b.setWatches(1, [r + "/new", r + "/gone"], [r + "/old"],
                 [r + "/gone", r + "/new"])
    b.setWatches2(1, [r + "/new"], [r + "/old"], [r + "/new"], [r + "/gone"],
                  [r])
    a.setData(r + "/old", "z")
    b.drain()


@case("setWatches with a zxid of the very change")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/n")
    zxid = a.zxid
    a.setWatches(zxid, [r + "/n"], [], [r + "/n", r])
    a.checkWatches(r + "/n")
    a.setWatches(zxid - 1, [r + "/n"], [], [r + "/n", r])


for zxid in (0, -1, 2 ** 63 - 1, -2 ** 63):
    def any_zxid(t, zxid=zxid):
        a = t.connect()
        a.setWatches(zxid, [t.root], [t.root], [t.root])
        a.setData(t.root, "x")
        a.create(t.root + "/n")
    case("setWatches relative to zxid %d" % zxid)(any_zxid)


@case("setWatches with empty lists")
def _(t):
    a = t.connect()
    a.setWatches(0)
    a.setWatches2(0)


@case("setWatches with null lists")
def _(t):
    a = t.connect()
    a.setWatches(0, None, [], [])
    a.setWatches(0, [], None, [])
    a.setWatches(0, [], [], None)
    a.setWatches2(0, [], [], [], None, [])
    a.setWatches2(0, [], [], [], [], None)
    a.drain()


@case("a null list behind a good one: what of the good one is done")
def _(t):
    a = t.connect()
    a.create(t.root + "/n")
    a.setWatches(0, [t.root + "/n"], None, [])
    a.setWatches(2 ** 62, [t.root + "/n"], None, [])
    a.checkWatches(t.root + "/n")


@case("setWatches with null, odd and repeated paths")
def _(t):
    a = t.connect()
    r = t.root
    a.setWatches(2 ** 62, ["", "nope", r, r], ["/\1"], [r])
    a.setWatches(0, [r, r], [], [])
    a.setData(r, "x")
    a.create(r + "/n")


@case("setWatches with a null path in a list")
def _(t):
    a = t.connect()
    a.setWatches(2 ** 62, [None], [], [])
    a.setWatches(2 ** 62, [], [None], [])
    a.setWatches(2 ** 62, [], [], [None])
    a.drain()


@case("setWatches with an ordinary xid echoes it")
def _(t):
    a = t.connect()
    a.setWatches(0, [t.root], [], [], xid=5)
    a.setWatches2(0, [t.root], [], [], xid=6)


@case("setWatches without READ on the node")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    n = t.root + "/n"
    a.create(n, acl=[(31, "auth", "")])
    b.setWatches(0, [n], [n], [n])
    b.setWatches(2 ** 62, [n], [], [n])
    a.setData(n, "x")
    a.create(n + "/c")
    b.drain()


@case("setWatches in the middle of a pipeline keeps its place")
def _(t):
    a = t.connect()
    r = t.root
    a.pipeline(wire.exists(r), wire.setWatches(0, [r], [], []),
               wire.setData(r, "x"), wire.setWatches2(0, [r], [], [r]),
               wire.exists(r))


@case("setWatches right behind a reconnect's request")
def _(t):
    a = t.connect()
    a.create(t.root + "/n")
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, zxid=a.zxid, behind=[
        wire.setWatches(a.zxid, [t.root], [t.root + "/m"], [t.root]),
        wire.ping()])
    b.create(t.root + "/m")


@case("a large setWatches")
def _(t):
    a = t.connect()
    paths = ["%s/%d" % (t.root, n) for n in range(2000)]
    a.setWatches(0, [], paths, [])
    a.create(paths[0])
    a.create(paths[1999])
