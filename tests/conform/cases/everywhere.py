# SPDX-License-Identifier: Apache-2.0
"""A server that listens on all addresses, as both do by default: clients by
IPv4 and by IPv6 (sheet 6.4)."""

from harness import case
from cases.fourletter import cons, unique

SIX, FOUR = "::1", "127.0.0.5"


def in_any_order(text):
    return b"\n".join(sorted(unique(text).split(b"\n")))


for source in (SIX, FOUR, "127.0.0.1"):
    def who(t, source=source):
        a = t.connect(source=source)
        a.whoAmI()
        a.auth("digest", "bob:pw")
        a.whoAmI()
        a.create(t.root + "/n", "x", acl=[(31, "auth", ""),
                                          (1, "ip", "127.0.0.0/8")])
        for other in (SIX, FOUR, "127.0.0.1"):
            b = t.connect(source=other)
            b.getData(t.root + "/n")
            b.getACL(t.root + "/n")
        a.getACL(t.root + "/n")
    case("who one is at %s" % source, world="everywhere")(who)

    def moves(t, source=source):
        a = t.connect(source=source)
        a.create(t.root + "/e", flags=1)
        for other in (SIX, FOUR):
            b = t.connect(source=other, sid=a.sid)
            a.gone()
            b.getEphemerals("/")
            a = b
    case("a session of %s goes on elsewhere" % source,
         world="everywhere")(moves)

    def shown(t, source=source):
        t.connect(source=source)
        for word, shape in ((b"stat", in_any_order), (b"cons", cons)):
            t.socket(source).text(word, "says " + word.decode(), shape)
    case("how a client of %s is shown" % source, world="everywhere")(shown)


@case("an ACL for all addresses", world="everywhere")
def _(t):
    t.connect().create(t.root + "/n", "x", acl=[(31, "ip", "0.0.0.0/0")])
    for source in (SIX, FOUR):
        t.connect(source=source).getData(t.root + "/n")
