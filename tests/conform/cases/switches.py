# SPDX-License-Identifier: Apache-2.0
"""What an operator can switch: limits, skipACL, eager ACL checks, enforced
authentication, no digests (sheet 6.6, 6.7, 11)."""

import wire
from harness import case
from wire import buf, boolean, framed, i32

ANYONE = "world", "anyone"

# --- small: jute.maxbuffer 4096, 4 connections an address --------------------

for size in (4095, 4096, 4097, 5000):
    def frame(t, size=size):
        a = t.connect()
        head = i32(1) + i32(3) + buf(t.root) + boolean(False)
        a.raw(framed(head + bytes(size - len(head))),
              "a frame of %d bytes" % size, [(1, 3)],
              replies=size <= 4096, closes=size > 4096)
    case("a frame of %d bytes with a limit of 4096" % size,
         world="small")(frame)

for size in (4095, 4096, 4097):
    def hello(t, size=size):
        a = t.socket()
        body = wire.connectRequest()
        a.raw(framed(body + bytes(size - len(body))),
              "a hello of %d bytes" % size, ["hello"],
              replies=size <= 4096, closes=size > 4096)
        if t.run.steps[-1].got[0][0] == "frame":
            a._learn(t.run.steps[-1].got[0][1])
    case("a hello of %d bytes with a limit of 4096" % size,
         world="small")(hello)


@case("a reply may be longer than the limit", world="small")
def _(t):
    a = t.connect()
    for n in range(30):
        a.create("%s/%s%d" % (t.root, "x" * 300, n))
    a.getChildren(t.root)
    a.getChildren2(t.root)


@case("data up to the limit is stored and read", world="small")
def _(t):
    a = t.connect()
    a.create(t.root + "/n", "y" * 3900)
    a.getData(t.root + "/n")


@case("session timeouts have the operator's bounds", world="small")
def _(t):
    for asked in (-1, 4999, 5000, 7000, 9000, 9001):
        t.connect(timeout=asked).quit()


@case("the fifth connection of an address is reset", world="small")
def _(t):
    conns = [t.connect(source="127.0.0.7") for _ in range(4)]
    t.socket("127.0.0.7").gone()
    t.connect(source="127.0.0.8")
    for conn in conns:
        conn.drain()


@case("a pipeline with a limit of one outstanding request", world="small")
def _(t):
    a, b = t.connect(), t.connect()
    a.pipeline(*[wire.setData(t.root, str(n)) for n in range(50)],
               label="50 writes")
    a.pipeline(*[wire.exists(t.root)] * 50, label="50 reads")
    b.pipeline(*[wire.setData(t.root, "x"), wire.getData(t.root)] * 20,
               label="20 times set and get")


# --- few, tokens, weights: connections; the suite's own is the first ---------

@case("the fifth connection of all is closed", world="few")
def _(t):
    conns = [t.connect(source="127.0.0.%d" % n) for n in (1, 2, 3)]
    for n in (1, 7):
        t.socket("127.0.0.%d" % n).gone()
    for conn in conns:
        conn.drain()


@case("who finds no token is closed, new or not", world="tokens")
def _(t):
    conns = [t.connect(source="127.0.0.%d" % n) for n in (1, 2, 3, 4)]
    for options in {}, {"sid": conns[0].sid}, {"readonly": None}:
        t.socket("127.0.0.9").hello(closes=True, **options)
    for conn in conns:
        conn.drain()


@case("a new session takes three tokens, one that comes back two",
      world="weights")
def _(t):
    a = t.connect()
    b = t.connect(sid=a.sid)
    a.gone()
    c = t.connect(sid=b.sid)
    b.gone()
    t.socket().hello(closes=True)
    t.connect(sid=c.sid)
    c.gone()
    t.socket().hello(sid=c.sid, closes=True)


# --- large: requests are, above 1000 bytes; then they have 60000 together ----

for size in (1000, 1001, 40000, 60001, 200000):
    def large(t, size=size):
        a, b = t.connect(), t.connect()
        head = i32(1) + i32(3) + buf(t.root) + boolean(False)
        whole = framed(head + bytes(size - len(head)))
        taken = size <= 60000
        a.raw(whole, "a frame of %d bytes" % size, [(1, 3)],
              replies=taken, closes=not taken)
        b.raw(whole[:30], "its beginning", closes=not taken)
        for part in (whole[30:size // 2], whole[size // 2:-30]) * taken:
            t.pause(0.05)
            b.raw(part, "more of it")
        if taken:
            t.pause(0.05)
            b.raw(whole[-30:], "the rest of it", [(1, 3)], replies=1)
        t.connect(sid=a.sid).exists(t.root)
    case("a request of %d bytes where large ones may have 60000" % size,
         world="large")(large)


# --- skipacl -----------------------------------------------------------------

@case("skipACL lets everybody do everything", world="skipacl")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.create(n, "x", acl=[(0, *ANYONE)])
    a.getData(n)
    a.exists(n)
    a.setData(n, "y")
    a.create(n + "/c")
    a.getChildren(n)
    a.delete(n + "/c")
    a.getACL(n)
    a.setACL(n, [(1, "digest", "u:hash")])
    a.getACL(n)
    a.multi(wire.check(n))
    a.delete(n)


@case("skipACL still judges the lists", world="skipacl")
def _(t):
    a = t.connect()
    for acl in ([], None, [(31, "nope", "x")], [(31, "auth", "")],
                [(31, "digest", "x")], [(31, None, "x")]):
        a.create(t.root + "/n", acl=acl)
        a.setACL(t.root, acl)


@case("skipACL and the reserved nodes", world="skipacl")
def _(t):
    a = t.connect()
    a.setData("/zookeeper/config", "x")
    a.setData("/zookeeper/config", "")
    a.delete("/zookeeper/config")
    a.setACL("/zookeeper/config", [(1, *ANYONE)])


@case("skipACL and watches of a hidden node", world="skipacl")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    b.exists(n, True)
    b.addWatch(t.root, 1)
    a.create(n, acl=[(0, *ANYONE)])
    a.setData(n, "x")
    b.drain()


# --- eager -------------------------------------------------------------------

# Apache checks eagerly on leaders and followers only.
@case("eager ACL checks change nothing on a standalone server",
      world="eager")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.create(n, acl=[(0, *ANYONE)])
    a.create(n + "/c")
    a.create2(n + "/c")
    a.createContainer(n + "/c")
    a.delete(n + "/c")
    a.setData(n, "x")
    a.setACL(n)
    a.multi(wire.setData(n))
    a.create(t.root + "/m", acl=[])
    a.create2(t.root + "/m", acl=[(31, "nope", "x")])
    a.setACL(t.root, [])
    a.drain()


@case("an eager check leaves missing nodes and bad paths for later",
      world="eager")
def _(t):
    a = t.connect()
    r = t.root
    a.create(r + "/no/n")
    a.delete(r + "/no")
    a.delete(r + "/no/n")
    a.setData(r + "/no")
    a.setACL(r + "/no")
    a.create("nope")
    a.delete("nope")
    a.setData("nope")
    a.setACL("nope")
    a.delete("/")
    a.create(r)
    a.setData(r, "x", 9)
    a.create(None)
    a.drain()


@case("an eager check knows identities", world="eager")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    n = t.root + "/n"
    a.create(n, "x", acl=[(31, "auth", "")])
    b.setData(n, "y")
    a.setData(n, "y")
    b.setACL(n)
    a.setACL(n, [(31, *ANYONE)])
    b.setData(n, "z")


# --- enforce -----------------------------------------------------------------

REQUESTS = {
    "exists": wire.exists("/"), "create": wire.create("/enf"),
    "ping": wire.ping(), "closeSession": wire.closeSession(),
    "multi": wire.multi(wire.check("/")), "whoAmI": wire.whoAmI(),
    "setWatches": wire.setWatches(0), "an unknown opcode": wire.anyop(77),
    "sync": wire.sync("/"), "addWatch": wire.addWatch("/"),
}
for name, request in REQUESTS.items():
    def unknown(t, request=request):
        a = t.connect()
        a.fatal(request)
    case("%s before an enforced authentication" % name,
         world="enforce")(unknown)


@case("an enforced authentication opens the connection", world="enforce")
def _(t):
    a = t.connect()
    a.auth("digest", "bob:pw")
    a.exists(t.root)
    a.drain()
    a.quit()


@case("another scheme is not enough", world="enforce")
def _(t):
    a = t.connect()
    a.auth("ip", "x")
    a.fatal(wire.exists(t.root))


@case("a failing auth under enforcement", world="enforce")
def _(t):
    t.connect().fatal(wire.auth("nope", "x"))


@case("the refused connection's session lives", world="enforce")
def _(t):
    a = t.connect()
    a.fatal(wire.exists(t.root))
    b = t.connect(sid=a.sid)
    b.auth("digest", "bob:pw")
    b.exists(t.root)
    b.quit()


# --- nodigest ----------------------------------------------------------------

@case("without the digest provider its auth fails", world="nodigest")
def _(t):
    a = t.connect()
    a.fatal(wire.auth("digest", "bob:pw"))


@case("without the digest provider its ACLs are invalid", world="nodigest")
def _(t):
    a = t.connect()
    a.create(t.root + "/n", acl=[(31, "digest", "a:b")])
    a.setACL(t.root, [(31, *ANYONE), (1, "digest", "a:b")])
    a.create(t.root + "/n", acl=[(31, "ip", "127.0.0.1")])
    a.getACL(t.root + "/n")
