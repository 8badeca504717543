# SPDX-License-Identifier: Apache-2.0
"""delete, exists, getData, setData, getChildren, getACL, setACL, sync:
errors and their order (sheet 2.7 and 2.8)."""

import wire
from harness import case
from wire import READ, WRITE, CREATE, ADMIN

ANYONE = "world", "anyone"


@case("delete takes any version or the exact one")
def _(t):
    a = t.connect()
    p = t.root + "/n"
    a.create(p)
    a.delete(p, 1)
    a.delete(p, -2)
    a.delete(p, 0)
    a.create(p)
    a.setData(p)
    a.delete(p, 0)
    a.delete(p, 1)
    a.create(p)
    a.delete(p, -1)
    a.delete(p, -1)


@case("delete checks in its order")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/p")
    a.create(r + "/p/n")
    a.create(r + "/closed", acl=[(CREATE, *ANYONE)])
    a.create(r + "/closed/n")
    a.create(r + "/closed/n/c")
    a.delete(r + "/p", 5)
    a.delete(r + "/p")
    a.delete(r + "/no/n", 5)
    a.delete(r + "/no")
    a.delete(r + "/closed/no")
    a.delete(r + "/closed/n", 5)
    a.delete(r + "/closed/n/c")
    a.delete(r + "/p/n/", 0)
    a.delete(r + "/p//n", 0)
    a.delete("nope")
    a.delete("")
    a.delete("/\0")
    a.delete(r + "/\1")
    a.delete("/")
    a.delete("/zookeeper")
    a.delete("/zookeeper/quota")
    a.delete("/zookeeper/config")
    a.delete("/zookeeper/no")
    a.drain()


@case("the node's own ACL does not stop its delete")
def _(t):
    a = t.connect()
    a.create(t.root + "/n", acl=[(0, *ANYONE)])
    a.delete(t.root + "/n")


@case("a node with children cannot go, an emptied one can")
def _(t):
    a = t.connect()
    a.create(t.root + "/p")
    a.create(t.root + "/p/c")
    a.delete(t.root + "/p")
    a.delete(t.root + "/p/c")
    a.delete(t.root + "/p")


@case("setData takes any version or the exact one")
def _(t):
    a = t.connect()
    p = t.root + "/n"
    a.create(p, "0")
    a.setData(p, "1", 0)
    a.setData(p, "2", 0)
    a.setData(p, "2", -1)
    a.setData(p, "2", -2)
    a.setData(p, "2", 2 ** 31 - 1)
    a.setData(p, "3", 2)
    a.getData(p)


@case("setData checks in its order")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/closed", acl=[(31 - WRITE, *ANYONE)])
    a.setData(r + "/closed", "x", 7)
    a.setData(r + "/no", "x", 7)
    a.setData(r + "/no/", "x", 7)
    a.setData(r + "/no/no", "x")
    a.setData(r, "x", 7)
    a.setData("", "x")
    a.setData("nope", "x")
    a.setData(None, "x")
    a.drain()


@case("setData with null and with empty data")
def _(t):
    a = t.connect()
    p = t.root + "/n"
    a.create(p, "data")
    a.setData(p, None)
    a.getData(p)
    a.setData(p, b"")
    a.getData(p)


@case("exists looks and says no")
def _(t):
    a = t.connect()
    a.create(t.root + "/n", "abc")
    a.exists(t.root + "/n")
    a.exists(t.root + "/no")
    a.exists(t.root + "/n/no")
    a.exists(t.root + "/n/")
    a.exists("nope")
    a.exists(t.root + "/\0")
    a.exists(t.root + "/\1")


@case("any non-zero byte is a true watch flag")
def _(t):
    a = t.connect()
    a.exists(t.root + "/n", 5)
    a.create(t.root + "/n")


@case("getData needs READ")
def _(t):
    a = t.connect()
    p = t.root + "/n"
    a.create(p, "x", acl=[(31 - READ, *ANYONE)])
    a.getData(p)
    a.getChildren(p)
    a.getChildren2(p)
    a.getAllChildrenNumber(p)
    a.getACL(p)
    a.multiRead(wire.getData(p), wire.getChildren(p))
    a.multi(wire.check(p))


@case("exists needs READ")
def _(t):
    a = t.connect()
    p = t.root + "/n"
    a.create(p, "x", acl=[(31 - READ, *ANYONE)])
    a.exists(p)


@case("getACL is content with READ or with ADMIN")
def _(t):
    a = t.connect()
    for name, perms in (("r", READ), ("a", ADMIN), ("w", 31 - READ - ADMIN),
                        ("0", 0)):
        a.create(t.root + "/" + name, acl=[(perms, *ANYONE)])
        a.getACL(t.root + "/" + name)
    a.getACL(t.root + "/no")
    a.getACL("nope")


@case("setACL takes any aversion or the exact one")
def _(t):
    a = t.connect()
    p = t.root + "/n"
    a.create(p)
    a.setData(p, "moves version, not aversion")
    a.setACL(p, version=1)
    a.setACL(p, version=0)
    a.setACL(p, version=0)
    a.setACL(p, version=1)
    a.setACL(p, version=-1)
    a.setACL(p, version=-2)
    a.getACL(p)


@case("setACL checks in its order")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/closed", acl=[(31 - ADMIN, *ANYONE)])
    a.setACL(r + "/closed", [], 7)
    a.setACL(r + "/closed", version=7)
    a.setACL(r + "/no", [], 7)
    a.setACL(r + "/no", version=7)
    a.setACL(r + "/no/", [], 7)
    a.setACL("nope", [])
    a.setACL(None, [])
    a.setACL(r, None)
    a.setACL(r, [(31, "nope", "x")], 7)
    a.setACL(r, version=7)
    a.drain()


@case("children come by bare names")
def _(t):
    a = t.connect()
    for name in ("b", "a", "é", "a b", "10", "9"):
        a.create(t.root + "/" + name)
    a.create(t.root + "/a/deeper")
    a.getChildren(t.root)
    a.getChildren2(t.root)
    a.getChildren(t.root + "/b")
    a.getChildren2(t.root + "/b")
    a.getChildren(t.root + "/no")
    a.getChildren2(t.root + "/no")


@case("a thousand children come at once")
def _(t):
    a = t.connect()
    for k in range(10):
        a.pipeline(*[wire.create("%s/%d" % (t.root, k * 100 + n))
                     for n in range(100)], label="creates 100 children")
    a.getChildren(t.root)
    a.getChildren2(t.root)


@case("getAllChildrenNumber counts every descendant")
def _(t):
    a = t.connect()
    r = t.root
    a.getAllChildrenNumber(r)
    for p in ("/a", "/a/b", "/a/b/c", "/a2", "/b"):
        a.create(r + p)
    a.getAllChildrenNumber(r)
    a.getAllChildrenNumber(r + "/a")
    a.getAllChildrenNumber(r + "/b")
    a.getAllChildrenNumber(r + "/no")
    a.getAllChildrenNumber("nope")
    a.delete(r + "/a/b/c")
    a.getAllChildrenNumber(r)


@case("sync echoes its path, whatever it is")
def _(t):
    a = t.connect()
    for path in (t.root, t.root + "/no", "nope", "", None, "/é", "//", "x" *
                 2000):
        a.sync(path)


@case("reads carry the last applied zxid, writes their own")
def _(t):
    a, b = t.connect(), t.connect()
    a.create(t.root + "/n")
    b.exists(t.root)
    a.delete(t.root + "/no")
    b.getData(t.root)
    b.sync(t.root)
    b.whoAmI()
    a.setData(t.root + "/n")
    b.getChildren(t.root)
    b.getChildren2(t.root)
    b.getACL(t.root)
    b.getEphemerals("/")
    b.getAllChildrenNumber(t.root)
    b.whoAmI()
    b.multiRead(wire.getData(t.root))
    b.addWatch(t.root)
    b.removeWatches(t.root)
    b.setWatches(0)


@case("every failed write takes a zxid")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r)
    a.create2(r)
    a.createContainer(r)
    a.createTTL(r, 5)
    a.delete(r + "/no")
    a.setData(r + "/no")
    a.setACL(r + "/no")
    a.multi(wire.delete(r + "/no"))
    a.reconfig()
    a.drain()


@case("xids are echoed as they are")
def _(t):
    a = t.connect()
    for xid in (0, 7, 7, 3, 2 ** 31 - 1, -2 ** 31, -3, -9):
        a.exists(t.root, xid=xid)
        a.setData(t.root, xid=xid)


@case("a ping always carries xid -2")
def _(t):
    a = t.connect()
    a.raw(wire.framed(wire.i32(5) + wire.i32(11)), "pings with xid 5",
          [(-2, 11)], replies=1)


@case("a ping ignores its body")
def _(t):
    a = t.connect()
    a.raw(wire.framed(wire.i32(-2) + wire.i32(11) + b"body"),
          "pings with a body", [(-2, 11)], replies=1)


@case("an ordinary request may use xid -2, -4 or -8")
def _(t):
    a = t.connect()
    a.exists(t.root, xid=-2)
    a.exists(t.root, xid=-4)
    a.exists(t.root, xid=-8)


@case("bytes behind a request's body are ignored")
def _(t):
    a = t.connect()
    for request in (wire.exists(t.root), wire.create(t.root + "/n"),
                    wire.multi(wire.check(t.root)), wire.delete(t.root +
                                                                "/n"),
                    wire.whoAmI(), wire.addWatch(t.root)):
        op, body, label = request
        a.do((op, body + b"behind", label + " and more"))


@case("getEphemerals takes a plain text prefix")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    a.create(r + "/e1", flags=1)
    a.create(r + "/e2", flags=1)
    a.create(r + "/p")
    a.create(r + "/p/e3", flags=1)
    b.create(r + "/mine", flags=1)
    for prefix in (r, r + "/e", r + "/e1", r + "/p", r + "/p/", r + "/no",
                   "/", "", " ", None, "  /  ", "nope", r[:3]):
        a.getEphemerals(prefix)
    b.getEphemerals("/")
    a.delete(r + "/e1")
    a.getEphemerals(r)


@case("reconfig where there is one server alone", world="reconfig")
def _(t):
    a = t.connect()
    a.reconfig("server.1=x:1:2", None, None)
    a.reconfig(None, "1", None)
    a.reconfig(None, None, "nonsense", 5)
    a.drain()
    a.pipeline(wire.setData(t.root, "x"), wire.reconfig(None, "1", None),
               wire.getData(t.root))


@case("reconfig is disabled by default")
def _(t):
    a = t.connect()
    a.reconfig("server.1=x:1:2", None, None)
    a.reconfig(None, "1", None)
    a.reconfig(None, None, "server.1=x:1:2", 5)
    a.drain()
