# SPDX-License-Identifier: Apache-2.0
"""Sessions: ephemerals, closing, moving, expiry (sheet 4.5 and 8).

The world "quick" ticks every 100 ms, so that expiry can be waited for; in
"idle" a connection without a session is closed after 500 ms.
"""

import wire
from harness import case
from wire import create, framed, i32


@case("closeSession answers and closes")
def _(t):
    t.connect().quit()


@case("closeSession echoes its xid and ignores its body")
def _(t):
    for xid in (0, -7, 99):
        a = t.connect()
        a.fatal((-11, b"body", "closeSession with a body"), xid=xid)


@case("closeSession takes the ephemerals, others see it at once")
def _(t):
    a, b = t.connect(), t.connect()
    for name in "abc":
        a.create(t.root + "/" + name, flags=1)
    a.create(t.root + "/keep")
    b.create(t.root + "/mine", flags=1)
    a.quit()
    b.getChildren2(t.root)


@case("ephemerals at many depths go in one transaction")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    for p in ("/p", "/p/q"):
        a.create(r + p)
    for p in ("/e", "/p/e", "/p/q/e"):
        a.create(r + p, flags=1)
    a.quit()
    for p in ("", "/p", "/p/q"):
        b.exists(r + p)


@case("a session without ephemerals closes with a zxid too")
def _(t):
    a, b = t.connect(), t.connect()
    a.quit()
    b.exists(t.root)


def close_and(a, behind):
    """In one pipeline.  What is behind it Apache sometimes answers with
    SESSIONEXPIRED, sometimes not."""
    op, body, label = behind
    a.raw(framed(i32(5) + i32(-11)) + framed(i32(6) + i32(op) + body),
          "closeSession and " + label, [(5, -11), (6, op)], replies=1)
    a.ended = True


@case("requests behind closeSession in one pipeline are lost")
def _(t):
    a, b = t.connect(), t.connect()
    a.create(t.root + "/e", flags=1)
    close_and(a, wire.exists(t.root))
    b.getChildren2(t.root)


@case("a write behind closeSession in one pipeline does not cost its answer")
def _(t):
    close_and(t.connect(), create(t.root + "/n"))


@case("a pipeline of creates and closeSession leaves nothing")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    a.fatal(create(r + "/e1", flags=1), create(r + "/e", flags=3),
            create(r + "/keep"), wire.delete(r + "/e1"),
            wire.closeSession())
    b.getChildren2(r)


@case("an ephemeral outlives its connection")
def _(t):
    a, b = t.connect(), t.connect()
    a.create(t.root + "/e", flags=1)
    a.drop()
    b.exists(t.root + "/e")
    c = t.connect(sid=a.sid)
    c.getEphemerals("/")


@case("anybody may delete and change an ephemeral")
def _(t):
    a, b = t.connect(), t.connect()
    e = t.root + "/e"
    a.create(e, "x", flags=1)
    b.setData(e, "y")
    b.setACL(e)
    b.delete(e)
    a.getEphemerals("/")
    b.create2(e, flags=1)
    b.getEphemerals("/")
    a.quit()
    b.exists(e)


@case("a persistent node in an ephemeral's place stays")
def _(t):
    a, b = t.connect(), t.connect()
    e = t.root + "/e"
    a.create(e, flags=1)
    b.delete(e)
    b.create(e)
    a.quit()
    b.exists(e)


@case("another session's ephemeral in its place stays")
def _(t):
    a, b = t.connect(), t.connect()
    e = t.root + "/e"
    a.create(e, flags=1)
    b.multi(wire.delete(e), create(e, flags=1))
    a.quit()
    b.exists(e)


@case("a hundred ephemerals go together")
def _(t):
    a, b = t.connect(), t.connect()
    a.pipeline(*[create(t.root + "/e", flags=3)] * 100,
               label="a hundred ephemerals")
    a.getEphemerals("/")
    b.addWatch(t.root, 0)
    a.quit()
    b.drain()
    b.getChildren2(t.root)


@case("a reconnect closes the session's older connection")
def _(t):
    a = t.connect()
    b = t.connect(sid=a.sid)
    a.gone()
    b.create(t.root + "/e", flags=1)
    b.getEphemerals("/")


@case("a session moves ten times and keeps its ephemeral")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    for _ in range(10):
        b = t.connect(sid=a.sid, zxid=a.zxid)
        a.gone()
        b.exists(t.root + "/e")
        a = b


@case("the moved session's watches are gone")
def _(t):
    a, w = t.connect(), t.connect()
    a.getData(t.root, True)
    b = t.connect(sid=a.sid)
    a.gone()
    w.setData(t.root, "x")
    b.drain()


@case("closing on the new connection ends the session")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    b = t.connect(sid=a.sid)
    a.gone()
    b.quit()
    c = t.connect()
    c.exists(t.root + "/e")
    d = t.socket()
    d.hello(sid=a.sid, closes=True)


@case("two sessions of one client are strangers")
def _(t):
    a, b = t.connect(), t.connect()
    a.create(t.root + "/e", flags=1)
    b.create(t.root + "/e", flags=1)
    b.getEphemerals("/")
    a.quit()
    b.create(t.root + "/e", flags=1)


@case("the createSession opcode from a client")
def _(t):
    a = t.connect()
    a.patience = 0.5
    a.fatal((-10, i32(20000), "createSession"), xid=99)
    a.drop()


# --- expiry ------------------------------------------------------------------

@case("a silent session expires, its connection closes without a word",
      world="quick")
def _(t):
    a = t.connect(timeout=400)
    a.gone(3)
    t.pause(0.1)
    b = t.socket()
    b.hello(sid=a.sid, closes=True)


@case("expiry takes the ephemerals and tells the watchers", world="quick")
def _(t):
    w = t.connect()
    a = t.connect(timeout=400)
    a.create(t.root + "/e", flags=1)
    a.create(t.root + "/p")
    w.exists(t.root + "/e", True)
    w.getChildren(t.root, True)
    a.gone(3)
    t.pause(0.1)
    w.drain()
    w.getChildren2(t.root)


@case("a dropped connection's session expires", world="quick")
def _(t):
    w = t.connect()
    a = t.connect(timeout=400)
    a.create(t.root + "/e", flags=1)
    w.exists(t.root + "/e", True)
    a.drop()
    w.exists(t.root + "/e")
    t.pause(1.2)
    w.drain()


@case("pings keep a session alive", world="quick")
def _(t):
    a = t.connect(timeout=800)
    for _ in range(6):
        t.pause(0.3)
        a.ping()


@case("reads and writes keep a session alive", world="quick")
def _(t):
    a = t.connect(timeout=800)
    for n in range(3):
        t.pause(0.4)
        a.exists(t.root)
        t.pause(0.4)
        a.setData(t.root, str(n))


@case("a reconnect keeps a session alive", world="quick")
def _(t):
    a = t.connect(timeout=800)
    a.create(t.root + "/e", flags=1)
    for _ in range(4):
        t.pause(0.4)
        a.drop()
        b = t.connect(timeout=800, sid=a.sid)
        b.exists(t.root + "/e")
        a = b


@case("a reconnect's longer timeout counts", world="quick")
def _(t):
    a = t.connect(timeout=400)
    b = t.connect(timeout=5000, sid=a.sid)
    t.pause(1.2)
    b.drain()


@case("a reconnect's shorter timeout counts", world="quick")
def _(t):
    a = t.connect(timeout=60000)
    b = t.connect(timeout=400, sid=a.sid)
    b.gone(3)
    t.pause(0.1)
    c = t.socket()
    c.hello(sid=a.sid, closes=True)


@case("an expired session's pipeline place is free again", world="quick")
def _(t):
    w = t.connect()
    a = t.connect(timeout=300)
    a.create(t.root + "/lock", flags=1)
    a.gone(3)
    t.pause(0.1)
    w.create2(t.root + "/lock", flags=1)


@case("timeouts are clamped to 200 and to 1000000", world="quick")
def _(t):
    for asked in (-1, 0, 199, 200, 201, 1000000, 1000001):
        t.connect(timeout=asked).quit()


@case("a connection that never says hello is closed", world="idle")
def _(t):
    a = t.socket()
    a.gone(4)


@case("a connection that says half a hello is closed", world="idle")
def _(t):
    a = t.socket()
    a.wire.send(b"\0\0\0\x2d\0\0")
    a.gone(4)
