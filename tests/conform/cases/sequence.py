# SPDX-License-Identifier: Apache-2.0
"""Sequential names (sheet 4.3)."""

from harness import case
from wire import create, create2, createContainer, delete


@case("numbers count up from 0000000000")
def _(t):
    a = t.connect()
    for _ in range(12):
        a.create(t.root + "/n-", flags=2)
    a.getChildren2(t.root)


@case("every child ever created counts, whatever its kind")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/plain")
    a.create(r + "/s", flags=2)
    a.create(r + "/e", flags=1)
    a.create(r + "/es", flags=3)
    a.createContainer(r + "/c")
    a.create(r + "/s", flags=2)
    a.getChildren2(r)


@case("deletes do not move the counter")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/s", flags=2)
    a.delete(r + "/s0000000000")
    a.create(r + "/s", flags=2)
    a.delete(r + "/s0000000001")
    a.create(r + "/s", flags=2)
    a.getChildren2(r)


@case("setData does not move the counter")
def _(t):
    a = t.connect()
    r = t.root
    a.setData(r, "x")
    a.setData(r, "x")
    a.create(r + "/s", flags=2)


@case("failed creates do not move the counter")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/s", flags=2)
    a.create(r + "/s0000000000")
    a.create(r + "/s", acl=[], flags=2)
    a.create(r + "/\1", flags=2)
    a.create(r + "/s", flags=2)


@case("a taken name is NODEEXISTS and the counter stays")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/s0000000001")
    a.create(r + "/s", flags=2)
    a.create(r + "/x", flags=2)
    a.getChildren2(r)


@case("a failed multi gives its numbers back")
def _(t):
    a = t.connect()
    r = t.root
    a.multi(create(r + "/s", flags=2), create(r + "/s", flags=2),
            delete(r + "/no"))
    a.create(r + "/s", flags=2)
    a.multi(create(r + "/s", flags=2), create(r + "/s", flags=2))
    a.create(r + "/s", flags=2)
    a.getChildren2(r)


@case("a name may be the number alone")
def _(t):
    a = t.connect()
    a.create(t.root + "/", flags=2)
    a.create2(t.root + "/", flags=3)
    a.createContainer(t.root + "/")
    a.getChildren2(t.root)


@case("the suffix is appended before the path is judged")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/.", flags=2)
    a.create(r + "/..", flags=2)
    a.create(r + "//", flags=2)
    a.create(r + "//x", flags=2)
    a.create(r + "/x/", flags=2)
    a.create("", flags=2)
    a.create("x", flags=2)
    a.create(r + "/\x7f", flags=2)
    a.create(r + "/\0", flags=2)


@case("a recreated parent counts from 0 again")
def _(t):
    a = t.connect()
    p = t.root + "/p"
    for _ in range(2):
        a.create(p)
        a.create(p + "/s", flags=2)
        a.create(p + "/s", flags=2)
        a.delete(p + "/s0000000000")
        a.delete(p + "/s0000000001")
        a.delete(p)


@case("a parent recreated in a multi counts from 0 again")
def _(t):
    a = t.connect()
    p = t.root + "/p"
    a.create(p)
    a.create(p + "/s", flags=2)
    a.multi(delete(p + "/s0000000000"), delete(p), create(p),
            create(p + "/s", flags=2))
    a.getChildren2(p)


@case("ephemeral sequential nodes go, their numbers do not come back")
def _(t):
    a, b = t.connect(), t.connect()
    a.create(t.root + "/e", flags=3)
    a.create(t.root + "/e", flags=3)
    a.quit()
    b.create2(t.root + "/e", flags=3)
    b.getChildren2(t.root)


@case("sessions share the counter of a parent")
def _(t):
    a, b = t.connect(), t.connect()
    for conn in (a, b, b, a):
        conn.create2(t.root + "/n", flags=3)


@case("a pipeline of sequential creates is numbered in order")
def _(t):
    a = t.connect()
    a.pipeline(*[create(t.root + "/n", flags=2)] * 50)
    a.getChildren2(t.root)


@case("a pipeline of sequential creates and deletes")
def _(t):
    a = t.connect()
    p = t.root + "/n"
    a.pipeline(create2(p, flags=2), delete(p + "0000000000"),
               create2(p, flags=2), createContainer(p),
               create2(p, flags=3), delete(p + "0000000001"))
    a.getChildren2(t.root)


@case("the name prefix is any text")
def _(t):
    a = t.connect()
    for prefix in ("-", "é", "a b", "x" * 300, "0", "00000000000", "%d"):
        a.create(t.root + "/" + prefix, flags=2)
    a.getChildren(t.root)
