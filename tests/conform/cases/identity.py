# SPDX-License-Identifier: Apache-2.0
"""Auth packets, whoAmI, sasl (sheet 6.6, 10.4, 13.1)."""

import wire
from harness import case

SUPER = "digest", "super:secret"


@case("a digest is accepted with an empty reply at zxid 0")
def _(t):
    a = t.connect()
    a.auth("digest", "bob:pw")
    a.whoAmI()


@case("the auth packet's type is ignored and its xid echoed")
def _(t):
    a = t.connect()
    a.auth("digest", "bob:pw", kind=77)
    a.auth("digest", "amy:pw", xid=12)
    a.auth("digest", "eve:pw", xid=0)
    a.whoAmI()


for data in ("bob", "", ":", ":pw", "bob:", "a:b:c", b"\xff\xfe", "é:ü",
             "x" * 3000, " ", "bob:pw\n"):
    def odd(t, data=data):
        a = t.connect()
        a.auth("digest", data)
        a.whoAmI()
        a.create(t.root + "/n", acl=[(31, "auth", "")])
        a.getACL(t.root + "/n")
    case("the digest %r" % (data[:20],))(odd)


for what, data in (("password of 100,000 bytes", "bob:" + "p" * 100000),
                   ("password that is no text", b"bob:" + b"\xe2\x82" * 9001),
                   ("user of 12,000 bytes", "u" * 12000 + ":pw"),
                   ("user and password, no colon", "é" * 5500)):
    def long(t, data=data):
        a = t.connect()
        a.auth("digest", data)
        a.create(t.root + "/n", acl=[(31, "auth", "")])
        a.getACL(t.root + "/n")
    case("a digest of a long %s" % what)(long)


@case("a null digest fails and closes")
def _(t):
    a = t.connect()
    a.fatal(wire.auth("digest", None))


for scheme in ("world", "auth", "super", "sasl", "x509", "nope", "", None,
               "Digest"):
    for data in ("x:y", None):
        def refused(t, scheme=scheme, data=data):
            a = t.connect()
            a.fatal(wire.auth(scheme, data))
        case("auth with scheme %s and data %s is refused"
             % (scheme, data))(refused)


@case("ip always succeeds")
def _(t):
    a = t.connect()
    a.auth("ip", "1.2.3.4")
    a.auth("ip", "")
    a.auth("ip", None)
    a.whoAmI()


@case("a failed auth closes but the session lives")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    a.fatal(wire.auth("nope", "x"))
    b = t.connect(sid=a.sid)
    b.exists(t.root + "/e")


@case("identities add up and do not repeat")
def _(t):
    a = t.connect()
    for who in ("bob:pw", "amy:pw", "bob:pw", "bob:other"):
        a.auth("digest", who)
    a.whoAmI()


@case("long identities add up, and may be said again")
def _(t):
    a = t.connect()
    for who in (1, 2, 3, 1):
        a.auth("digest", "%d%s:pw" % (who, "x" * 3500))
    a.whoAmI()


@case("whoAmI shows the address")
def _(t):
    t.connect().whoAmI()
    t.connect(source="127.0.0.5").whoAmI()


@case("identities by another digest", world="sha512")
def _(t):
    a, b = t.connect(), t.connect()
    a.auth("digest", "bob:pw")
    a.whoAmI()
    a.create(t.root + "/n", "x", acl=[(31, "auth", "")])
    a.getACL(t.root + "/n")
    b.getData(t.root + "/n")
    b.auth("digest", "super:wrong")
    b.getData(t.root + "/n")
    b.auth(*SUPER)
    b.getData(t.root + "/n")
    b.whoAmI()


@case("whoAmI of the super user")
def _(t):
    a = t.connect()
    a.auth(*SUPER)
    a.whoAmI()


@case("identities end with the connection, not with the session")
def _(t):
    a = t.connect()
    a.auth("digest", "bob:pw")
    a.create(t.root + "/n", acl=[(31, "auth", "")])
    a.drop()
    b = t.connect(sid=a.sid)
    b.whoAmI()
    b.getData(t.root + "/n")
    b.auth("digest", "bob:pw")
    b.getData(t.root + "/n")


@case("requests read behind the auth packet have its identity")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.create(n, "x", acl=[(31, "digest",
                           "bob:ikIaKsbtGweaHnb/jKn7OHqbunM=")])
    a.auth("digest", "bob:pw")
    a.pipeline(wire.getData(n), wire.setData(n, "y"), wire.getACL(n),
               wire.delete(n))


@case("an auth packet alone in its pipeline")
def _(t):
    a = t.connect()
    a.pipeline(wire.auth("digest", "a:b"), wire.auth("digest", "c:d"),
               wire.auth("ip", "x"))
    a.whoAmI()


@case("sasl without a provider answers a null token")
def _(t):
    a = t.connect()
    a.sasl(b"")
    a.sasl(b"token")
    a.drain()


@case("sasl with a null token")
def _(t):
    a = t.connect()
    a.quiet(wire.sasl(None))


@case("auth cut short closes without a word")
def _(t):
    op, body, _ = wire.auth("digest", "a:b")
    for size in range(0, len(body), 3):
        a = t.connect()
        a.fatal((op, body[:size], "auth cut to %d bytes" % size))


@case("sasl cut short closes without a word")
def _(t):
    a = t.connect()
    a.fatal((102, b"\0\0", "sasl cut to 2 bytes"))
