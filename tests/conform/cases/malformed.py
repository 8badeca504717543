# SPDX-License-Identifier: Apache-2.0
"""Frames and bodies that no client should send (sheet 1.7 and 2.4)."""

import wire
from harness import case
from wire import boolean, buf, framed, i32, i64, vec

WHOLE = {
    "create": wire.create("/x", "data"),
    "create2": wire.create2("/x", "data"),
    "createContainer": wire.createContainer("/x", "data"),
    "createTTL": wire.createTTL("/x", 1000, "data"),
    "delete": wire.delete("/x"),
    "exists": wire.exists("/x"),
    "getData": wire.getData("/x"),
    "setData": wire.setData("/x", "data"),
    "getACL": wire.getACL("/x"),
    "setACL": wire.setACL("/x"),
    "getChildren": wire.getChildren("/x"),
    "getChildren2": wire.getChildren2("/x"),
    "sync": wire.sync("/x"),
    "multi of a check": wire.multi(wire.check("/x")),
    "multi of a create": wire.multi(wire.create("/x", "d")),
    "multi of two": wire.multi(wire.delete("/x"), wire.setData("/x", "d")),
    "multiRead": wire.multiRead(wire.getData("/x"), wire.getChildren("/x")),
    "checkWatches": wire.checkWatches("/x"),
    "removeWatches": wire.removeWatches("/x"),
    "addWatch": wire.addWatch("/x"),
    "setWatches": wire.setWatches(0, ["/x"], [], ["/x"]),
    "setWatches2": wire.setWatches2(0, ["/x"], [], [], ["/x"]),
    "getEphemerals": wire.getEphemerals("/x"),
    "getAllChildrenNumber": wire.getAllChildrenNumber("/x"),
    "reconfig": wire.reconfig("a", "b", "c", 5),
}

for name, (op, body, _) in WHOLE.items():
    def cut(t, op=op, body=body):
        a = t.connect()
        for size in range(len(body)):
            a.do((op, body[:size], "cut to %d of %d bytes"
                  % (size, len(body))))
        a.drain()
    case("%s cut at every length" % name)(cut)

LENGTHS = -1, -2, -2 ** 31, 2 ** 31 - 1, 1 << 24, 100
for name, (op, body, _) in WHOLE.items():
    if name.startswith("multi") or name.startswith("setWatches"):
        continue

    def lengths(t, op=op, body=body):
        a = t.connect()
        for length in LENGTHS:
            a.do((op, i32(length) + body[4:], "first length %d" % length))
        a.drain()
    case("%s with a wrong first length" % name)(lengths)

for count in (-1, -2, -2 ** 31, 2, 1000, 2 ** 31 - 1):
    def counts(t, count=count):
        a = t.connect()
        acl = wire.acls(wire.OPEN)
        for op in (1, 15, 19):
            a.do((op, buf(t.root + "/n") + buf("") + i32(count) + acl[4:]
                  + i32(0), "ACL count %d" % count))
        a.do((7, buf(t.root) + i32(count) + acl[4:] + i32(-1),
              "setACL count %d" % count))
        a.do((101, i64(0) + i32(count) + vec([]) + vec([]),
              "setWatches count %d" % count))
        a.multi((1, buf(t.root + "/m") + buf("") + i32(count) + acl[4:]
                 + i32(0), "ACL count %d" % count))
        a.drain()
    case("vectors claiming %d elements" % count)(counts)

for op in (0, 10, 13, 14, 22, 23, 50, 99, 108, 200, 500, 1000, 65536,
           2 ** 31 - 1, -1, -2, -9, -12, -100, -2 ** 31):
    if op in (13, 14, 22):
        continue

    def unknown(t, op=op):
        a, b = t.connect(), t.connect()
        a.fatal((op, b"", "opcode %d" % op))
        b.exists(t.root)
    case("opcode %d is unknown" % op)(unknown)


@case("an unknown opcode with a body")
def _(t):
    a = t.connect()
    a.fatal((77, bytes(100), "opcode 77"), xid=-5)


# Apache answers it at once: whether before or after the others is a race.
@case("an unknown opcode behind good requests: they are answered first",
      only="zabd")
def _(t):
    a, b = t.connect(), t.connect()
    a.fatal(wire.setData(t.root, "x"), wire.exists(t.root),
            wire.anyop(77))
    b.exists(t.root)


@case("an unknown opcode closes the connection, the session lives")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    a.fatal(wire.anyop(77))
    b = t.connect(sid=a.sid)
    b.exists(t.root + "/e")


@case("check as a request of its own")
def _(t):
    a = t.connect()
    a.patience = 0.5
    a.fatal(wire.check(t.root))
    a.drop()


@case("deleteContainer from a client")
def _(t):
    a, b = t.connect(), t.connect()
    a.createContainer(t.root + "/c")
    a.patience = 0.5
    a.fatal(wire.deleteContainer(t.root + "/c"))
    a.drop()
    b.exists(t.root + "/c")


for size in range(8):
    def shorter(t, size=size):
        a = t.connect()
        a.raw(framed(bytes(size)), "a frame of %d bytes" % size, closes=True)
    case("a frame of %d bytes holds no header" % size)(shorter)

for length in (-1, -2 ** 31, 0xFFFFF + 1, 2 ** 31 - 1):
    def length_later(t, length=length):
        a, b = t.connect(), t.connect()
        a.raw(i32(length), "claims %d bytes" % length, closes=True)
        b.exists(t.root)
    case("a later frame claiming %d bytes is closed"
         % length)(length_later)


@case("good requests before a bad length are answered")
def _(t):
    a, b = t.connect(), t.connect()
    good = framed(i32(1) + i32(3) + wire.exists(t.root)[1])
    a.raw(good, "exists", [(1, 3)], replies=1)
    a.raw(i32(-1), "a bad length", closes=True)
    b.exists(t.root)


@case("a frame of exactly jute.maxbuffer is taken")
def _(t):
    a = t.connect()
    head = i32(1) + i32(3) + buf(t.root) + boolean(False)
    a.raw(framed(head + bytes(0xFFFFF - len(head))), "1048575 bytes",
          [(1, 3)], replies=1)


@case("a four letter word behind the hello is a bad length")
def _(t):
    a = t.connect()
    a.raw(b"ruok", "says ruok", closes=True)


@case("a body of random bytes for every opcode")
def _(t):
    import random
    rng = random.Random(7)
    a = t.connect()
    for op in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 17, 18, 19, 21, 101, 103,
               104, 105, 106):
        for size in (5, 20, 60):
            body = bytes([0x7f]) + rng.randbytes(size)
            a.do((op, body, "opcode %d and noise" % op))
    a.drain()


@case("an auth packet with a negative length")
def _(t):
    a = t.connect()
    a.fatal((100, i32(0) + i32(-2), "auth with length -2"))


@case("strings longer than their frame")
def _(t):
    a = t.connect()
    for op in (3, 4, 6, 8, 9, 12, 103, 104):
        a.do((op, i32(50) + b"/short", "opcode %d, 50 bytes claimed" % op))
    a.drain()
