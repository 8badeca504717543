# SPDX-License-Identifier: Apache-2.0
"""Quotas (sheet 10.2): statistics always, enforcement in its world."""

import wire
from harness import case


def limit(t, a, text, sub="", stats="count=0,bytes=0"):
    """Sets a quota on the case's root or a node below it."""
    top = t.also("/zookeeper/quota" + t.root)
    a.create(top)
    quota = top + sub
    if sub:
        a.create(quota)
    a.create(quota + "/zookeeper_limits", text)
    a.create(quota + "/zookeeper_stats", stats)
    return quota + "/zookeeper_stats"


def use(t, a, stats):
    """Some life under the quota, with looks at its statistics."""
    r = t.root
    for op in (wire.create(r + "/a", "12345"), wire.create(r + "/b", None),
               wire.create(r + "/a/c", "123"), wire.setData(r + "/a", "1"),
               wire.setData(r + "/b", "1234567"), wire.setData(r, "12"),
               wire.create(r + "/e", "x" * 30, flags=1),
               wire.multi(wire.create(r + "/m", "12"),
                          wire.setData(r + "/m", "123"),
                          wire.create(r + "/n")),
               wire.multi(wire.create(r + "/z"), wire.delete(r + "/no")),
               wire.delete(r + "/a/c"), wire.delete(r + "/a"),
               wire.setData(r + "/b", "")):
        a.do(op)
        a.getData(stats)


LIMITS = [
    "count=-1,bytes=-1",
    "count=3,bytes=-1",
    "count=-1,bytes=10",
    "count=3,bytes=20",
    "count=-1,bytes=-1=;byteHardLimit=20;countHardLimit=4",
    "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3",
    "count=-1,bytes=-1=;byteHardLimit=8;countHardLimit=-1",
    "count=3,bytes=10=;byteHardLimit=20;countHardLimit=5",
    "count=1,bytes=1=;byteHardLimit=0;countHardLimit=1",
    "count=0,bytes=0",
]
for world in ("default", "quota"):
    for text in LIMITS:
        def life(t, text=text):
            a = t.connect()
            use(t, a, limit(t, a, text))
        case("a life under %s%s" % (text, ", enforced" if world == "quota"
                                    else ""), world)(life)


for world in ("default", "quota"):
    enforced = ", enforced" if world == "quota" else ""

    @case("statistics replace what the client wrote" + enforced, world)
    def _(t):
        a = t.connect()
        a.create(t.root + "/old", "123")
        stats = limit(t, a, "count=100,bytes=100", stats="nonsense")
        a.getData(stats)
        a.setData(stats, "count=7,bytes=7")
        a.getData(stats)
        a.create(t.root + "/new", "1")
        a.getData(stats)

    @case("a create's Stat is that of the client's own statistics"
          + enforced, world)
    def _(t):
        a = t.connect()
        top = t.also("/zookeeper/quota" + t.root)
        stats = top + "/zookeeper_stats"
        a.create(top)
        for text in ("count=-1,bytes=-1", None, "x"):
            a.create2(stats, text)
            a.getData(stats)
            a.delete(stats)
        a.createContainer(stats, "count=100,bytes=100")
        a.exists(stats)
        a.create(top + "/zookeeper_limits", "count=1000,bytes=1000")
        a.create(t.root + "/n", "x")
        a.getData(stats)
        a.setData(stats, "count=100,bytes=100")
        a.multi(wire.delete(stats), wire.create(stats, "count=1,bytes=1000",
                                                flags=4))
        a.getData(stats)

    @case("a quota over its own statistics" + enforced, world)
    def _(t):
        a = t.connect()
        top = t.also("/zookeeper/quota/zookeeper")
        stats = top + "/zookeeper_stats"
        a.create(top)
        a.create(top + "/zookeeper_limits", "count=1000,bytes=100000")
        a.create2(stats, "count=1000000,bytes=1000000")
        a.setData(stats, "count=9,bytes=9999")
        a.setData(top, "x" * 10000)
        a.exists(stats)
        a.delete(top + "/zookeeper_limits")

    @case("the deepest quota alone is charged" + enforced, world)
    def _(t):
        a = t.connect()
        a.create(t.root + "/in")
        outer = limit(t, a, "count=2,bytes=100=;byteHardLimit=-1;"
                      "countHardLimit=3")
        quota = "/zookeeper/quota" + t.root + "/in"
        a.create(quota)
        a.create(quota + "/zookeeper_limits", "count=9,bytes=9")
        a.create(quota + "/zookeeper_stats", "count=0,bytes=0")
        for n in range(4):
            a.create("%s/in/%d" % (t.root, n), "x")
        a.create(t.root + "/out", "x")
        a.create(t.root + "/out2", "x")
        a.getData(outer)
        a.getData(quota + "/zookeeper_stats")

    @case("a quota covers whole names" + enforced, world)
    def _(t):
        a = t.connect()
        a.create(t.root + "/n")
        stats = limit(t, a, "count=1,bytes=-1=;byteHardLimit=-1;"
                      "countHardLimit=2", "/n")
        a.create(t.root + "/n2")
        a.create(t.root + "/n/1")
        a.create(t.root + "/n/2")
        a.create(t.root + "/n2/1")
        a.getData(stats)

    @case("deleting the limits ends the quota" + enforced, world)
    def _(t):
        a = t.connect()
        stats = limit(t, a, "count=-1,bytes=-1=;byteHardLimit=-1;"
                      "countHardLimit=2")
        a.create(t.root + "/a")
        a.create(t.root + "/b")
        a.delete("/zookeeper/quota" + t.root + "/zookeeper_limits")
        a.create(t.root + "/c")
        a.getData(stats)

    @case("changing the limits changes the quota" + enforced, world)
    def _(t):
        a = t.connect()
        limit(t, a, "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1")
        limits = "/zookeeper/quota" + t.root + "/zookeeper_limits"
        a.create(t.root + "/a")
        a.setData(limits, "count=-1,bytes=-1=;byteHardLimit=-1;"
                  "countHardLimit=2")
        a.create(t.root + "/a")
        a.create(t.root + "/b")
        a.getData(limits)

    @case("statistics change without version, time or watch" + enforced,
          world)
    def _(t):
        a, b = t.connect(), t.connect()
        stats = limit(t, a, "count=100,bytes=100")
        b.getData(stats, True)
        t.pause()
        a.create(t.root + "/a", "x")
        b.drain()
        b.getData(stats)
        b.checkWatches(stats)

    @case("limits without statistics" + enforced, world)
    def _(t):
        a = t.connect()
        top = t.also("/zookeeper/quota" + t.root)
        a.create(top)
        a.create(top + "/zookeeper_limits", "count=1,bytes=1")
        a.create(t.root + "/a", "12345")
        a.setData(t.root + "/a", "1234567")
        a.delete(t.root + "/a")

    @case("a quota on a node that does not exist" + enforced, world)
    def _(t):
        a = t.connect()
        stats = limit(t, a, "count=2,bytes=9=;byteHardLimit=-1;"
                      "countHardLimit=2", "/later")
        a.getData(stats)
        a.create(t.root + "/later")
        a.create(t.root + "/later/1")
        a.create(t.root + "/later/2")
        a.getData(stats)

    @case("sequential and container children count" + enforced, world)
    def _(t):
        a = t.connect()
        stats = limit(t, a, "count=-1,bytes=-1=;byteHardLimit=-1;"
                      "countHardLimit=3")
        a.create(t.root + "/s", flags=2)
        a.createContainer(t.root + "/c")
        a.create2(t.root + "/s", flags=3)
        a.create(t.root + "/s", flags=2)
        a.getData(stats)
        a.getChildren2(t.root)

    @case("the end of a session is counted" + enforced, world)
    def _(t):
        a, b = t.connect(), t.connect()
        stats = limit(t, b, "count=9,bytes=99")
        a.create(t.root + "/e", "xyz", flags=1)
        a.create(t.root + "/f", "xyz", flags=1)
        b.getData(stats)
        a.quit()
        b.getData(stats)

    @case("a taken quota is refused before the version" + enforced, world)
    def _(t):
        a = t.connect()
        limit(t, a, "count=-1,bytes=-1=;byteHardLimit=2;countHardLimit=-1")
        a.create(t.root + "/a", "12")
        a.setData(t.root + "/a", "123", 9)
        a.setData(t.root + "/a", "1", 9)
        a.setData(t.root + "/no", "123")
        a.create(t.root + "/no/no", "123")
        a.create(t.root + "/a", "123")

    @case("a node that shrinks under a quota it exceeds" + enforced, world)
    def _(t):
        a = t.connect()
        a.create(t.root + "/a", "x" * 30)
        stats = limit(t, a, "count=-1,bytes=-1=;byteHardLimit=10;"
                      "countHardLimit=-1")
        for size in (20, 30, 5, 6):
            a.setData(t.root + "/a", "y" * size)
        a.getData(stats)


BAD_TEXT = ["", None, "nonsense", "count=x,bytes=y", "count=", "=", ",;=,",
            "count=1", "count=99999999999999999999"]
for number, text in enumerate(BAD_TEXT):
    def nonsense(t, text=text):
        a = t.connect()
        stats = limit(t, a, text)
        a.create(t.root + "/a", "12345")
        a.setData(t.root + "/a", "123456")
        a.delete(t.root + "/a")
        a.exists(stats)
    # Apache throws while it applies some of these.
    case("the limits %r are no limits" % (text,), world="quota",
         only="zabd")(nonsense)


# Apache dies of this one, and again at every start.
@case("a quota on the root is a plain node", world="quota", only="zabd")
def _(t):
    a = t.connect()
    quota = "/zookeeper/quota"
    a.create(t.also(quota + "/zookeeper_limits"), "count=1,bytes=1")
    a.create(t.also(quota + "/zookeeper_stats"), "mine")
    a.create(t.root + "/a", "12345")
    a.getData(quota + "/zookeeper_limits")
    a.getData(quota + "/zookeeper_stats")


# Apache throws at every write below.
@case("statistics that a client spoils", world="quota", only="zabd")
def _(t):
    a = t.connect()
    stats = limit(t, a, "count=9,bytes=900")
    a.create(t.root + "/a", "12345")
    a.setData(stats, "nonsense")
    a.create(t.root + "/b", "12345")
    a.getData(stats)
    a.setData(stats, "count=3,bytes=10")
    a.delete(t.root + "/b")
    a.getData(stats)
