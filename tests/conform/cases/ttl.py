# SPDX-License-Identifier: Apache-2.0
"""TTL nodes with extendedTypesEnabled, and what the sweeper removes (4.6,
4.7); the world "quick" sweeps every 300 ms."""

import wire
from harness import case

for ttl in (1, 1000, 0xFFFFFFFFFF, 0, -1, 0x10000000000, 2 ** 63 - 1,
            -2 ** 63):
    def bounds(t, ttl=ttl):
        a = t.connect()
        for flags in (5, 6):
            a.createTTL(t.root + "/n", ttl, "x", flags=flags)
            a.multi(wire.createTTL(t.root + "/m", ttl, "x", flags=flags))
        a.getChildren2(t.root)
        a.getData(t.root + "/n")
    case("a ttl of %d ms" % ttl, world="ttl")(bounds)

for flags in (0, 1, 2, 3, 4, 7, -1):
    def plain(t, flags=flags):
        a = t.connect()
        a.createTTL(t.root + "/n", 1000, flags=flags)
        a.createTTL(t.root + "/n", 0, flags=flags)
        a.drain()
        a.exists(t.root)
    case("createTTL with flags %d and a ttl" % flags, world="ttl")(plain)

    # Apache answers nothing any more once a plain create has a negative ttl.
    if 0 <= flags <= 4:
        def negative(t, flags=flags):
            a = t.connect()
            a.createTTL(t.root + "/n", -1, flags=flags)
            a.createTTL(t.root + "/n", -2 ** 63, flags=flags)
            a.exists(t.root)
        case("createTTL with flags %d and a negative ttl" % flags,
             world="ttl", only="zabd")(negative)

for op in ("create", "create2", "createContainer"):
    def other(t, op=op):
        a = t.connect()
        for flags in (5, 6):
            a.do(getattr(wire, op)(t.root + "/n", flags=flags))
            a.multi(wire.check(t.root),
                    getattr(wire, op)(t.root + "/n", flags=flags))
        a.exists(t.root)
    case("%s with TTL flags has no ttl" % op, world="ttl")(other)


@case("a TTL node has children, a stat without owner, versions",
      world="ttl")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    a.createTTL(n, 60000, "x")
    a.create2(n + "/c")
    a.create2(n + "/e", flags=1)
    a.createTTL(n + "/t", 60000)
    a.setData(n, "y")
    a.getData(n)
    a.getEphemerals("/")
    a.delete(n)
    a.quit()
    b.getChildren2(n)


@case("createTTL checks in its order", world="ttl")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    a.createTTL(None, 0, flags=9)
    a.createTTL("nope", 0, flags=9)
    a.createTTL("nope", 0)
    a.createTTL("nope", 5, acl=[])
    a.createTTL(t.root + "/no/n", 5, acl=[])
    a.createTTL(t.root + "/no/n", 5)
    a.createTTL(t.root + "/\1", 5)
    a.createTTL(t.root, 5)
    a.createTTL(t.root + "/e/n", 5)
    a.createTTL(t.root + "/n", 5, acl=None)


@case("TTL nodes fire the watches of a create", world="ttl")
def _(t):
    a, b = t.connect(), t.connect()
    b.exists(t.root + "/n", True)
    b.getChildren(t.root, True)
    a.createTTL(t.root + "/n", 60000)
    b.drain()


@case("TTL creates of several kinds in one multi", world="ttl")
def _(t):
    a = t.connect()
    r = t.root
    a.multi(wire.createTTL(r + "/a", 60000), wire.createTTL(
        r + "/s", 60000, flags=6), wire.create(r + "/b"),
        wire.createTTL(r + "/c", 5, flags=0), wire.setData(r + "/a", "x"))
    a.getChildren2(r)


# --- removal -----------------------------------------------------------------

@case("a container goes when its last child is gone", world="quick")
def _(t):
    a, b = t.connect(), t.connect()
    c = t.root + "/c"
    a.createContainer(c)
    a.create(c + "/n")
    b.exists(c, True)
    b.getChildren(c, True)
    b.getChildren(t.root, True)
    t.pause(0.8)
    b.exists(c)
    a.delete(c + "/n")
    t.pause(0.9)
    b.drain()
    b.exists(c)
    b.exists(t.root)


@case("a container that never had a child stays", world="quick")
def _(t):
    a = t.connect()
    a.createContainer(t.root + "/c")
    t.pause(0.9)
    a.exists(t.root + "/c")


@case("a container goes when its ephemeral child's session ends",
      world="quick")
def _(t):
    a, b = t.connect(), t.connect()
    a.createContainer(t.root + "/c")
    a.create(t.root + "/c/e", flags=1)
    a.quit()
    t.pause(0.9)
    b.exists(t.root + "/c")
    b.exists(t.root)


@case("a TTL node without children goes after its time", world="quick")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.createTTL(n, 100)
    a.getData(n, True)
    t.pause(1.2)
    a.drain()
    a.exists(n)
    a.exists(t.root)


@case("a TTL node with a child stays, and goes after it", world="quick")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.createTTL(n, 100)
    a.create(n + "/c")
    t.pause(0.8)
    a.exists(n)
    a.delete(n + "/c")
    t.pause(0.9)
    a.exists(n)


@case("setData gives a TTL node its time again", world="quick")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.createTTL(n, 1500)
    for _ in range(4):
        t.pause(0.6)
        a.setData(n, "x")
    a.exists(n)


@case("plain nodes are not swept", world="quick")
def _(t):
    a = t.connect()
    a.create(t.root + "/p")
    a.create(t.root + "/p/c")
    a.delete(t.root + "/p/c")
    t.pause(0.8)
    a.exists(t.root + "/p")
