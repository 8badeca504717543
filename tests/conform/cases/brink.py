# SPDX-License-Identifier: Apache-2.0
"""Counters at their ends (sheet 4.3, 4.4), on the nodes of ../brink.py."""

import wire
from brink import EACH, KINDS, path_of
from harness import case

NAME = "s%010d"


def seen(a, *paths):
    for path in paths:
        a.exists(path)


@case("every node is as the snapshot says", world="brink")
def _(t):
    a = t.connect()
    for kind in KINDS:
        for number in range(EACH):
            a.getChildren2(path_of(kind, number))
    a.getAllChildrenNumber("/brink")


@case("versions go from the largest to the least", world="brink")
def _(t):
    a = t.connect()
    n = path_of("version", 0)
    seen(a, n)
    for version in (2 ** 31 - 2, -1, 2 ** 31 - 1, -2 ** 31, -1):
        a.setData(n, "x", version)
    a.multi(wire.check(n, -2 ** 31), wire.setData(n, "y"))
    a.multi(wire.setData(n, "y"), wire.setData(n, "y"), wire.check(n, 3))
    a.getData(n)
    a.delete(n, -2 ** 31)
    a.delete(n, 2 ** 31 - 1)


@case("a multi takes a version over its end", world="brink")
def _(t):
    a = t.connect()
    n = path_of("version", 1)
    a.multi(*[wire.setData(n, str(k)) for k in range(4)],
            wire.check(n, -2 ** 31 + 2))
    a.multi(*[wire.setData(n, str(k)) for k in range(2)],
            wire.check(n, 7))
    seen(a, n)


@case("ACL versions go from the largest to the least", world="brink")
def _(t):
    a = t.connect()
    n = path_of("acl", 0)
    for version in (2 ** 31 - 2, -1, 2 ** 31 - 1, -2 ** 31, -1):
        a.setACL(n, version=version)
    a.getACL(n)


@case("a version that would become -1", world="brink")
def _(t):
    a = t.connect()
    n = path_of("minus", 0)
    a.setData(n, "x", -2)
    a.setData(n, "y", -2)
    a.setData(n, "y", 0)


@case("an ACL version that would become -1", world="brink")
def _(t):
    a = t.connect()
    n = path_of("minus", 1)
    a.setACL(n, version=-2)
    a.setACL(n, version=-2)
    a.setACL(n, version=0)


@case("the last sequential names, one at a time", world="brink")
def _(t):
    a = t.connect()
    p = path_of("children", 0)
    seen(a, p)
    for _ in range(4):
        a.create2(p + "/s", flags=2)
        seen(a, p)
    a.create2(p + "/other", flags=2)
    a.create2(p + "/other", flags=3)
    a.create2(p + "/plain")
    seen(a, p)
    a.delete(p + "/" + NAME % (2 ** 31 - 1))
    seen(a, p)
    a.create2(p + "/s", flags=2)
    a.getChildren2(p)


@case("the last sequential names in a multi", world="brink")
def _(t):
    a = t.connect()
    p = path_of("children", 1)
    a.multi(*[wire.create(p + "/s", flags=2) for _ in range(6)])
    a.getChildren2(p)
    a.create2(p + "/s", flags=2)
    a.create2(p + "/t", flags=2)
    a.getChildren2(p)


@case("a failed multi behind the last sequential name", world="brink")
def _(t):
    a = t.connect()
    p = path_of("children", 2)
    a.multi(*[wire.create(p + "/s", flags=2) for _ in range(6)],
            wire.delete(p + "/no"))
    a.create2(p + "/s", flags=2)
    a.getChildren2(p)


@case("plain children beyond the last number", world="brink")
def _(t):
    a, b = t.connect(), t.connect()
    p = path_of("children", 3)
    for name in "abcde":
        a.create(p + "/" + name, flags=1)
        seen(b, p)
    a.delete(p + "/a")
    seen(b, p)
    b.getChildren(p, True)
    a.quit()
    b.getChildren2(p)
    b.create2(p + "/s", flags=2)


@case("containers and TTL nodes beyond the last number", world="brink")
def _(t):
    a = t.connect()
    p = path_of("children", 4)
    for _ in range(2):
        a.createContainer(p + "/c", flags=4)
        a.createTTL(p + "/t", 60000, flags=6)
        a.createTTL(p + "/u", 60000, flags=6)
        a.create2(p + "/e", flags=3)
    a.getChildren2(p)


@case("counters below zero", world="brink")
def _(t):
    a = t.connect()
    for kind, number in (("minus", 2), ("least", 0)):
        p = path_of(kind, number)
        seen(a, p)
        for _ in range(3):
            a.create2(p + "/s", flags=2)
            seen(a, p)
        a.multi(wire.create(p + "/s", flags=2), wire.create(p + "/c"),
                wire.create(p + "/s", flags=2), wire.delete(p + "/c"))
        a.getChildren2(p)


@case("setWatches and deletes where counters have ended", world="brink")
def _(t):
    a, b = t.connect(), t.connect()
    p = path_of("children", 5)
    for name in "abcd":
        a.create(p + "/" + name)
    between = a.zxid
    a.create(p + "/e")
    b.setWatches(between, [p], [], [p])
    a.create(p + "/f")
    b.drain()
    a.delete(p + "/f")
    b.setWatches(between, [p], [], [p])
    seen(b, p)
