# SPDX-License-Identifier: Apache-2.0
"""The moves of a storm: what can happen to a server, its disk, its links, its
clock, and what clients can do.  Each is a generator that storm.py runs; it is
given the storm, a random of its own, and its member."""

import contextlib
import os
import re
import signal
import subprocess

import strike
from ensemble import ZAB
from net import HUB
from storm import BACK_S, move

AGAIN = 0.4            # how often who comes back is hit again on its way
NOT_NOW = re.compile("there is no finished image|is taking the place of")
HOUR_MS = 3600 * 1000
CLOCKS_MS = (300, 2000, 20000, HOUR_MS, 24 * HOUR_MS)


# --- who comes back -----------------------------------------------------------


def blow(s, random, m):
    """Something more, while it loads, elects or is brought in step."""
    what = random.choice(("kill", "process", "process", "image", "snapshot",
                          "log", "export"))
    names = sorted(m.processes().items())
    if what == "process" and names:
        name, pid = random.choice(names)
        s.t.say("  %r: kill %s, too", m, name)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return
    s.t.say("  %r: kill it again, %s", m, what)
    m.kill()
    if m.kind == "zabd":
        if what == "image":
            m.lose_image()
        elif what == "snapshot":
            m.lose_snapshot()
        elif what == "log":
            m.tear_log(random.random(), random.random() < 0.5)
        elif what == "export":
            export_if_it_may(s, m)
    m.start_only()


def export_if_it_may(s, m):
    """In the middle of something there may be nothing that could go on as
    something else, and then the tool must say so."""
    try:
        m.go_through_export()
    except strike.Misbehaved as e:
        s.t.say("  %s", e)
        if not NOT_NOW.search(str(e)):
            raise


def rise(s, random, m):
    """Part of a move: it is started, and in the end it serves."""
    m.start_only()
    while random.random() < AGAIN:
        yield random.uniform(0.0, 0.8)
        blow(s, random, m)
    yield from s.back(m)


def whole(s, m, names):
    """Part of a move: every process is there again, and it serves."""
    if not (yield from s.until(
            lambda: set(strike.processes(m.pid)) >= names, BACK_S)):
        raise strike.Misbehaved("%r has but %s of %s" % (
            m, set(strike.processes(m.pid)), names))
    yield from s.back(m)


# --- processes ----------------------------------------------------------------


@move(6)
def killed(s, random, m):
    m.kill()
    yield random.uniform(0.0, 4.0)
    yield from rise(s, random, m)


@move(3)
def stopped(s, random, m):
    s.down(random, m)
    yield random.choice((0.0, 0.0, 2.0))
    yield from rise(s, random, m)


@move(4)
def frozen(s, random, m):
    m.freeze()
    yield random.uniform(0.2, 6.0)
    m.thaw()


@move(7, "zabd")
def processes_killed(s, random, m):
    """One of its processes or some; it makes others by itself, and the first
    may be there again when the last is hit."""
    names = set(m.processes())
    for _ in range(random.choice((1, 1, 2, 4))):
        there = sorted(m.processes().items())
        if there:
            name, pid = random.choice(there)
            s.t.say("  %r: kill %s", m, name)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        yield random.choice((0.0, 0.0, 0.05, 0.3))
    yield from whole(s, m, names)


@move(4, "zabd")
def process_frozen(s, random, m):
    names = m.processes()
    name, pid = random.choice(sorted(names.items()) + [("super", m.pid)])
    s.t.say("  freeze %s", name)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    yield random.uniform(0.05, 2.5)
    if pid == m.pid or strike.is_same(pid, name):   # it may have been ended
        os.kill(pid, signal.SIGCONT)
    yield from whole(s, m, set(names))


@move(1, "zabd")
def supervisor_killed(s, random, m):
    """Its children go with it."""
    os.kill(m.pid, signal.SIGKILL)
    m.child.wait(10)
    if not (yield from s.until(lambda: not m.group(), 10)):
        raise strike.Misbehaved("outlived their supervisor: %s" % m.group())
    yield from rise(s, random, m)


@move(2, "zabd")
def reloaded(s, random, m):
    """The configuration changes, with nothing that anybody would notice."""
    m.extra["globalOutstandingLimit"] = random.randrange(500, 2000)
    m.configure()
    os.kill(m.pid, signal.SIGHUP)
    yield 0.1


# --- several ------------------------------------------------------------------


def rise_all(s, random, members):
    """Part of a move: all of these, one after the other or at once."""
    courses = [rise(s, random, m) for m in members]
    while courses:
        for course in list(courses):
            try:
                yield min(next(course), 0.3)
            except StopIteration:
                courses.remove(course)


@move(2, "all")
def all_killed(s, random, *members):
    """The power fails."""
    for m in members:
        m.kill_now()
    for m in members:
        m.kill()
    yield from rise_all(s, random, members)


@move(2, "all")
def majority_killed(s, random, *members):
    lost = random.sample(members, min(len(members),
                                      len(s.e.voters()) // 2 + 1))
    s.t.say("  which are %s", lost)
    for m in lost:
        m.kill()
    yield random.uniform(0.0, 1.5)
    yield from rise_all(s, random, lost)


@move(3, "all")
def heirs_killed(s, random, *members):
    """The leader, and who leads after it, as soon as it does."""
    lost = []
    for _ in range(2):
        leader = yield from s.until(
            lambda: s.e.leader() if s.e.leader() in members else None, 5.0)
        if leader:
            s.t.say("  kill %r", leader)
            leader.kill()
            lost.append(leader)
        yield random.choice((0.0, 0.0, 0.3))
    yield from rise_all(s, random, lost)


@move(3, "all")
def tail_for_nobody(s, random, *members):
    """The leader logs what nobody else does, and all die; the others are back
    first."""
    leader = s.e.leader()
    others = [m for m in members if m is not leader]
    if leader not in members:
        return
    for m in others:
        m.freeze()
    yield random.uniform(0.05, 0.4)
    for m in [leader] + others:
        m.kill()
    for m in others:
        m.start_only()
    yield random.uniform(0.0, 2.0)
    yield from rise(s, random, leader)
    for m in others:
        yield from s.back(m)


# --- disks --------------------------------------------------------------------


@move(4, "zabd", needs=("copy",))
def wiped(s, random, m):
    """It comes back with nothing, where the others have all it had."""
    s.down(random, m)
    if (yield from s.others_have_all(m)):
        s.t.say("  %r is empty", m)
        m.wipe()
    yield from rise(s, random, m)


def changed_while_down(s, random, m, change):
    s.down(random, m)
    change()
    yield random.choice((0.0, 0.5))
    yield from rise(s, random, m)


@move(2, "zabd")
def image_lost(s, random, m):
    """Snapshots and log have it all."""
    yield from changed_while_down(s, random, m, m.lose_image)


@move(2, "zabd")
def snapshot_lost(s, random, m):
    """The newest; the image has it all."""
    yield from changed_while_down(s, random, m, m.lose_snapshot)


@move(3, "zabd")
def record_torn(s, random, m):
    """The power failed in the middle of one more record."""
    yield from changed_while_down(s, random, m, lambda: m.tear_log(
        random.random(), random.random() < 0.5))


@move(2, "zabd")
def exported(s, random, m):
    """It goes on with what `zab export` makes of its data."""
    yield from changed_while_down(s, random, m, m.go_through_export)


@move(4, "disk", needs=("disk",))
def disk_full(s, random, m):
    """Full for a while, maybe full when it starts; where its log failed it is
    started anew."""
    m.fill_disk()
    if random.random() < 0.3:
        m.kill()
        m.start_only()
    yield random.uniform(1.0, 8.0)
    if m.clear_disk() or not m.is_running():
        s.t.say("  its log failed")
        m.stop()
        m.start_only()
    yield from s.back(m)


# --- links --------------------------------------------------------------------


@move(5, "none", needs=("links",))
def links_cut(s, random):
    """Some hear nothing from some, or nothing comes back either."""
    sids = [m.sid for m in s.e]
    one = random.sample(sids, random.randint(1, len(sids) // 2))
    leader = s.e.leader()
    if leader and random.random() < 0.4:
        one = [leader.sid]
    others = [sid for sid in sids if sid not in one]
    if random.random() < 0.3:
        others = [random.choice(others)]
    way = random.choice(("split", "mute", "deaf"))
    s.t.say("  %s and %s: %s", one, others, way)
    for a in one:
        for b in others:
            if way != "deaf":
                s.t.net.cut(a, b)
            if way != "mute":
                s.t.net.cut(b, a)
    yield random.uniform(0.3, 8.0)
    s.t.net.heal()


@move(3, "none", needs=("links",))
def links_lossy(s, random):
    """Whatever one sends to another is lost now and then, and comes late."""
    a, b = random.sample([m.sid for m in s.e], 2)
    s.t.say("  from %d to %d", a, b)
    for _ in range(random.randint(5, 15)):
        s.t.net.cut(a, b)
        yield random.uniform(0.02, 0.25)
        s.t.net.join_again(a, b)
        yield random.uniform(0.02, 0.25)


@move(3, "none", needs=("links",))
def link_narrow(s, random):
    """One member's wire is slow, and what it sends waits in a long queue."""
    place = s.t.net.place(random.choice([m.sid for m in s.e]))
    s.t.say("  that of %d", place.number)
    place.narrow(random.choice((500, 2000)))
    yield random.uniform(1.0, 6.0)
    place.widen()


@move(3, "member", needs=("links",))
def unplugged(s, random, m):
    """Nothing goes in or out, and whoever sends is told so."""
    m.place.plug(False)
    yield random.uniform(0.1, 5.0)
    m.place.plug(True)
    s.t.net.heal()
    yield from s.back(m)


@move(4, "member", needs=("links",))
def answers_lost(s, random, m):
    """It does what its clients ask for, and they do not hear of it; then
    their connections break."""
    s.t.net.cut(m.sid, HUB)
    yield random.uniform(0.2, 3.0)
    m.kill()
    s.t.net.join_again(m.sid, HUB)
    yield from rise(s, random, m)


# --- clocks -------------------------------------------------------------------


@move(3, "zabd")
def clock_set(s, random, m):
    offset_ms = random.choice(CLOCKS_MS) * random.choice((-1, 1))
    s.t.say("  by %d ms", offset_ms)
    m.set_clock(offset_ms)
    yield 0.1


# --- clients ------------------------------------------------------------------


@move(2, "none")
def clients_scattered(s, random):
    """Half of the connections break; the sessions come back elsewhere."""
    s.t.crowd.scatter(random)
    s.registers.scatter(random)
    yield 0.1


@move(3)
def burst(s, random, m):
    """Many requests at once, by clients who do not mind what becomes of
    them."""
    words = random.choice((
        "set --connections 20 --depth 50 --rate 6000 --size 1000",
        "set --connections 10 --depth 10 --rate 200 --size 100000",
        "multi --connections 10 --depth 5 --rate 500",
        "connect --connections 100 --rate 500",
        "ephemeral --connections 20 --depth 10 --rate 2000"))
    child = subprocess.Popen(
        ["nice", ZAB, "bench"] + words.split() +
        ["--hosts", m.hosts, "--seconds", "2", "--warmup", "0", "--keys",
         "200", "--limit", "15", "--quiet"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield from s.until(lambda: child.poll() is not None, 30)
    child.kill()
    child.wait()
