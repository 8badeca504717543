# SPDX-License-Identifier: Apache-2.0
"""Stat after every kind of change (sheet 4.4)."""

import wire
from harness import case


def see(a, *paths):
    for p in paths:
        a.exists(p)


@case("a new node's stat")
def _(t):
    a = t.connect()
    a.create2(t.root + "/n", "four")
    see(a, t.root + "/n", t.root)


@case("setData moves mzxid, mtime and version")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.create2(n, "1")
    t.pause()
    a.setData(n, "22")
    t.pause()
    a.setData(n, "333")
    see(a, n, t.root)


@case("setData with the same bytes is a change")
def _(t):
    a = t.connect()
    a.setData(t.root, "same")
    t.pause()
    a.setData(t.root, "same")
    see(a, t.root)


@case("setACL moves aversion alone")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.create(n)
    t.pause()
    a.setACL(n)
    a.setACL(n)
    see(a, n, t.root)


@case("a child's birth moves cversion and pzxid")
def _(t):
    a = t.connect()
    p = t.root + "/p"
    a.create(p)
    t.pause()
    a.create(p + "/c")
    see(a, p)
    a.create(p + "/e", flags=1)
    a.createContainer(p + "/k")
    see(a, p, t.root)


@case("a child's death moves cversion and pzxid")
def _(t):
    a = t.connect()
    p = t.root + "/p"
    a.create(p)
    a.create(p + "/c")
    a.create(p + "/d")
    t.pause()
    a.delete(p + "/c")
    see(a, p)
    a.delete(p + "/d")
    see(a, p, t.root)


@case("a child's data and ACL do not touch the parent")
def _(t):
    a = t.connect()
    a.create(t.root + "/c")
    see(a, t.root)
    a.setData(t.root + "/c", "x")
    a.setACL(t.root + "/c")
    see(a, t.root)


@case("grandchildren do not touch the stat")
def _(t):
    a = t.connect()
    a.create(t.root + "/c")
    a.create(t.root + "/c/g")
    a.delete(t.root + "/c/g")
    see(a, t.root, t.root + "/c")


@case("failed writes touch nothing")
def _(t):
    a = t.connect()
    see(a, t.root)
    a.create(t.root)
    a.create(t.root + "/c", acl=[])
    a.delete(t.root + "/c")
    a.setData(t.root, "x", 9)
    a.setACL(t.root, version=9)
    a.multi(wire.create(t.root + "/c"), wire.delete(t.root + "/no"))
    see(a, t.root)


@case("an ephemeral shows its owner, others show 0")
def _(t):
    a, b = t.connect(), t.connect()
    a.create2(t.root + "/a", flags=1)
    b.create2(t.root + "/b", flags=3)
    a.createContainer(t.root + "/c")
    see(b, t.root + "/a", t.root + "/b0000000001", t.root + "/c")
    b.setData(t.root + "/a", "x")
    a.setACL(t.root + "/b0000000001")


@case("the end of a session counts as deletes of its ephemerals")
def _(t):
    a, b = t.connect(), t.connect()
    for name in "xyz":
        a.create(t.root + "/" + name, flags=1)
    see(b, t.root)
    a.quit()
    see(b, t.root)


@case("a multi gives all its changes one zxid and one time")
def _(t):
    a = t.connect()
    r = t.root
    a.multi(wire.create(r + "/n", "1"), wire.setData(r + "/n", "22"),
            wire.create(r + "/n/c"), wire.setData(r + "/n", "333"),
            wire.delete(r + "/n/c"))
    see(a, r, r + "/n")


@case("stats inside a multi are those of that moment")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.multi(wire.create2(n), wire.setData(n, "1"), wire.create2(n + "/c"),
            wire.setData(n, "22"), wire.delete(n + "/c"),
            wire.setData(n, ""))


@case("deleting and recreating in a multi gives a fresh stat")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.create(n, "old")
    a.setData(n, "older")
    a.setACL(n)
    a.multi(wire.delete(n), wire.create(n, "new"), wire.setData(n, "newer"))
    see(a, n, t.root)


@case("fifty creates and deletes count a hundred")
def _(t):
    a = t.connect()
    a.pipeline(*[wire.create(t.root + "/n"), wire.delete(t.root + "/n")]
               * 50)
    see(a, t.root)


@case("numChildren counts direct children only")
def _(t):
    a = t.connect()
    for p in ("/a", "/a/b", "/a/b/c", "/d"):
        a.create(t.root + p)
    see(a, t.root, t.root + "/a", t.root + "/a/b")


@case("dataLength counts bytes, null counts 0")
def _(t):
    a = t.connect()
    for n, data in enumerate((None, b"", b"\0", "é", b"x" * 70000)):
        a.create2("%s/%d" % (t.root, n), data)
        a.exists("%s/%d" % (t.root, n))


@case("a session's own stat view follows another's writes")
def _(t):
    a, b = t.connect(), t.connect()
    for n in range(5):
        a.setData(t.root, str(n))
        b.getData(t.root)
        b.setData(t.root, "b")
        a.exists(t.root)
