# SPDX-License-Identifier: Apache-2.0
"""The moves of a storm: what can happen to a server, its disk, its links, its
clock, and what clients can do.  Each is a generator that storm.py runs; it is
given the storm, a random of its own, and its member."""

import contextlib
import os
import shutil
import signal
import struct
import subprocess

import net
import strike
from ensemble import ZAB, Member
from programs import built
from storm import BACK_S, move

DISK_MB = 300
HOUR_MS = 3600 * 1000
CLOCKS_MS = (300, 2000, 20000, HOUR_MS, 24 * HOUR_MS)
RECORD = struct.Struct(">QI")    # checksum and size, in front of a transaction


class Mortal(Member):
    """A member with a clock of its own, and maybe a disk."""

    has_disk = False
    marked = 0               # where its log ended when it was last repaired

    def own_disk(self):
        """One that can be filled up: for the test alone, see own_mounts."""
        net.sh("mount", "-t", "tmpfs", "-o", "size=%dm" % DISK_MB, "none",
               self.path("data"))
        self._put("data/myid", "%d\n" % self.sid)
        self.has_disk = True

    def go_through_export(self):
        """The stopped member's data become what `zab export` makes of it."""
        out = self.export()
        self.wipe()
        shutil.move(out + "/version-2", self.path("data/version-2"))
        shutil.rmtree(out)

    def command(self):
        words = super().command()
        if self.kind != "zabd":
            return words
        return ["env", "LD_PRELOAD=" + built("faults/clock.so"),
                "CLOCK_FILE=" + self.path("clock")] + words

    def set_clock(self, offset_ms):
        """How far its wall clock is off, from now on."""
        flags = os.O_WRONLY | os.O_CREAT
        fd = os.open(self.path("clock"), flags, 0o644)
        os.pwrite(fd, struct.pack("=q", offset_ms), 0)
        os.close(fd)

    def newest(self, prefix):
        """The path of its newest file of this kind, or None."""
        top = self.path("data/version-2")
        names = [n for n in os.listdir(top) if n.startswith(prefix)]
        return names and os.path.join(top, max(
            names, key=lambda n: int(n.split(".")[1], 16)))


# --- processes ----------------------------------------------------------------


@move(6)
def killed(s, random, m):
    m.kill()
    yield random.uniform(0.0, 4.0)
    m.start_only()
    yield from s.back(m)


@move(3)
def stopped(s, random, m):
    s.down(random, m)
    yield random.choice((0.0, 0.0, 2.0))
    m.start_only()
    yield from s.back(m)


@move(4)
def killed_at_start(s, random, m):
    """Again and again, while it loads, elects or is brought in step."""
    for _ in range(random.randint(2, 4)):
        m.kill()
        m.start_only()
        yield random.uniform(0.0, 1.2)
    yield from s.back(m)


@move(4, blurs=True)
def frozen(s, random, m):
    m.freeze()
    yield random.uniform(0.2, 6.0)
    m.thaw()


@move(5, "zabd")
def process_killed(s, random, m):
    """One of its processes; it makes another by itself."""
    names = m.processes()
    name = random.choice(sorted(names))
    s.t.say("  kill %s", name)
    with contextlib.suppress(strike.Misbehaved):    # it may be away just now
        strike.hit_child(m, name, signal.SIGKILL, None)
    yield from whole(s, m, set(names))


@move(4, "zabd")
def process_killed_at_start(s, random, m):
    """Some of its processes, while it is on its way to serve."""
    s.down(random, m)
    m.start_only()
    for _ in range(random.randint(1, 3)):
        yield random.uniform(0.03, 0.5)
        names = m.processes()
        if names:
            name, pid = random.choice(sorted(names.items()))
            s.t.say("  kill %s", name)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    yield from s.back(m)


@move(4, "zabd", blurs=True)
def process_frozen(s, random, m):
    names = m.processes()
    name, pid = random.choice(sorted(names.items()))
    s.t.say("  freeze %s", name)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    yield random.uniform(0.05, 2.5)
    if strike.is_same(pid, name):   # the server may have ended it
        os.kill(pid, signal.SIGCONT)
    yield from whole(s, m, set(names))


def whole(s, m, names):
    """Part of a move: every process is there again, and it serves."""
    if not (yield from s.until(
            lambda: set(strike.processes(m.pid)) >= names, BACK_S)):
        raise strike.Misbehaved("%r has but %s of %s" % (
            m, set(strike.processes(m.pid)), names))
    yield from s.back(m)


@move(1, "zabd")
def supervisor_killed(s, random, m):
    """Its children go with it."""
    os.kill(m.pid, signal.SIGKILL)
    m.child.wait(10)
    if (yield from s.until(lambda: not m.group(), 10)) is False:
        raise strike.Misbehaved("outlived their supervisor: %s" % m.group())
    m.start_only()
    yield from s.back(m)


@move(2, "zabd")
def reloaded(s, random, m):
    """The configuration changes, with nothing that anybody would notice."""
    m.extra["globalOutstandingLimit"] = random.randrange(500, 2000)
    m.configure()
    os.kill(m.pid, signal.SIGHUP)
    yield 0.1


# --- several ------------------------------------------------------------------


@move(2, "all")
def all_killed(s, random, *members):
    """The power fails."""
    for m in members:
        m.kill_now()
    for m in members:
        m.kill()
    for m in members:
        m.start_only()
    for m in members:
        yield from s.back(m)


@move(2, "all")
def majority_killed(s, random, *members):
    lost = random.sample(members, min(len(members),
                                      len(s.e.voters()) // 2 + 1))
    s.t.say("  which are %s", lost)
    for m in lost:
        m.kill()
    for m in lost:
        yield random.uniform(0.0, 1.5)
        m.start_only()
    for m in lost:
        yield from s.back(m)


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
    for m in lost:
        m.start_only()
    for m in lost:
        yield from s.back(m)


# --- disks --------------------------------------------------------------------


@move(3, "zabd", needs=("copy",))
def wiped(s, random, m):
    """It comes back with nothing, where the others have all it had."""
    s.down(random, m)
    if (yield from s.others_have_all(m)):
        s.t.say("  %r is empty", m)
        m.wipe()
    m.start_only()
    if random.random() < 0.5:    # in the middle of it all
        yield random.uniform(0.0, 0.7)
        m.kill()
        m.start_only()
    yield from s.back(m)


def changed_while_down(s, random, m, change):
    s.down(random, m)
    change()
    yield random.uniform(0.0, 1.0)
    m.start_only()
    yield from s.back(m)


@move(2, "zabd")
def image_lost(s, random, m):
    """The LMDB image; snapshots and log have it all."""
    yield from changed_while_down(s, random, m, lambda: shutil.rmtree(
        m.path("data/version-2/image"), ignore_errors=True))


@move(2, "zabd")
def snapshot_lost(s, random, m):
    """The newest; the image has it all."""
    def remove():
        newest = m.newest("snapshot.")
        if newest:
            os.unlink(newest)
    yield from changed_while_down(s, random, m, remove)


@move(3, "zabd")
def record_torn(s, random, m):
    """The power failed in the middle of one more record."""
    yield from changed_while_down(s, random, m, lambda: tear(
        m.newest("log."), random.random()))


def tear(path, share):
    """Behind its last record the log gets a part of another one, and zeros
    or nothing."""
    with open(path, "r+b") as f:
        log = f.read()
        last = at = 16
        while at + 12 < len(log) and RECORD.unpack_from(log, at)[1] > 0:
            last, at = at, at + 13 + RECORD.unpack_from(log, at)[1]
        part = log[last:at][:int((at - last) * share)]
        f.seek(at)
        f.write(part)
        if share > 0.5:
            f.truncate()


@move(2, "zabd")
def exported(s, random, m):
    """It goes on with what `zab export` makes of its data."""
    yield from changed_while_down(s, random, m,
                                 m.go_through_export)


@move(3, "zabd", needs=("disk",))
def disk_full(s, random, m):
    """Full for a while; where its log failed it is started anew."""
    ballast = m.path("data/ballast")
    with open(ballast, "wb", buffering=0) as f, \
            contextlib.suppress(OSError):
        while True:
            f.write(bytes(4096))
    yield random.uniform(1.0, 8.0)
    os.unlink(ballast)
    if m.said("repair the disk and restart it", m.marked):
        s.t.say("  its log failed")
        m.stop()
        m.marked = m.mark()
        m.start_only()
    yield from s.back(m)


# --- links --------------------------------------------------------------------


@move(5, "none", needs=("links",), blurs=True)
def links_cut(s, random):
    """Some hear nothing from some, or nothing comes back either."""
    links, sids = s.t.net, [m.sid for m in s.e]
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
                links.cut(a, b)
            if way != "mute":
                links.cut(b, a)
    yield random.uniform(0.3, 8.0)
    links.heal()


@move(3, "none", needs=("links",), blurs=True)
def links_lossy(s, random):
    """Whatever one sends to another is lost now and then, and comes late."""
    sids = [m.sid for m in s.e]
    a, b = random.sample(sids, 2)
    s.t.say("  from %d to %d", a, b)
    for _ in range(random.randint(5, 15)):
        s.t.net.cut(a, b)
        yield random.uniform(0.02, 0.25)
        s.t.net.join_again(a, b)
        yield random.uniform(0.02, 0.25)


@move(3, "none", needs=("links",), blurs=True)
def link_narrow(s, random):
    """One member's wire is slow, and what it sends waits in a long queue."""
    place = s.t.net.place(random.choice([m.sid for m in s.e]))
    s.t.say("  that of %d", place.number)
    place.narrow(random.choice((500, 2000)))
    yield random.uniform(1.0, 6.0)
    place.widen()


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
