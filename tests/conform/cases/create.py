# SPDX-License-Identifier: Apache-2.0
"""create, create2, createContainer, createTTL: kinds, errors, their order
(sheet 2.7 and 4.2)."""

import wire
from harness import case
from wire import OPEN

FORMS = {
    "create": lambda p, d=b"", acl=OPEN, flags=0: wire.create(p, d, acl,
                                                              flags),
    "create2": wire.create2,
    "createContainer": wire.createContainer,
    "createTTL": lambda p, d=b"", acl=OPEN, flags=0: wire.createTTL(
        p, 1000 if flags in (5, 6) else -1, d, acl, flags),
}
SAFE = {"create": range(-1, 9), "create2": range(-1, 9),
        "createContainer": range(-1, 9), "createTTL": (5, 6, 7, -1)}

for form, flagset in SAFE.items():
    for flags in flagset:
        def kind(t, form=form, flags=flags):
            a = t.connect()
            a.do(FORMS[form](t.root + "/n", "data", OPEN, flags))
            a.getChildren2(t.root)
            a.getData(t.root + "/n")
            a.getData(t.root + "/n0000000000")
            a.quit()
            b = t.connect()
            b.getChildren2(t.root)
        case("%s with flags %d" % (form, flags))(kind)

for form in ("create", "create2", "createContainer"):
    def errors(t, form=form):
        a = t.connect()
        new = FORMS[form]
        r = t.root
        a.do(new(r + "/n"))
        a.do(new(r + "/n"))
        a.do(new(r + "/no/n"))
        a.do(new(r))
        a.do(new("/"))
        a.do(new(""))
        a.do(new(None))
        a.do(new("nope"))
        a.do(new("/nope/"))
        a.do(new(r + "/"))
        a.do(new(r + "/n/"))
        a.do(new(r + "//m"))
        a.do(new(r + "/\0"))
        a.do(new(r + "/.", flags=0))
        a.do(new(r + "/..", flags=0))
        a.do(new(r + "/no/\1"))
        a.drain()
    case("%s meets its errors one by one" % form)(errors)

    def order(t, form=form):
        a = t.connect()
        new = FORMS[form]
        r = t.root
        a.create(r + "/closed", acl=[(wire.READ, "world", "anyone")])
        a.create(r + "/eph", flags=1)
        a.create(r + "/closed/n")
        a.do(new(None, flags=9))
        a.do(new("nope", flags=9))
        a.do(new("nope", acl=[]))
        a.do(new(r + "/no/x", acl=[]))
        a.do(new(r + "/no/x", acl=[(31, "auth", "")]))
        a.do(new(r + "/\0", acl=[]))
        a.do(new(r + "/\1", acl=[]))
        a.do(new(r + "/closed/\1"))
        a.do(new(r + "/closed/n", acl=[]))
        a.do(new(r + "/closed/n"))
        a.do(new(r + "/eph", flags=1))
        a.do(new(r + "/eph/n"))
        a.do(new(r + "/eph/\1"))
        a.do(new(r + "/no/\1"))
    case("%s checks in its order" % form)(order)


@case("a create without ACLs, with a null vector")
def _(t):
    a = t.connect()
    a.create(t.root + "/n", acl=None)
    a.create2(t.root + "/n", acl=None)
    a.createContainer(t.root + "/n", acl=None)


@case("null data stays null and empty data stays empty")
def _(t):
    a = t.connect()
    for op in (a.create, a.create2, a.createContainer):
        a.create(t.root + "/null", None)
        a.create(t.root + "/empty", b"")
        a.getData(t.root + "/null")
        a.getData(t.root + "/empty")
        a.delete(t.root + "/null")
        a.delete(t.root + "/empty")


@case("a TTL create is unimplemented while the option is off")
def _(t):
    a = t.connect()
    a.createTTL(t.root + "/n", 1000)
    a.createTTL(t.root + "/n", 1000, flags=6)
    a.createTTL(t.root + "/n", 0)
    a.createTTL(t.root + "/n", -1)
    a.createTTL("nope", 1000)
    a.createTTL(t.root + "/no/n", 1000, acl=[])
    a.drain()
    a.getChildren2(t.root)


@case("a create in an ephemeral parent is refused for every kind")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    for flags in range(5):
        a.create(t.root + "/e/n", flags=flags)
    a.createContainer(t.root + "/e/n")
    a.getData(t.root + "/e")


@case("children of containers are ordinary nodes")
def _(t):
    a = t.connect()
    c = t.root + "/c"
    a.createContainer(c, "x")
    a.create2(c + "/n")
    a.create2(c + "/s", flags=2)
    a.create2(c + "/e", flags=1)
    a.getChildren2(c)
    a.delete(c)
    a.delete(c + "/n")
    a.getData(c)


@case("a path of 4000 bytes is a path")
def _(t):
    a = t.connect()
    long = t.root + "/" + "x" * 4000
    a.create2(long, "y")
    a.getData(long)
    a.getChildren(t.root)


@case("a deep path of 200 levels")
def _(t):
    a = t.connect()
    p = t.root
    for _ in range(200):
        p += "/d"
        a.create(p)
    a.exists(p)
    a.getAllChildrenNumber(t.root)


@case("a node of a million bytes comes back whole")
def _(t):
    a = t.connect()
    a.create(t.root + "/big", b"z" * 1000000)
    a.exists(t.root + "/big")
    a.getData(t.root + "/big")


@case("recreating a node gives a new node")
def _(t):
    a = t.connect()
    a.create2(t.root + "/n", "one")
    a.setData(t.root + "/n", "two")
    a.delete(t.root + "/n")
    a.create2(t.root + "/n", "three")
    a.getData(t.root + "/n")


@case("two sessions create the same node, one is refused")
def _(t):
    a, b = t.connect(), t.connect()
    a.create2(t.root + "/n", "a", flags=1)
    b.create2(t.root + "/n", "b", flags=1)
    b.getData(t.root + "/n")
