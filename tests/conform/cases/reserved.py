# SPDX-License-Identifier: Apache-2.0
"""The nodes every server has (sheet 10.1, 10.3), on a fresh server."""

import wire
from harness import case

SYSTEM = "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"
SUPER = "digest", "super:secret"

for path in SYSTEM:
    def looks(t, path=path):
        a = t.connect()
        a.exists(path)
        a.getData(path)
        a.getACL(path)
        a.getChildren(path)
        a.getChildren2(path)
        a.getAllChildrenNumber(path)
        a.multiRead(wire.getData(path), wire.getChildren(path))
    case("%s as a server starts" % path, world="fresh")(looks)

    def stays(t, path=path):
        a = t.connect()
        a.delete(path)
        a.delete(path, 77)
        a.multi(wire.delete(path))
        for op in (a.create, a.create2, a.createContainer):
            op(path)
        a.multi(wire.create(path))
        a.auth(*SUPER)
        a.delete(path)
    case("%s can be neither deleted nor created" % path,
         world="fresh")(stays)

    def changes(t, path=path):
        a = t.connect()
        a.multi(wire.check(path, 0))
        a.setData(path, "data", 0)
        a.getData(path)
        a.setData(path, "", 0)
        a.setACL(path, [(31, "world", "anyone")], 0)
        a.setACL(path, [(31, "world", "anyone")], -1)
        a.getACL(path)
        a.create(path + ("" if path == "/" else "/") + "child")
        t.also(path + ("" if path == "/" else "/") + "child")
        a.exists(path)
    case("%s and changes to it" % path, world="fresh")(changes)

    def watches(t, path=path):
        a, b = t.connect(), t.connect()
        child = path + ("" if path == "/" else "/") + "w"
        t.also(child)
        b.getData(path, True)
        b.getChildren(path, True)
        b.addWatch(child, 1)
        a.auth(*SUPER)
        a.setData(path, "x")
        a.create(child)
        a.create(child + "/c")
        a.delete(child + "/c")
        a.delete(child)
        b.drain()
    case("%s and watches on it" % path, world="fresh")(watches)


@case("the empty path is the root for reads", world="fresh")
def _(t):
    a = t.connect()
    a.exists("")
    a.getData("")
    a.getChildren2("")
    a.getACL("")
    a.getAllChildrenNumber("")
    a.setData("", "x")
    a.setACL("")
    a.create("")
    a.delete("")
    a.multi(wire.check(""))
    a.multiRead(wire.getData(""), wire.getChildren(""))


@case("a watch on the empty path never fires", world="fresh")
def _(t):
    a = t.connect()
    a.getData("", True)
    a.getChildren("", True)
    a.setData("/", "x")
    a.setData("/", "")


@case("the super user may change /zookeeper/config's ACL", world="fresh")
def _(t):
    a, b = t.connect(), t.connect()
    path = "/zookeeper/config"
    b.setData(path, "x")
    b.setACL(path)
    a.auth(*SUPER)
    a.setACL(path, [(31, "world", "anyone")])
    b.setData(path, "mine")
    b.getData(path)
    a.setData(path, "")
    a.setACL(path, [(1, "world", "anyone")])


@case("sequential nodes directly under /", world="fresh")
def _(t):
    a = t.connect()
    a.create2("/", flags=3)
    a.create2("/s", flags=3)
    a.exists("/")
    a.quit()
    b = t.connect()
    b.exists("/")
    b.getChildren("/")


@case("children of / in a multi", world="fresh")
def _(t):
    a = t.connect()
    a.multi(wire.create("/m1"), wire.create("/m1/c"), wire.delete("/m1/c"),
            wire.delete("/m1"))
    a.exists("/")
    a.getAllChildrenNumber("/")


@case("nodes below /zookeeper are ordinary", world="fresh")
def _(t):
    a = t.connect()
    n = t.also("/zookeeper/mine")
    a.create2(n, "x")
    a.create2(n + "/c", flags=2)
    a.setData(n, "y")
    a.getChildren2("/zookeeper")
    a.delete(n + "/c0000000000")
    a.delete(n)
    a.exists("/zookeeper")
    a.getAllChildrenNumber("/zookeeper")


@case("an ephemeral directly under /", world="fresh")
def _(t):
    a, b = t.connect(), t.connect()
    b.getChildren("/", True)
    a.create("/only-e", flags=1)
    b.getChildren("/", True)
    a.quit()
    b.getChildren2("/")


@case("taking the rights of / away and giving them back", world="fresh")
def _(t):
    a, b = t.connect(), t.connect()
    a.setACL("/", [(1, "world", "anyone")])
    b.create("/no")
    b.delete(t.root)
    b.setData("/", "x")
    b.getChildren("/")
    a.auth(*SUPER)
    a.setACL("/")
    b.setData("/", "")
