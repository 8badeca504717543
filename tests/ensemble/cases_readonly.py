# SPDX-License-Identifier: Apache-2.0
"""Service without a leader: the mode itself, and how it ends."""

from kazoo.client import KazooClient, KazooState, KeeperState
from kazoo.exceptions import KazooException

from cases_basic import has, write_some
from ensemble import until
from frames import (READ_ONLY, Script, Session, error, held_to, places, wire)
import strike
from server import four
from trial import case


# --- without a leader ---------------------------------------------------------

READ_ONLY_LINES = """
the mode: read-only
isro: ro
not asked for: closed
asked for: in read-only
read: ok
children: ok
watched: ok
several reads: ok
write: NOTREADONLY at the last zxid True
writes: NOTREADONLY NOTREADONLY NOTREADONLY NOTREADONLY NOTREADONLY
sync: NOTREADONLY
pipelined: 1 ok, 2 NOTREADONLY, 3 ok, 4 NOTREADONLY
back: in read-only
the older connection is closed: True
a global session: closed
who has seen more: closed
close: ok
its connection is closed: True
back after the close: refused
transactions meanwhile: 0
a quorum is back: the connection is closed True
isro: rw
the session is unknown: refused
the global session: in
"""


def wait_for_mode(m, mode, seconds=20):
    until(lambda: m.mode() == mode, "%r is %s" % (m, mode), seconds)


def isro(m):
    return four(m.port, "isro", 2)


def read_only_life(s, m, global_sid, come_back):
    zxid = m.zxid()
    s.note("the mode: %s", m.mode())
    s.note("isro: %s", isro(m))
    s.note("not asked for: %s", Session(m).how())
    c = Session(m, readonly=1)
    s.note("asked for: %s", c.how())
    s.note("read: %s", c.ask(wire.getData("/ro")))
    s.note("children: %s", c.ask(wire.getChildren2("/")))
    s.note("watched: %s", c.ask(wire.exists("/ro", True)))
    s.note("several reads: %s", c.ask(wire.multiRead(wire.getData("/ro"))))
    s.note("write: %s at the last zxid %s", c.ask(wire.create("/ro/a")),
           c.zxid == zxid)
    s.note("writes: %s", " ".join(c.ask(r) for r in (
        wire.setData("/ro"), wire.delete("/ro"), wire.setACL("/ro"),
        wire.multi(wire.delete("/ro")), wire.create2(
            "/ro/a", flags=wire.EPH))))
    s.note("sync: %s", c.ask(wire.sync("/")))
    p = Session(m, readonly=1)
    p.send(wire.exists("/ro"), wire.setData("/ro"), wire.getData("/ro"),
           wire.sync("/"))
    answers = [p.reply() for _ in range(4)]
    if m.kind == "apache":      # its refusals overtake reads
        answers.sort(key=lambda a: a[0])
    s.note("pipelined: %s", ", ".join("%d %s" % (a[0], error(a[2]))
                                      for a in answers))
    again = Session(m, c.id, readonly=1)
    s.note("back: %s", again.how())
    s.note("the older connection is closed: %s", c.ends())
    s.note("a global session: %s", Session(m, global_sid, readonly=1).how())
    s.note("who has seen more: %s", Session(m, readonly=1,
                                            zxid=zxid + 1).how())
    s.note("close: %s", again.ask(wire.closeSession()))
    s.note("its connection is closed: %s", again.ends())
    s.note("back after the close: %s", Session(m, c.id, readonly=1).how())
    s.note("transactions meanwhile: %d", m.zxid() - zxid)
    come_back()
    s.note("a quorum is back: the connection is closed %s", p.ends(30))
    s.e.wait()
    s.note("isro: %s", isro(m))
    s.note("the session is unknown: %s", Session(m, p.id, readonly=1).how())
    s.note("the global session: %s", Session(m, global_sid,
                                             timeout=60000).how())


@case("short", "long", of=["zzz"])
def read_only(t, word):
    """One of three is left; it shows what it has to who asks for that."""
    e = t.ensemble(word, dict(READ_ONLY, localSessionsUpgradingEnabled="true"))
    e.start()
    leader = e.wait()
    left = e.followers()[0]
    keeper = Session(left, timeout=60000)
    keeper.ask(wire.create("/ro", b"kept"))
    keeper.ask(wire.create("/ro/e", flags=wire.EPH))
    keeper.ask(wire.sync("/"))
    others = [m for m in e if m is not left]
    for m in others:
        m.kill()
    t.say("%r is left, %r led", left, leader)
    wait_for_mode(left, "read-only")
    t.claim(keeper.ends(), "who did not ask for reads is let go")

    def come_back():
        for m in others:
            m.start_only()
    s = Script(t, e)
    read_only_life(s, left, keeper.id, come_back)
    held_to(t, s.lines, READ_ONLY_LINES)
    t.finish(e)


@case("long", of=["aaa"])
def read_only_of(t, word):
    """Apache answers the same."""
    read_only(t, word)


@case("long", of=["zzzZ"])
def read_only_observer(t, word):
    """An observer without voters does the same, and forgets it after."""
    e = t.ensemble(word, READ_ONLY)
    e.start()
    observer = [m for m in e if m.is_observer][0]
    made = Session(e.wait())
    made.ask(wire.create("/ro"))
    local = Session(observer)
    t.claim(local.ask(wire.create("/o")) == "ok", "writes at an observer")
    t.claim(local.ask(wire.sync("/")) == "ok", "syncs at an observer")
    for m in e.voters():
        m.kill()
    wait_for_mode(observer, "read-only")
    c = Session(observer, readonly=1)
    t.claim(c.ask(wire.getData("/o")) == "ok", "reads")
    t.claim(c.ask(wire.setData("/o")) == "NOTREADONLY", "does not write")
    for m in e.voters():
        m.start_only()
    t.claim(c.ends(30), "the mode ends")
    t.finish(e)


TAIL = ["/tail%d" % i for i in range(5)]


@case("short", "long", of=["zzz kept", "zzz cut"])
def read_only_tail(t, word, fate):
    """What a leader alone has in its log is not shown in the mode, and its
    way through the mode takes nothing from it and adds nothing to it: it is
    history if that server is elected again, and cut off if others are."""
    e = t.ensemble(word, READ_ONLY)
    e.start()
    leader, _ = places(e)
    followers = e.followers()
    writer = Session(leader, timeout=60000)
    t.claim(writer.ask(wire.create("/seen")) == "ok", "a write")
    zxid = writer.zxid
    for m in followers:
        m.freeze()
    writer.send(*[wire.create(path) for path in TAIL])
    until(lambda: leader.logged(TAIL[-1].encode()), "its log has it", 10)
    for m in followers:
        m.kill()
    wait_for_mode(leader, "read-only")
    t.claim(leader.zxid() == zxid, "the tail is shown: %x", leader.zxid())
    c = Session(leader, readonly=1)
    t.claim(c.ask(wire.exists("/seen", True)) == "ok", "what was acknowledged")
    t.claim(c.ask(wire.exists(TAIL[0], True)) == "NONODE", "and no more")
    again = Session(leader, c.id, readonly=1)
    t.claim(again.how() == "in read-only", "back: %s", again.how())
    if fate == "cut":
        leader.freeze()
        e.start(followers)
        t.claim(Session(followers[0]).ask(wire.create("/new")) == "ok",
                "a write without it")
        leader.thaw()
    else:
        e.start(followers)
    t.claim(again.ends(30), "the mode ends")
    e.wait(list(e))
    for m in e:
        reader = Session(m)
        reader.ask(wire.sync("/"))
        found = {reader.ask(wire.exists(path)) for path in TAIL}
        t.claim(found == {"ok" if fate == "kept" else "NONODE"},
                "%r has of the tail: %s", m, found)
    t.finish(e)


@case("short", "long", of=["zzz DIFF", "zzz SNAP"])
def read_only_start(t, word, way):
    """A member that starts alone shows what it loaded, and gives it up when
    the others come with what it missed, or with another tree altogether."""
    e = t.ensemble(word, dict(READ_ONLY, snapCount=300, snapshotSizeFactor=0,
                              commitLogCount=500))
    e.start()
    leader, alone = places(e)
    others = [m for m in e if m is not alone]
    t.claim(Session(leader).ask(wire.create("/old")) == "ok", "a write")
    reader = Session(alone)
    reader.ask(wire.sync("/"))
    alone.stop()
    write_some(t, leader, "while-away", 1500, 200)
    for m in others:
        m.stop()
    if way == "SNAP":
        alone.wipe()
    mark = alone.mark()
    alone.start_only()
    wait_for_mode(alone, "read-only")
    c = Session(alone, readonly=1)
    t.claim(c.ask(wire.exists("/old", True)) == (
        "ok" if way == "DIFF" else "NONODE"), "what it loaded")
    t.claim(c.ask(wire.exists("/while-away", True)) == "NONODE", "no more")
    e.start(others)
    t.claim(c.ends(30), "the mode ends")
    e.wait(list(e))
    t.claim(has(t, alone, "/while-away/001499"), "it lacks the last one")
    t.claim(alone.synced_by(mark) == [way], "came by %s",
            alone.synced_by(mark))
    t.finish(e)


@case("short", "long", of=["zzz"])
def read_only_kazoo(t, word):
    """kazoo finds the mode, and the way back to a member that writes."""
    e = t.ensemble(word, READ_ONLY)
    e.start()
    left = e.followers()[0]
    others = [m for m in e if m is not left]
    maker = Session(left)
    maker.ask(wire.create("/ro", b"kept"))
    for m in others:
        m.kill()
    wait_for_mode(left, "read-only")
    states = []
    c = KazooClient(hosts=e.hosts(), timeout=10, read_only=True)
    c.add_listener(states.append)
    c.start(30)
    try:
        t.claim(c.client_state == KeeperState.CONNECTED_RO, "state %s",
                c.client_state)
        t.claim(c.get("/ro")[0] == b"kept", "reads")
        try:
            c.create("/no")
            raise strike.Misbehaved("a write was taken")
        except KazooException as error:
            t.claim(type(error).__name__ == "NotReadOnlyCallError",
                    "a write answers %r", error)
        for m in others:
            m.start_only()
        e.wait()
        until(lambda: c.client_state == KeeperState.CONNECTED,
              lambda: "connected, to write: %s" % states, 60)
        c.create("/yes")
        t.say("states: %s", states)
        t.claim(KazooState.CONNECTED in states, "states: %s", states)
    finally:
        c.stop()
        c.close()
    t.finish(e)
