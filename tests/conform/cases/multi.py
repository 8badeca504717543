# SPDX-License-Identifier: Apache-2.0
"""multi and multiRead (sheet 5)."""

import wire
from harness import case
from wire import (check, create, create2, createContainer, createTTL, delete,
                  getChildren, getData, multi, setData)


@case("an empty multi takes a zxid and answers the end")
def _(t):
    a = t.connect()
    a.multi()
    a.drain()


@case("every result type of a good multi")
def _(t):
    a = t.connect()
    r = t.root
    a.multi(create(r + "/a", "1"), setData(r + "/a", "22"), check(r + "/a",
                                                                  1),
            create(r + "/e", flags=1), create(r + "/s", flags=2),
            delete(r + "/a"), create(r + "/es", flags=3))
    a.getChildren2(r)


@case("create2 in a multi answers with a stat")
def _(t):
    a = t.connect()
    a.multi(create2(t.root + "/n", "x"), create2(t.root + "/s", flags=2))


@case("createContainer in a multi answers with a stat")
def _(t):
    a = t.connect()
    a.multi(createContainer(t.root + "/n", "x"))


@case("a create with the container flag in a multi")
def _(t):
    a = t.connect()
    a.multi(create(t.root + "/n", flags=4))
    a.getData(t.root + "/n")


@case("createContainer with plain flags in a multi")
def _(t):
    a = t.connect()
    for flags in (0, 1, 2, 3):
        a.multi(createContainer("%s/n%d" % (t.root, flags), flags=flags))
    a.getChildren2(t.root)


OPS = {
    "create": lambda r: create(r + "/ok", "x"),
    "sequential": lambda r: create(r + "/s", flags=2),
    "setData": lambda r: setData(r, "y"),
    "check": lambda r: check(r, -1),
    "delete": lambda r: delete(r + "/victim"),
}
BAD = {
    "create": lambda r: create(r + "/victim"),
    "create below nothing": lambda r: create(r + "/no/n"),
    "create with a bad path": lambda r: create(r + "/\1"),
    "create without ACL": lambda r: create(r + "/n", acl=[]),
    "create below an ephemeral": lambda r: create(r + "/eph/n"),
    "delete of nothing": lambda r: delete(r + "/no"),
    "delete with a wrong version": lambda r: delete(r + "/victim", 5),
    "delete of a parent": lambda r: delete(r),
    "delete of the root": lambda r: delete("/"),
    "setData of nothing": lambda r: setData(r + "/no"),
    "setData with a wrong version": lambda r: setData(r, "x", 77),
    "setData with a bad path": lambda r: setData(r + "/", "x"),
    "check of nothing": lambda r: check(r + "/no"),
    "check of a wrong version": lambda r: check(r, 77),
    "check with a bad path": lambda r: check("nope"),
}

for bad, make in BAD.items():
    def fails(t, make=make):
        a = t.connect()
        r = t.root
        a.create(r + "/victim")
        a.create(r + "/eph", flags=1)
        good = [op(r) for op in OPS.values()]
        for at in range(len(good) + 1):
            ops = list(good)
            ops.insert(at, make(r))
            if bad_collides(make, r, at):
                continue
            a.multi(*ops)
        a.multi(make(r))
        a.getChildren2(r)
        a.getData(r + "/victim")
        a.getData(r)

    def bad_collides(make, r, at):
        """Behind the delete of the victim it would be another error."""
        return at == 5 and "/victim" in make(r)[2]
    case("%s fails a multi at every place" % bad)(fails)


@case("later operations see the earlier ones")
def _(t):
    a = t.connect()
    p = t.root + "/p"
    a.multi(create(p), create(p + "/c"), setData(p + "/c", "x", 0),
            check(p + "/c", 1), delete(p + "/c", 1), delete(p, 0),
            create(p, "again"), check(p, 0))
    a.getData(p)


@case("an earlier operation can make a later one fail")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.multi(create(n), create(n))
    a.multi(create(n), delete(n), setData(n))
    a.multi(create(n), setData(n), check(n, 0))
    a.multi(create(n, flags=1), create(n + "/c"))
    a.multi(create(n), create(n + "/c"), delete(n))
    a.exists(n)


@case("a failed multi leaves the pending state as it was")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/n", "keep")
    a.pipeline(multi(delete(r + "/n"), create(r + "/m"), delete(r + "/no")),
               setData(r + "/n", "still", 0), create(r + "/m"),
               wire.getData(r + "/n"), wire.getChildren2(r))


@case("a failed multi keeps ACL and ephemeral state")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/e", flags=1)
    a.multi(delete(r + "/e"), create(r + "/e"), check(r + "/no"))
    a.getEphemerals(r)
    a.quit()
    b = t.connect()
    b.getChildren2(r)


@case("an operation without right fails the multi")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.create(n, acl=[(0, "world", "anyone")])
    a.multi(create(t.root + "/a"), setData(n))
    a.multi(create(t.root + "/a"), create(n + "/c"))
    a.multi(check(n))
    a.multi(delete(n))


@case("an ephemeral made in a multi goes with its session")
def _(t):
    a, b = t.connect(), t.connect()
    a.multi(create(t.root + "/e", flags=1), create(t.root + "/p"))
    b.getEphemerals("/")
    a.getEphemerals("/")
    a.quit()
    b.getChildren2(t.root)


@case("the same node created and deleted in a multi leaves counts")
def _(t):
    a = t.connect()
    a.multi(create(t.root + "/x"), delete(t.root + "/x"))
    a.exists(t.root)
    a.create(t.root + "/s", flags=2)


@case("a multi of a hundred creates")
def _(t):
    a = t.connect()
    a.multi(*[create("%s/%d" % (t.root, n), str(n)) for n in range(100)])
    a.exists(t.root)


@case("a multi of a hundred sequential creates")
def _(t):
    a = t.connect()
    a.multi(*[create(t.root + "/", flags=2) for n in range(100)])


@case("a multi of five thousand checks, and one that fails at its end")
def _(t):
    a = t.connect()
    checks = [check(t.root)] * 5000
    a.multi(*checks)
    a.multi(*checks, delete(t.root + "/no"))
    a.multi(*checks, wire.exists(t.root))
    a.drain()


@case("a multi of as many nodes as a frame holds")
def _(t):
    a, b = t.connect(), t.connect()
    b.getChildren(t.root, True)
    names = ["%s/%d" % (t.root, n) for n in range(5000)]
    a.multi(*map(create, names))
    b.drain()
    a.exists(t.root)
    a.multi(*map(delete, names))
    a.multi(*[create(t.root + "/s", flags=3) for _ in range(5000)])
    a.exists(t.root)
    a.quit()
    b.exists(t.root)


FOREIGN = {
    "exists": lambda r: wire.exists(r), "getACL": lambda r: wire.getACL(r),
    "setACL": lambda r: wire.setACL(r), "sync": lambda r: wire.sync(r),
    "getChildren2": lambda r: wire.getChildren2(r),
    "ping": lambda r: wire.ping(),
    "closeSession": lambda r: wire.closeSession(),
    "deleteContainer": lambda r: wire.deleteContainer(r + "/c"),
    "whoAmI": lambda r: wire.whoAmI(),
    "auth": lambda r: wire.auth("digest", "a:b"),
    "opcode 99": lambda r: wire.anyop(99),
    "opcode 0": lambda r: wire.anyop(0),
    "a nested multi": lambda r: multi(check(r)),
}
for name, make in FOREIGN.items():
    def foreign(t, make=make):
        a = t.connect()
        a.multi(make(t.root))
        a.multi(check(t.root), make(t.root))
        a.multi(make(t.root), check(t.root))
        a.multiRead(make(t.root))
        a.multiRead(getData(t.root), make(t.root))
        a.drain()
    case("%s is no operation of a multi" % name)(foreign)


@case("reads do not mix with writes")
def _(t):
    a = t.connect()
    r = t.root
    a.multi(check(r), getData(r))
    a.multi(getData(r), check(r))
    a.multi(getData(r))
    a.multi(getChildren(r), getData(r))
    a.multiRead(check(r), getData(r))
    a.multiRead(getData(r), check(r))
    a.multiRead(check(r))
    a.multiRead(create(r + "/n"))
    a.drain()
    a.exists(r)


@case("null paths and null ACLs spoil the whole multi")
def _(t):
    a = t.connect()
    r = t.root
    for op in (create(None), create2(None), delete(None), setData(None),
               check(None), create(r + "/n", acl=None)):
        a.multi(op)
        a.multi(check(r), op)
    a.multi(create(r + "/n", acl=[]))
    a.multi(create(r + "/n", acl=[(31, None, "x")]))
    a.multi(create(r + "/m", None))
    a.getData(r + "/m")


for flags in (-1, 7, 100):
    def bad_flags(t, flags=flags):
        a = t.connect()
        a.multi(check(t.root), create(t.root + "/n", flags=flags))
        a.multi(create2(t.root + "/n", flags=flags))
        a.multi(createContainer(t.root + "/n", flags=flags))
        a.multi(create(t.root + "/n", acl=[], flags=flags))
        a.exists(t.root)
    case("create flags %d in a multi" % flags)(bad_flags)

for flags in (5, 6):
    def ttl_flags(t, flags=flags):
        a = t.connect()
        a.multi(create(t.root + "/n", flags=flags))
        a.multi(check(t.root), create2(t.root + "/n", flags=flags))
        a.multi(createContainer(t.root + "/n", flags=flags))
        a.exists(t.root)
    case("TTL flags %d of a plain create in a multi" % flags)(ttl_flags)

    def ttl_flags_late(t, flags=flags):
        a = t.connect()
        n = t.root + "/n"
        a.multi(delete(t.root + "/no"), create(n, flags=flags))
        a.multi(create(n), check(t.root, 7), create2(n, flags=flags))
        a.multi(create(n, acl=[]), createContainer(n, flags=flags))
        a.multi(create(n), create(n, flags=flags), delete(t.root + "/no"))
        a.exists(t.root)
    case("TTL flags %d of a plain create, behind what fails"
         % flags)(ttl_flags_late)

    def ttl_off(t, flags=flags):
        a = t.connect()
        a.multi(createTTL(t.root + "/n", 1000, flags=flags))
        a.multi(createTTL(t.root + "/n", 0, flags=flags))
        a.exists(t.root)
    case("createTTL with flags %d in a multi, TTL off" % flags)(ttl_off)


@case("createTTL with plain flags in a multi")
def _(t):
    a = t.connect()
    for flags in range(5):
        a.multi(createTTL("%s/n%d" % (t.root, flags), -1, flags=flags))
        a.multi(createTTL("%s/m%d" % (t.root, flags), 5, flags=flags))
    a.getChildren2(t.root)


@case("a multi without its end marker")
def _(t):
    a = t.connect()
    a.multi(check(t.root), end=False)
    a.multi(end=False)
    a.multiRead(getData(t.root), end=False)
    a.multiRead(end=False)
    a.drain()


@case("the end marker's type and error are not looked at")
def _(t):
    a = t.connect()
    one = wire.header(13) + check(t.root)[1]
    for end in (wire.header(5, 1, 7), wire.header(-1, 2, -1),
                wire.header(0, 255, 0)):
        a.do((14, one + end, "multi with an odd end"))
    a.do((14, wire.header(13, 0, 99) + check(t.root)[1] + wire.header(-1, 1),
          "multi with an odd error in an operation's header"))


@case("an operation header marked done ends the multi")
def _(t):
    a = t.connect()
    a.do((14, wire.header(13, 1) + check(t.root)[1] + wire.header(-1, 1),
          "multi whose first header is done"))
    a.do((22, wire.header(4, 1), "multiRead whose first header is done"))


@case("bytes behind the end marker are ignored")
def _(t):
    a = t.connect()
    op, body, label = multi(check(t.root))
    a.do((op, body + b"behind", label))


@case("multiRead answers each on its own")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/n", "data")
    a.create(r + "/null", None)
    a.create(r + "/n/c")
    a.create(r + "/closed", acl=[(2, "world", "anyone")])
    a.multiRead(getData(r + "/n"), getChildren(r), getData(r + "/no"),
                getChildren(r + "/no"), getData(r + "/closed"),
                getChildren(r + "/closed"), getData(r + "/null"),
                getChildren(r + "/null"), getData("nope"))


@case("multiRead of one failing read")
def _(t):
    a = t.connect()
    a.multiRead(getData(t.root + "/no"))
    a.multiRead(getChildren(t.root + "/no"))


@case("an empty multiRead")
def _(t):
    a = t.connect()
    a.multiRead()
    a.drain()


@case("multiRead sets no watch")
def _(t):
    a = t.connect()
    a.multiRead(getData(t.root, True), getChildren(t.root, True))
    a.setData(t.root, "x")
    a.create(t.root + "/n")
    a.checkWatches(t.root)


@case("multiRead takes no zxid and sees the writes before it")
def _(t):
    a = t.connect()
    a.pipeline(setData(t.root, "1"), wire.multiRead(getData(t.root)),
               setData(t.root, "2"), wire.multiRead(getData(t.root)))
    a.drain()


@case("multiRead of getChildren2 is refused")
def _(t):
    a = t.connect()
    a.multiRead(wire.getChildren2(t.root))
    a.multiRead(getData(t.root), wire.getChildren2(t.root))


@case("a multi and plain writes in one pipeline")
def _(t):
    a = t.connect()
    r = t.root
    a.pipeline(create(r + "/a"), multi(create(r + "/a/b"), check(r + "/a",
                                                                 0)),
               delete(r + "/a"), multi(delete(r + "/a/b"), delete(r + "/a")),
               wire.getChildren2(r), multi(create(r + "/s", flags=2),
                                           create(r + "/s", flags=2)),
               create(r + "/s", flags=2))
