# SPDX-License-Identifier: Apache-2.0
"""An ensemble of any mix of zabd and Apache ZooKeeper, as real processes.

Its members are written as a word, one letter each, sid 1 first: `z` zabd,
`a` Apache; a capital is an observer.  "zaaZ" is one zabd, two Apache and an
observer that is zabd.  A member is a Server of tests/live/lib with a myid and
the ensemble's server lines."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path += [os.path.join(ROOT, "tests", "live", "lib"),
             os.path.join(ROOT, "tests", "faults")]

import strike  # noqa: E402
import wait  # noqa: E402
from ending import die_with_parent  # noqa: E402
from ports import free_ports  # noqa: E402
from server import Server, ZABD  # noqa: E402

KINDS = {"z": "zabd", "a": "apache"}
SERVING = ("leader", "follower", "observer")
TICK_MS = 500
ELECTED_S = 60         # three JVMs on two busy cores take their time
TIMING = {"tickTime": TICK_MS, "initLimit": 30, "syncLimit": 8}
# Apache reads these as -DK only.
JAVA_KEYS = ("jute.maxbuffer", "readonlymode.enabled",
             "znode.container.checkIntervalMs")
ZAB = os.path.join(os.path.dirname(ZABD), "zab")

# What a learner's log says of the way it is brought in step; zabd's says
# nothing special of a DIFF, but when it is in sync.
SYNCED = {
    "apache": {"DIFF": "Getting a diff from", "SNAP": "Getting a snapshot",
               "TRUNC": "Truncating log to get in sync"},
    "zabd": {"DIFF": r"server \d+ epoch \d+: in sync",
             "SNAP": "taking a snapshot from server",
             "TRUNC": "cutting what is behind"},
}


def until(claim, what, seconds):
    return wait.until(claim, what, seconds, strike.Misbehaved)


class Member(Server):
    """One server of an ensemble.  Life: launch, (kill, launch)*, close."""

    def __init__(self, ensemble, sid, letter, dir):
        self.ensemble, self.sid = ensemble, sid
        self.kind = KINDS[letter.lower()]
        self.was_zabd = self.kind == "zabd"
        self.is_observer = letter.isupper()
        self.dir = dir
        self.extra = {}          # options of this member alone
        self.properties = {}     # of Java's, while it is Apache
        self.place = ensemble.net.place(sid) if ensemble.net else None
        self.host = self.place.address if self.place else "127.0.0.1"
        self.name = None         # how others call it, if not by its address
        self.more = []           # its other addresses
        self.port, self.quorum_port, self.election_port, self.admin = \
            ensemble.ports(sid)
        os.makedirs(self.path("data"))
        self._put("data/myid", "%d\n" % sid)
        self._put("port", self.port)

    def __repr__(self):
        return "%d (%s)" % (self.sid, self.kind)

    def line(self):
        return "|".join("%s:%d:%d" % (host, self.quorum_port,
                                      self.election_port)
                        for host in [self.name or self.host] + self.more) + (
            ":observer" if self.is_observer else ":participant")

    def configure(self):
        """Write zoo.cfg for what the member is now."""
        conf = dict(self.ensemble.options, **self.extra)
        conf.update({
            "dataDir": self.path("data"),
            "clientPort": self.port,
            "clientPortAddress": self.name or self.host,
            "admin.serverPort": self.admin,
            "admin.enableServer": str(self.kind == "zabd").lower(),
        })
        if self.is_observer:
            conf["peerType"] = "observer"
        for m in self.ensemble.members.values():
            conf["server.%d" % m.sid] = m.line()
        java = []
        if self.more:
            java.append("-Dzookeeper.multiAddress.enabled=true")
        for key in JAVA_KEYS:
            if self.kind == "apache" and key in conf:
                java.append("-D%s=%s" % (key, conf.pop(key)))
        java += ["-D%s=%s" % kv for kv in self.properties.items()]
        self._put("kind", self.kind)
        self._put("java", "\n".join(java))
        self._put("zoo.cfg",
                  "".join("%s=%s\n" % kv for kv in conf.items()))

    def start(self, seconds=ELECTED_S):
        """Start it and wait until it serves."""
        self.start_only()
        self.wait(self.child, seconds)

    def mend(self):
        """Apache does not start on a log that it had just made when it was
        killed: that has no header yet."""
        for log in glob.glob(self.path("data/version-2/log.*")):
            if self.kind == "apache" and os.path.getsize(log) == 0:
                os.remove(log)

    def start_only(self):
        self.configure()
        self.mend()

        def in_child():
            die_with_parent()
            if self.place:
                self.place.enter()
        self.launch(in_child)

    def is_running(self):
        child = getattr(self, "child", None)
        return bool(child) and child.poll() is None

    def zxid(self):
        return int(self.srvr("Zxid") or "0", 16)

    def kill_now(self):
        """SIGKILL of all its processes; does not wait."""
        os.killpg(self.pid, signal.SIGKILL)

    def processes(self):
        """{title: pid} of a zabd server's children; Apache has none."""
        return strike.processes(self.pid) if self.kind == "zabd" else {}

    def synced_by(self, mark=0):
        """DIFF, TRUNC, SNAP: how it came in step since then, in order."""
        ways = SYNCED[self.kind]
        found = sorted((m.start(), way) for way, pattern in ways.items()
                       for m in self.said(pattern, mark))
        # zabd is in sync after each of the others, too.
        return [way for i, (_, way) in enumerate(found)
                if self.kind == "apache" or way != "DIFF" or i == 0 or
                found[i - 1][1] == "DIFF"]

    def in_step_by(self, mark):
        """The same, once it has said something: it serves just before."""
        return until(lambda: self.synced_by(mark), "%r says how it came in "
                     "step" % self, ELECTED_S)

    def logged(self, token):
        """Are these bytes in its transaction log?"""
        folder = self.path("data/version-2")
        for name in os.listdir(folder):
            if name.startswith("log."):
                with open(os.path.join(folder, name), "rb") as f:
                    if token in f.read():
                        return True
        return False

    def wipe(self):
        """An empty data directory, but for the myid."""
        shutil.rmtree(self.path("data/version-2"), ignore_errors=True)
        for name in os.listdir(self.path("data")):
            if name != "myid":
                path = self.path("data/" + name)
                if os.path.isdir(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)

    def export(self):
        """What `zab export` makes of its data; where that is."""
        out = self.path("exported")
        done = subprocess.run(
            [ZAB, "export", "-c", self.path("zoo.cfg"), out],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise strike.Misbehaved("zab export: " + done.stdout)
        return out

    def convert(self, letter):
        """Make the stopped member one of the other kind, with its data.
        zabd starts on Apache's files; `zab export` is the way back."""
        kind = KINDS[letter.lower()]
        if self.kind == "zabd" and kind == "apache":
            out = self.export()
            old = self.path("data.zabd")
            shutil.rmtree(old, ignore_errors=True)
            os.rename(self.path("data"), old)
            os.rename(out, self.path("data"))
        self.kind = kind
        self.was_zabd |= kind == "zabd"

    def close(self, keep=False):
        with contextlib.suppress(ProcessLookupError, OSError):
            self.thaw()
        super().close(keep)


class Ensemble:
    """Members in directories of their own below `dir`."""

    def __init__(self, word, dir, options=None, net=None, member=Member,
                 ports=lambda sid: free_ports(4)):
        self.net, self.ports = net, ports
        self.options = {
            "maxClientCnxns": 0,
            "minSessionTimeout": 1000,
            "maxSessionTimeout": 60000,
            "4lw.commands.whitelist": "*",
            "extendedTypesEnabled": "true",
            "autopurge.purgeInterval": 1,
            "preAllocSize": 1024,
        }
        self.options.update(TIMING)
        self.options.update(options or {})
        self.taught_by_apache = set()   # observers of Apache's masters
        self.members = {}
        for sid, letter in enumerate(word, 1):
            self.members[sid] = member(self, sid, letter,
                                       os.path.join(dir, "m%d" % sid))

    def __getitem__(self, sid):
        return self.members[sid]

    def __iter__(self):
        return iter(self.members.values())

    @property
    def word(self):
        return "".join(
            (m.kind[0].upper() if m.is_observer else m.kind[0]) for m in self)

    def is_apaches_own(self, sentence):
        """Is that wrong by nothing that a zabd said or did?"""
        return not any(m.was_zabd for m in self) or any(
            repr(m) in sentence or m.hosts in sentence
            for m in self.taught_by_apache)

    def running(self):
        return [m for m in self if m.is_running()]

    def voters(self):
        return [m for m in self if not m.is_observer]

    def hosts(self, members=None):
        return ",".join(m.hosts for m in members or self)

    def start(self, members=None, seconds=ELECTED_S):
        """Start these and wait until all of them serve."""
        members = list(members or self)
        for m in members:
            m.start_only()
        return self.wait(members, seconds)

    def wait(self, members=None, seconds=ELECTED_S):
        """Wait until these serve under one leader; returns the leader."""
        members = members or self.running()

        def whole():
            for m in members:
                if not m.is_running():
                    raise strike.Misbehaved("%r ended with status %s" % (
                        m, m.child.returncode))
            modes = [m.mode() for m in members]
            if all(mode in SERVING for mode in modes) and \
                    modes.count("leader") <= 1:
                return self.leader()
        return until(whole, lambda: "members %s serve: %s" % (
            members, [m.mode() for m in members]), seconds)

    def leader(self):
        """The one that says it leads, or None."""
        leading = [m for m in self.running() if m.mode() == "leader"]
        return leading[0] if len(leading) == 1 else None

    def followers(self):
        return [m for m in self.running() if m.mode() == "follower"]

    def elect(self, kind, seconds=ELECTED_S):
        """First start, so that a member of this kind leads: it has the
        greatest sid of the first two, and the others come later."""
        voters = self.voters()
        wanted = [m for m in voters if m.kind == kind][-1]
        need = len(voters) // 2
        lesser = [m for m in voters if m.sid < wanted.sid][-need:]
        if len(lesser) < need:
            raise SystemExit("no order of starts makes %r lead" % wanted)
        self.start(lesser + [wanted], seconds)
        rest = [m for m in self if not m.is_running()]
        self.start(rest, seconds)
        leader = self.wait(list(self), seconds)
        if leader is not wanted:
            raise strike.Misbehaved("%r leads, not %r" % (leader, wanted))
        return leader

    def bugs(self):
        return ["member %d: %s" % (m.sid, line) for m in self
                for line in m.bugs()]

    def tails(self, lines=25):
        return "".join("--- the end of the log of %r\n%s" % (
            m, m.tail(lines)) for m in self)

    def close(self):
        for m in self:
            m.close(keep=True)
