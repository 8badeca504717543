# SPDX-License-Identifier: Apache-2.0
"""Sessions that only one server knows, and service without a leader.

Most cases are a conversation in raw frames, written down as lines and held to
the lines below, whoever answers: Apache's servers prove that they are
Apache's, zabd's that it answers the same."""

import os
import signal
import struct
import sys
import threading
import time

from kazoo.client import KazooClient, KazooState, KeeperState
from kazoo.exceptions import KazooException

from cases_basic import has, write_some
from cases_fault import Striker
from ensemble import ROOT, four, until
from load import client
import strike
from trial import case

sys.path.append(os.path.join(ROOT, "tests", "conform"))

import wire  # noqa: E402

ERRORS = {0: "ok", -4: "CONNECTIONLOSS", -101: "NONODE", -110: "NODEEXISTS",
          -112: "EXPIRED", -119: "NOTREADONLY", -120: "EPHEMERALONLOCAL"}
LOCAL = {"localSessionsEnabled": "true"}
UPGRADING = dict(LOCAL, localSessionsUpgradingEnabled="true")
READ_ONLY = dict(LOCAL, **{"readonlymode.enabled": "true"})
SHORT_MS = 2000        # of a session that is to expire


def error(code):
    return ERRORS.get(code, str(code))


class Session:
    """One connection; `sid` is 0 when it was refused, None when closed."""

    def __init__(self, member, sid=0, timeout=20000, readonly=0, zxid=0,
                 password=None):
        self.xid, self.member = 0, member
        self.socket = wire.Socket(member.port)
        self.socket.send(wire.framed(wire.connectRequest(
            zxid, timeout, sid,
            password or (wire.password_of(sid) if sid else bytes(16)),
            readonly)))
        answer = self.socket.frame(10)
        if answer is None or len(answer) < 16:
            self.sid, self.timeout, self.readonly = None, None, None
            return
        _, self.timeout, self.sid = struct.unpack(">iiq", answer[:16])
        self.readonly = answer[36:]

    def how(self):
        if self.sid is None:
            return "closed"
        return "refused" if self.sid == 0 else "in" + (
            " read-only" if self.readonly == b"\1" else "")

    def send(self, *requests):
        """All at once; the xids."""
        xids, out = [], b""
        for op, body, _ in requests:
            self.xid += 1
            xids.append(self.xid)
            out += wire.framed(wire.i32(self.xid) + wire.i32(op) + body)
        self.socket.send(out)
        return xids

    def hear(self, seconds=10):
        """The next reply (xid, zxid, err, body), or None."""
        frame = self.socket.frame(seconds)
        return frame and struct.unpack(">iqi", frame[:16]) + (frame[16:],)

    def ask(self, request):
        """The answer's error as a word; zxid and body are kept."""
        self.send(request)
        answer = self.hear()
        if answer is None:
            return "closed"
        _, self.zxid, code, self.body = answer
        return error(code)

    def results(self):
        """Of the multi just answered: the error of each operation."""
        found, at = [], 0
        while True:
            kind, done, _ = struct.unpack(">i?i", self.body[at:at + 9])
            if done:
                return " ".join(found)
            at += 9
            if kind == -1:
                found.append(error(struct.unpack(
                    ">i", self.body[at:at + 4])[0]))
                at += 4
            else:
                found.append("ok")
                at += 4 + struct.unpack(">i", self.body[at:at + 4])[0]

    def ends(self, seconds=10):
        """Is the connection closed, with nothing said before?"""
        return self.socket.rest(seconds) == b"" and self.socket.closed

    def close(self):
        self.socket.close()


class Script:
    """What happened, one line each."""

    def __init__(self, t, e):
        self.t, self.e, self.lines = t, e, []

    def note(self, text, *more):
        self.lines.append(text % more if more else text)
        self.t.say(self.lines[-1])

    def counted(self, e, text, act):
        """act(), and how many transactions it took."""
        before = e.zxid()
        what = act()
        self.note("%s: %s, transactions: %d", text, what, e.zxid() - before)


def figure(member, name):
    for line in (four(member.port, "mntr", 2) or "").splitlines():
        if line.startswith("zk_" + name + "\t"):
            return int(line.split("\t")[1])
    return None


def held_to(t, lines, expected):
    wanted = [line.strip() for line in expected.strip().splitlines()]
    for i, (got, want) in enumerate(zip(lines + [None], wanted + [None])):
        t.claim(got == want, "line %d: %r, not %r", i + 1, got, want)


def places(e):
    """The leader and a follower, both in this epoch."""
    leader, follower = e.wait(), e.followers()[0]
    for m in leader, follower:
        c = Session(m)
        c.ask(wire.create("/warm%d" % m.sid))
        c.ask(wire.sync("/"))
        c.ask(wire.closeSession())
    return leader, follower


# --- local sessions -----------------------------------------------------------

LOCAL_LINES = """
leader: open: in, transactions: 0
leader: create: ok, transactions: 1
leader: ephemeral: EPHEMERALONLOCAL, transactions: 1
leader: create2 ephemeral: EPHEMERALONLOCAL, transactions: 1
leader: multi with an ephemeral: EPHEMERALONLOCAL -2, transactions: 1
leader: a container with such flags: EXPIRED, transactions: 1
leader: flags that are none: -8, transactions: 1
leader: an ephemeral that is there: EPHEMERALONLOCAL, transactions: 1
leader: a container in a multi with such flags: EPHEMERALONLOCAL, transactions: 1
leader: back: in
leader: the older connection is closed: True
leader: local sessions: 1
leader: back at another server: refused
leader: back with a wrong password: refused
leader: close: ok, transactions: 0
leader: the connection is closed: True
leader: back after the close: refused
leader: silent: closed True, then refused
follower: open: in, transactions: 0
follower: create: ok, transactions: 1
follower: ephemeral: EPHEMERALONLOCAL, transactions: 1
follower: create2 ephemeral: EPHEMERALONLOCAL, transactions: 1
follower: multi with an ephemeral: EXPIRED -2, transactions: 1
follower: a container with such flags: EXPIRED, transactions: 1
follower: flags that are none: -8, transactions: 1
follower: an ephemeral that is there: EPHEMERALONLOCAL, transactions: 1
follower: a container in a multi with such flags: EXPIRED, transactions: 1
follower: back: in
follower: the older connection is closed: True
follower: local sessions: 1
follower: back at another server: refused
follower: back with a wrong password: refused
follower: close: ok, transactions: 0
follower: the connection is closed: True
follower: back after the close: refused
follower: silent: closed True, then refused
"""


def local_life(s, where, m, other):
    """One session from open to close, and one that is forgotten."""
    made = []
    s.counted(m, where + ": open", lambda: made.append(Session(m)) or
              made[0].how())
    c = made[0]
    s.counted(m, where + ": create", lambda: c.ask(
        wire.create("/" + where)))
    s.counted(m, where + ": ephemeral", lambda: c.ask(
        wire.create("/%s-e" % where, flags=wire.EPH)))
    s.counted(m, where + ": create2 ephemeral", lambda: c.ask(
        wire.create2("/%s-e" % where, flags=wire.EPHSEQ)))

    def several():
        answer = c.ask(wire.multi(wire.create("/%s-e" % where,
                                              flags=wire.EPH),
                                  wire.delete("/" + where)))
        return c.results() if answer == "ok" else answer
    s.counted(m, where + ": multi with an ephemeral", several)

    s.counted(m, where + ": a container with such flags", lambda: c.ask(
        wire.createContainer("/%s-c" % where, flags=wire.EPH)))
    s.counted(m, where + ": flags that are none", lambda: c.ask(
        wire.create("/%s-c" % where, flags=9)))
    s.counted(m, where + ": an ephemeral that is there", lambda: c.ask(
        wire.create("/" + where, flags=wire.EPH)))

    def in_multi():
        c.ask(wire.multi(wire.createContainer("/%s-c" % where,
                                              flags=wire.EPH)))
        return c.results()
    s.counted(m, where + ": a container in a multi with such flags", in_multi)

    again = Session(m, c.sid)
    s.note(where + ": back: %s", again.how())
    s.note(where + ": the older connection is closed: %s", c.ends())
    s.note(where + ": local sessions: %s", figure(m, "local_sessions"))
    s.note(where + ": back at another server: %s",
           Session(other, c.sid).how())
    s.note(where + ": back with a wrong password: %s",
           Session(m, c.sid, password=b"x" * 16).how())
    # Apache has closed the rightful connection for that one.
    again = Session(m, c.sid)
    s.counted(m, where + ": close", lambda: again.ask(wire.closeSession()))
    s.note(where + ": the connection is closed: %s", again.ends())
    s.note(where + ": back after the close: %s", Session(m, c.sid).how())

    silent = Session(m, timeout=SHORT_MS)
    is_closed = silent.ends(SHORT_MS / 1000 + 3)
    s.note(where + ": silent: closed %s, then %s", is_closed,
           Session(m, silent.sid).how())


@case("short", "long", of=["zzz"])
def local_sessions(t, word):
    """Sessions without a transaction, on the leader and on a follower."""
    e = t.ensemble(word, LOCAL)
    e.start()
    s = Script(t, e)
    leader, follower = places(e)
    local_life(s, "leader", leader, follower)
    local_life(s, "follower", follower, leader)
    held_to(t, s.lines, LOCAL_LINES)
    t.finish(e)


@case("long", of=["aaa"])
def local_sessions_of(t, word):
    """Apache answers the same."""
    local_sessions(t, word)


@case("long", of=["zza zabd", "zaa apache", "aaz zabd"])
def local_sessions_mixed(t, word, kind):
    """The same where others lead."""
    e = t.ensemble(word, LOCAL)
    e.elect(kind)
    s = Script(t, e)
    leader, _ = places(e)
    follower = [m for m in e if m.kind != kind][0]
    local_life(s, "leader", leader, follower)
    local_life(s, "follower", follower, leader)
    held_to(t, s.lines, LOCAL_LINES)
    t.finish(e)


# --- sessions that become global ------------------------------------------------

UPGRADED_LINES = """
open: in, transactions: 0
create: ok, transactions: 1
a container: ok, transactions: 1
ephemeral: ok, transactions: 2
it is the owner: True
ephemeral again: ok, transactions: 1
back at another server: in
the ephemeral is there: ok
pipelined: 1 ok, 2 ok, 3 NODEEXISTS, 4 ok, 5 ok, 6 ok
its connection is closed: True
nothing of it is left: NONODE NONODE
by multi: ok ok, transactions: 2
its ephemeral: ok
it expires, and with it its ephemeral: NONODE
"""


def upgraded_life(s, m, other):
    made = []
    s.counted(m, "open", lambda: made.append(Session(m)) or made[0].how())
    c = made[0]
    s.counted(m, "create", lambda: c.ask(wire.create("/up")))
    s.counted(m, "a container",
              lambda: c.ask(wire.createContainer("/up/container")))
    s.counted(m, "ephemeral", lambda: c.ask(
        wire.create("/up/e", flags=wire.EPH)))
    c.ask(wire.exists("/up/e"))
    owner = struct.unpack(">q", c.body[44:52])[0]
    s.note("it is the owner: %s", owner == c.sid)
    s.counted(m, "ephemeral again", lambda: c.ask(
        wire.create("/up/f", flags=wire.EPH)))
    moved = Session(other, c.sid)
    s.note("back at another server: %s", moved.how())
    s.note("the ephemeral is there: %s", moved.ask(wire.exists("/up/e")))
    moved.close()

    # Everything at once: the session is local when the frames are sent.
    p = Session(m)
    p.send(wire.exists("/up"), wire.create("/up/p", flags=wire.EPH),
           wire.create("/up/p"), wire.create("/up/q", flags=wire.EPH),
           wire.getData("/up/q"), wire.closeSession())
    answers = [p.hear() for _ in range(6)]
    s.note("pipelined: %s", ", ".join("%d %s" % (a[0], error(a[2]))
                                      for a in answers))
    s.note("its connection is closed: %s", p.ends())
    reader = Session(m)
    s.note("nothing of it is left: %s %s", reader.ask(wire.exists("/up/p")),
           reader.ask(wire.exists("/up/q")))

    by_multi = Session(m, timeout=SHORT_MS)

    def several():
        by_multi.ask(wire.multi(wire.create("/up/m"), wire.create(
            "/up/n", flags=wire.EPH)))
        return by_multi.results()
    s.counted(m, "by multi", several)
    s.note("its ephemeral: %s", reader.ask(wire.exists("/up/n")))
    by_multi.close()
    time.sleep(SHORT_MS / 1000 + 2)
    s.note("it expires, and with it its ephemeral: %s",
           reader.ask(wire.exists("/up/n")))


@case("short", "long", of=["zzz"])
def upgraded_sessions(t, word):
    """A session that creates an ephemeral becomes global first."""
    for at in range(2):
        e = t.ensemble(word, UPGRADING)
        e.start()
        leader, follower = places(e)
        s = Script(t, e)
        upgraded_life(s, *((leader, follower) if at == 0 else
                           (follower, leader)))
        held_to(t, s.lines, UPGRADED_LINES)
        t.finish(e)


@case("long", of=["aaa"])
def upgraded_sessions_of(t, word):
    upgraded_sessions(t, word)


@case("long", of=["zza zabd", "zaa apache", "aaz zabd"])
def upgraded_sessions_mixed(t, word, kind):
    """The same through a follower of the other kind: the leader gets the
    createSession and the write that needs it in one go."""
    e = t.ensemble(word, UPGRADING)
    e.elect(kind)
    leader, _ = places(e)
    follower = [m for m in e if m.kind != kind][0]
    Session(follower).ask(wire.sync("/"))
    s = Script(t, e)
    upgraded_life(s, follower, leader)
    held_to(t, s.lines, UPGRADED_LINES)
    t.finish(e)


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
    answers = [p.hear() for _ in range(4)]
    if m.kind == "apache":      # its refusals overtake reads
        answers.sort(key=lambda a: a[0])
    s.note("pipelined: %s", ", ".join("%d %s" % (a[0], error(a[2]))
                                      for a in answers))
    again = Session(m, c.sid, readonly=1)
    s.note("back: %s", again.how())
    s.note("the older connection is closed: %s", c.ends())
    s.note("a global session: %s", Session(m, global_sid, readonly=1).how())
    s.note("who has seen more: %s", Session(m, readonly=1,
                                            zxid=zxid + 1).how())
    s.note("close: %s", again.ask(wire.closeSession()))
    s.note("its connection is closed: %s", again.ends())
    s.note("back after the close: %s", Session(m, c.sid, readonly=1).how())
    s.note("transactions meanwhile: %d", m.zxid() - zxid)
    come_back()
    s.note("a quorum is back: the connection is closed %s", p.ends(30))
    s.e.wait()
    s.note("isro: %s", isro(m))
    s.note("the session is unknown: %s", Session(m, p.sid, readonly=1).how())
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
    read_only_life(s, left, keeper.sid, come_back)
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
    time.sleep(0.2)
    for m in followers:
        m.kill()
    wait_for_mode(leader, "read-only")
    t.claim(leader.zxid() == zxid, "the tail is shown: %x", leader.zxid())
    c = Session(leader, readonly=1)
    t.claim(c.ask(wire.exists("/seen", True)) == "ok", "what was acknowledged")
    t.claim(c.ask(wire.exists(TAIL[0], True)) == "NONODE", "and no more")
    again = Session(leader, c.sid, readonly=1)
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


# --- through faults -------------------------------------------------------------

@case("short", "long", of=["zzz"])
def local_sessions_are_held(t, word):
    """A leader dies: the others' local sessions go on, on the connections
    that they have, and can still become global."""
    e = t.ensemble(word, UPGRADING)
    e.start()
    leader, follower = places(e)
    c = Session(follower, timeout=60000)
    t.claim(c.ask(wire.create("/before")) == "ok", "a write")
    leader.kill()
    t.claim(c.ask(wire.getData("/before")) == "ok", "a read")
    t.claim(c.ask(wire.create("/after", flags=wire.EPH)) == "ok",
            "an ephemeral")
    t.claim(figure(follower, "local_sessions") == 0, "it is global")
    other = [m for m in e.running() if m is not follower][0]
    t.claim(Session(other, c.sid, timeout=60000).how() == "in",
            "and can move")
    leader.start()
    t.finish(e)


@case("short", "long", of=["zzz"])
def local_sessions_and_processes(t, word):
    """A client process dies: its local sessions live.  Replication dies, and
    they with it."""
    e = t.ensemble(word, LOCAL)
    e.start()
    _, follower = places(e)
    names = set(follower.processes())
    c = Session(follower, timeout=60000)

    def kill(kind):
        for name in sorted(n for n in names if n.startswith(kind)):
            strike.hit_child(follower, name, signal.SIGKILL, None)
    kill("client")
    t.claim(c.ends(), "the connection is gone")
    strike.wait_whole(follower, names)
    again = Session(follower, c.sid, timeout=60000)
    t.claim(again.how() == "in" and again.ask(wire.create("/a")) == "ok",
            "back: %s", again.how())
    kill("repl")
    t.claim(again.ends(), "the connection is gone")
    strike.wait_whole(follower, names)
    e.wait()
    t.claim(Session(follower, c.sid).how() == "refused", "it is forgotten")
    t.finish(e)


class Roamer(threading.Thread):
    """A kazoo client that takes a new session whenever it lost one, and
    writes what lasts and what ends with the session."""

    def __init__(self, name, e):
        super().__init__(daemon=True)
        self.client = client(e.hosts(), 4.0)
        self.name, self.is_over, self.made = name, False, []

    def run(self):
        n = 0
        while not self.is_over:
            n += 1
            path = "/roam/%s-%d" % (self.name, n)
            try:
                self.client.create(path)
                self.made.append(path)
                self.client.create(path + "-e", ephemeral=n % 2 == 0)
            except KazooException:
                time.sleep(0.05)    # nobody knows; another name then

    def stop(self):
        self.is_over = True
        self.join(30)
        self.client.stop()
        self.client.close()


def roam(t, word, hows, hits):
    """Members are hit while all sessions begin as local ones.  What was
    acknowledged is there, and no ephemeral outlives its session."""
    e = t.ensemble(word, dict(UPGRADING, **{"readonlymode.enabled": "true"}))
    e.start()
    places(e)
    t.client(e.wait()).ensure_path("/roam")
    t.close_clients()
    roamers = [Roamer("r%d" % i, e) for i in range(4)]
    for r in roamers:
        r.start()
    striker = Striker(t, e)
    t.served = lambda: until(
        lambda was=[len(r.made) for r in roamers]:
        all(len(r.made) > n for r, n in zip(roamers, was)),
        "all write again", 60)
    for i in range(hits):
        striker.hit(hows[i % len(hows)],
                    "leader" if (i // len(hows)) % 2 == 0 else "follower")
        time.sleep(0.5)
    for r in roamers:
        r.stop()
    t.notes.append("writes=%d" % sum(len(r.made) for r in roamers))
    until(lambda: all(figure(m, "ephemerals_count") == 0 and
                      figure(m, "local_sessions") == 0 for m in e),
          lambda: "nothing of the sessions is left: %s" % [
              (m.sid, figure(m, "ephemerals_count"),
               figure(m, "local_sessions")) for m in e], 30)
    for m in e:
        c = t.client(m)
        c.sync("/")
        there = {"/roam/" + name for name in c.get_children("/roam")}
        lost = [p for r in roamers for p in r.made if p not in there]
        t.claim(not lost, "%r lacks %d acknowledged nodes: %s", m, len(lost),
                lost[:3])
        t.close_clients()
    t.finish(e)


@case("short", of=["zzz"])
def local_sessions_under_fire(t, word):
    """Clients whose sessions are local until they need more."""
    roam(t, word, ["kill", "one_process"], 4)


@case("long", of=["zzz", "zza", "zaa"])
def local_sessions_under_long_fire(t, word):
    roam(t, word, ["kill", "one_process", "freeze", "stop"], 12)
