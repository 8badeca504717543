#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One server for a test: start it on a free port, wait until it answers, kill,
stop and restart it by pid, leave nothing behind.

The server under test is zabd or Debian's Apache ZooKeeper; both get the same
zoo.cfg.  All that is known about a server lies in its directory (kind, port,
pid, log, data), so a test in any language can act on it by calling this file:

    server.py with KIND [-o KEY=VALUE]... -- COMMAND...   run COMMAND beside it
    server.py start|stop|kill|wait DIR                     act on a running one

COMMAND finds ZK_HOSTS (host:port), ZK_KIND, ZK_DIR and ZK_SERVER (this file)
in its environment.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from ending import call, die_with_parent, end_tidily
from ports import free_ports
from processes import alive, stat_of, stats

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
ZABD = os.environ.get("ZABD", os.path.join(ROOT, "build", "zabd"))

# What the log says when a process died of its own fault, or of what is not
# there: a difference, a second server.
BUG = re.compile(r"\bbug: |Sanitizer|runtime error:|ended with status|"
                 r"First digest mismatch|there seem to be two servers|"
                 r"killed by signal (?!9 )")
START_S = 30       # Apache needs 1 to 3 s on two busy cores
STOP_S = 15
FREEZE_S = 10
MNTR_S = 10
SUPER = "super:xQJmxLMiHGwaqBvst5y6rkB6HQs="  # the password is "admin"

# Names that Apache reads only as -Dzookeeper.K or -DK; zabd reads K=V.
PLAIN = ("znode.container.checkIntervalMs", "jute.maxbuffer")

LOGGING = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
]


def four(port, word, timeout=1.0, host="127.0.0.1"):
    """The answer to a four-letter word, or None."""
    try:
        with socket.create_connection((host, port), timeout) as s:
            s.settimeout(timeout)
            s.sendall(word.encode())
            out = b""
            while True:
                part = s.recv(65536)
                if not part:
                    return out.decode("utf-8", "replace")
                out += part
    except OSError:
        return None


class Server:
    """A server in its own directory.  Life: start, (kill, start)*, close."""

    host = "127.0.0.1"

    def __init__(self, kind, options=None, dir=None):
        if kind not in ("zabd", "apache"):
            raise SystemExit("SERVER is zabd or apache, not %r" % kind)
        if dir:
            self.dir, self.kind = dir, kind
            self.port = int(self._get("port"))
            return
        self.kind = kind
        self.dir = tempfile.mkdtemp(prefix="zk-%s-" % kind)
        self.port, admin = free_ports(2)
        self._put("kind", kind)
        self._put("port", self.port)
        self._configure(admin, dict(options or {}))

    @classmethod
    def at(cls, dir):
        """The server that another process made in `dir`."""
        with open(os.path.join(dir, "kind")) as f:
            return cls(f.read().strip(), dir=dir)

    def _configure(self, admin, options):
        conf = {
            "dataDir": os.path.join(self.dir, "data"),
            "clientPort": self.port,
            "clientPortAddress": "127.0.0.1",
            "tickTime": 500,
            "minSessionTimeout": 1000,
            "maxSessionTimeout": 60000,
            "maxClientCnxns": 0,
            "admin.enableServer": "false" if self.kind == "apache" else "true",
            "admin.serverPort": admin,
            "4lw.commands.whitelist": "*",
            "extendedTypesEnabled": "true",
            "DigestAuthenticationProvider.superDigest": SUPER,
            "znode.container.checkIntervalMs": 500,
        }
        conf.update(options)
        os.makedirs(conf["dataDir"], exist_ok=True)
        java = []
        if self.kind == "apache":
            for key in PLAIN:
                if key in conf:
                    java.append("-D%s=%s" % (key, conf.pop(key)))
        self._put("java", "\n".join(java))
        self._put("zoo.cfg",
                  "".join("%s=%s\n" % kv for kv in conf.items()))

    def srvr(self, word, timeout=0.5):
        """A line of srvr: srvr("Mode"), or None."""
        answer = four(self.port, "srvr", timeout, self.host) or ""
        found = re.search(r"(?m)^%s: (.*)$" % word, answer)
        return found and found.group(1).strip()

    def mode(self, timeout=0.5):
        return self.srvr("Mode", timeout)

    def mntr(self, name):
        """A value of mntr as text: mntr("server_state"), or None."""
        answer = four(self.port, "mntr", MNTR_S, self.host) or ""
        found = re.search(r"(?m)^zk_%s\t(.*)$" % name, answer)
        return found and found.group(1)

    def figure(self, name):
        """The same of a number."""
        value = self.mntr(name)
        return value and int(value)

    def path(self, name):
        return os.path.join(self.dir, name)

    def _put(self, name, value):
        with open(self.path(name), "w") as f:
            f.write(str(value))

    def _get(self, name):
        with open(self.path(name)) as f:
            return f.read().strip()

    @property
    def hosts(self):
        return "%s:%d" % (self.host, self.port)

    @property
    def pid(self):
        """Of the supervisor or the Java process; 0 when none was started."""
        try:
            return int(self._get("pid"))
        except OSError:
            return 0

    def env(self):
        return dict(os.environ, ZK_HOSTS=self.hosts, ZK_KIND=self.kind,
                    ZK_DIR=self.dir, ZK_SERVER=os.path.abspath(__file__))

    def command(self):
        if self.kind == "zabd":
            return [ZABD, "-c", self.path("zoo.cfg")]
        jars = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"
        return (["java", "-Xmx512m", "-XX:+UseSerialGC",
                 "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
                + LOGGING + self._get("java").split() +
                ["-cp", jars,
                 "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                 self.path("zoo.cfg")])

    def start(self, tied=True):
        """Start it and wait until it answers.  `tied`: it dies with us."""
        self.launch(die_with_parent if tied else None)
        self.wait(self.child)

    def launch(self, in_child, log=None, **env):
        """Start it; `in_child` is called between fork and exec.  Its lines go
        to the descriptor `log`, if not into its file; `env` is what else its
        environment has."""
        if self.kind == "zabd" and not os.access(ZABD, os.X_OK):
            raise SystemExit("%s is not there: run make first" % ZABD)
        self.launched = time.monotonic()
        with open(self.path("log"), "ab") as own:
            self.child = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log or own,
                stderr=log or own, cwd=self.dir, start_new_session=True,
                env=dict(os.environ, **env), preexec_fn=in_child)
        self._put("pid", self.child.pid)

    def wait(self, child=None, seconds=START_S):
        """Wait until it answers; raise with the tail of its log if not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if child and child.poll() is not None:
                raise RuntimeError("%s ended with %s at start\n%s" % (
                    self.kind, child.returncode, self.tail()))
            answer = four(self.port, "srvr", host=self.host)
            if answer and "Mode: " in answer:
                return
            time.sleep(0.02)
        raise RuntimeError("%s does not answer after %d s\n%s" % (
            self.kind, seconds, self.tail()))

    def kill(self):
        """kill -9 of everything that belongs to the server, now."""
        pid = self.pid
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self._reap(pid)

    def stop(self):
        """SIGTERM; returns the exit status, or None if it had to be killed."""
        pid = self.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + STOP_S
        while alive(pid) and time.monotonic() < end:
            self._poll()
            time.sleep(0.01)
        if alive(pid):
            self.kill()
            return None
        time.sleep(0.1 if self.group() else 0)
        left = self.group()
        self.kill()
        if left:
            raise RuntimeError("processes left after SIGTERM: %s" % left)
        return self._poll()

    def freeze(self):
        """SIGSTOP of all its processes, down to the last thread of Java's."""
        os.killpg(self.pid, signal.SIGSTOP)
        end = time.monotonic() + FREEZE_S
        while not self.is_frozen():
            if time.monotonic() > end:
                raise RuntimeError("%s does not stand still" % self.kind)
            time.sleep(0.02)

    def is_frozen(self):
        threads = [stat_of("%d/task/%s" % (pid, thread))
                   for pid in self.group()
                   for thread in os.listdir("/proc/%d/task" % pid)]
        return all(stat is None or stat.state in "TtZX" for stat in threads)

    def thaw(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGCONT)

    def _poll(self):
        child = getattr(self, "child", None)
        return child.poll() if child else None

    def _reap(self, pid):
        end = time.monotonic() + STOP_S
        while time.monotonic() < end and (
                alive(pid) or self.group() or self._is_child()):
            time.sleep(0.005)

    def _is_child(self):
        """Not reaped yet: a JVM's other threads outlive its main one."""
        child = getattr(self, "child", None)
        return child is not None and child.poll() is None

    def group(self):
        """The live processes of the server's process group, {pid: title}."""
        group = self.pid
        return {pid: stat.title for pid, stat in stats().items()
                if stat.group == group and stat.state not in "ZX"}

    def process(self, name):
        """The pid of zabd's process of that name; None while there is none."""
        for pid, title in self.group().items():
            if title == "zabd: " + name:
                return pid
        return None

    def mark(self):
        """Where the log ends now; log() and said() look behind it."""
        with contextlib.suppress(OSError):
            return os.path.getsize(self.path("log"))
        return 0

    def log(self, mark=0):
        """What it has written, behind the mark."""
        with contextlib.suppress(OSError), \
                open(self.path("log"), errors="replace") as f:
            f.seek(mark)
            return f.read()
        return ""

    def said(self, pattern, mark=0):
        """The matches of a pattern in it."""
        return list(re.finditer(pattern, self.log(mark)))

    def tail(self, lines=30):
        return "".join("    | " + line for line
                       in self.log().splitlines(True)[-lines:])

    def bugs(self):
        """Lines of the log that tell of a process that crashed."""
        if self.kind != "zabd":
            return []
        return [line.strip() for line in self.log().splitlines()
                if BUG.search(line)]

    def strays(self):
        """Servers on our configuration file that the pid file lacks."""
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    with open("/proc/%s/cmdline" % name, "rb") as f:
                        words = f.read().split(b"\0")
                    if self.path("zoo.cfg").encode() in words:
                        found.append(int(name))
        return found

    def close(self, keep=False):
        self.kill()
        for pid in self.strays():   # started while we were ending
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)


def show_end(server):
    sys.stdout.flush()
    sys.stderr.write("--- the end of %s's log\n%s" % (server.kind,
                                                      server.tail()))


@contextlib.contextmanager
def closing(server):
    """It is closed behind the block; its log's tail is shown if that raises."""
    try:
        yield server
    except BaseException:
        show_end(server)
        raise
    finally:
        server.close(keep=bool(os.environ.get("KEEP")))


def given(kind, options=None):
    """Closing a server that is not started yet."""
    return closing(Server(kind, options))


@contextlib.contextmanager
def running(kind, options=None):
    """The same, started."""
    with given(kind, options) as server:
        server.start()
        yield server


def run_with(kind, options, command):
    """Run `command` beside a server; 0 when both of them ended well."""
    end_tidily()
    with running(kind, options) as server:
        rc = call(command, server.env())
        for line in server.bugs():
            sys.stderr.write("a process of the server died: %s\n" % line)
            rc = rc or 1
        if rc:
            show_end(server)
        return rc


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    sub = p.add_subparsers(dest="verb", required=True)
    w = sub.add_parser("with")
    w.add_argument("kind")
    w.add_argument("-o", dest="options", action="append", default=[])
    w.add_argument("command", nargs="+")
    for verb in ("start", "stop", "kill", "wait"):
        sub.add_parser(verb).add_argument("dir")
    a = p.parse_args()
    if a.verb == "with":
        options = dict(o.split("=", 1) for o in a.options)
        sys.exit(run_with(a.kind, options, a.command))
    server = Server.at(a.dir)
    if a.verb == "start":
        server.start(tied=False)
    else:
        getattr(server, a.verb)()


if __name__ == "__main__":
    main()
