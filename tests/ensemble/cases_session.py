# SPDX-License-Identifier: Apache-2.0
"""Sessions that only one server knows, and those that become global."""

import signal
import struct
import threading
import time

from kazoo.exceptions import KazooException

from cases_fault import Striker
from cases_master import PORT, master_is
from ensemble import until
from frames import (LOCAL, SHORT_MS, UPGRADING, Script, Session, error,
                    held_to, places, wire)
from load import client
import strike
from trial import case


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

    again = Session(m, c.id)
    s.note(where + ": back: %s", again.how())
    s.note(where + ": the older connection is closed: %s", c.ends())
    s.note(where + ": local sessions: %s", m.figure("local_sessions"))
    s.note(where + ": back at another server: %s",
           Session(other, c.id).how())
    s.note(where + ": back with a wrong password: %s",
           Session(m, c.id, password=b"x" * 16).how())
    # Apache has closed the rightful connection for that one.
    again = Session(m, c.id)
    s.counted(m, where + ": close", lambda: again.ask(wire.closeSession()))
    s.note(where + ": the connection is closed: %s", again.ends())
    s.note(where + ": back after the close: %s", Session(m, c.id).how())

    silent = Session(m, timeout=SHORT_MS)
    is_closed = silent.ends(SHORT_MS / 1000 + 3)
    s.note(where + ": silent: closed %s, then %s", is_closed,
           Session(m, silent.id).how())


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


@case("long", of=["zzz zabd", "zaa apache"])
def local_sessions_of_some(t, word, kind):
    """A leader without them takes them for none, and the log says why their
    clients cannot write."""
    e = t.ensemble(word)
    e[1].extra = LOCAL
    e.elect(kind)
    c = Session(e[1])
    c.ask(wire.sync("/"))
    answer = c.ask(wire.setData("/", "x"))
    t.claim(answer == "EXPIRED", "it is answered %s", answer)
    until(lambda: e[1].said("localSessionsEnabled must be true"),
          "the log says why", 10)
    t.claim(c.ask(wire.exists("/")) == "ok", "it cannot read")
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
    s.note("it is the owner: %s", owner == c.id)
    s.counted(m, "ephemeral again", lambda: c.ask(
        wire.create("/up/f", flags=wire.EPH)))
    moved = Session(other, c.id)
    s.note("back at another server: %s", moved.how())
    s.note("the ephemeral is there: %s", moved.ask(wire.exists("/up/e")))
    moved.close()

    # Everything at once: the session is local when the frames are sent.
    p = Session(m)
    p.send(wire.exists("/up"), wire.create("/up/p", flags=wire.EPH),
           wire.create("/up/p"), wire.create("/up/q", flags=wire.EPH),
           wire.getData("/up/q"), wire.closeSession())
    answers = [p.reply() for _ in range(6)]
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


OBSERVED = ["%s %s" % (word, kind) for word in ("zazZ", "zazA", "aaaZ", "zzzA")
            for kind in ("local", "upgrading")]


@case("long", of=OBSERVED)
def sessions_of_observers(t, word, kind):
    """The same at an observer that learns from a follower."""
    e = t.ensemble(word, dict(UPGRADING if kind == "upgrading" else LOCAL,
                              observerMasterPort=PORT), net=True)
    e.start()
    watcher = [m for m in e if m.is_observer][0]
    master_is(t, e, watcher)
    _, other = places(e)
    first = Session(watcher)
    first.ask(wire.sync("/"))
    first.ask(wire.closeSession())
    s = Script(t, e)
    if kind == "upgrading":
        upgraded_life(s, watcher, other)
        held_to(t, s.lines, UPGRADED_LINES)
    else:
        local_life(s, "follower", watcher, other)
        held_to(t, s.lines, LOCAL_LINES[LOCAL_LINES.index("follower: open"):])
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
    t.claim(follower.figure("local_sessions") == 0, "it is global")
    other = [m for m in e.running() if m is not follower][0]
    t.claim(Session(other, c.id, timeout=60000).how() == "in",
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
    again = Session(follower, c.id, timeout=60000)
    t.claim(again.how() == "in" and again.ask(wire.create("/a")) == "ok",
            "back: %s", again.how())
    kill("repl")
    t.claim(again.ends(), "the connection is gone")
    strike.wait_whole(follower, names)
    e.wait()
    t.claim(Session(follower, c.id).how() == "refused", "it is forgotten")
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
    until(lambda: all(m.figure("ephemerals_count") == 0 and
                      m.figure("local_sessions") == 0 for m in e),
          lambda: "nothing of the sessions is left: %s" % [
              (m.sid, m.figure("ephemerals_count"),
               m.figure("local_sessions")) for m in e], 30)
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


# --- who asks -------------------------------------------------------------------

@case("short", "long", of=["zzz zabd", "zza apache"])
def auth_behind_a_write(t, word, kind):
    """A write that waited goes out as who asked when it came."""
    e = t.ensemble(word)
    e.elect(kind)
    _, follower = places(e)
    mark = follower.mark()
    c = Session(follower)
    c.send(wire.create("/who", "x"), wire.getData("/who"),
           wire.create("/who/late", acl=[(31, "auth", "")]),
           wire.auth("digest", "bob:pw"), wire.getACL("/who/late"))
    answers = [error(a[2]) if a else "closed" for a in
               (c.reply() for _ in range(5))]
    t.claim(answers == ["ok", "ok", "-114", "ok", "NONODE"],
            "it is answered %s", answers)
    t.claim(not follower.said("looking", mark), "it lost its leader")
    t.finish(e)


# --- a session that owns more than one closeSession holds ---------------------

MANY = 9000            # 8192 go in one


@case("short", of=["zzaZA"])
def many_ephemerals(t, word):
    """What does not fit into the closeSession is deleted in a multi just before
    it: on every member, zabd or Apache, each watcher hears once of the end of
    each node, and all trees are the same."""
    e = t.ensemble(word)
    leader = e.elect("zabd")
    owner = t.client(leader)
    owner.create("/many", b"")
    made = [owner.create_async("/many/%05d" % i, ephemeral=True)
            for i in range(MANY)]
    until(lambda: all(one.ready() for one in made), "they are made", 60)
    told, watchers = [], [(m, t.client(m)) for m in e]
    for m, c in watchers:
        c.sync("/many")
        t.claim(len(c.get_children("/many")) == MANY, "%r has not all", m)
        for i in range(0, MANY, 500):
            c.exists("/many/%05d" % i, watch=lambda event, m=m: told.append(
                (m.sid, event.type, event.path)))
    owner.stop()
    for m, c in watchers:
        until(lambda: not c.get_children("/many"), "none is left at %r" % m, 30)
    expected = sorted((m.sid, "DELETED", "/many/%05d" % i) for m in e
                      for i in range(0, MANY, 500))
    until(lambda: len(told) >= len(expected), "all are told", 10)
    t.claim(sorted(told) == expected, "told: %r", sorted(told))
    t.finish(e)
