# SPDX-License-Identifier: Apache-2.0
"""An election process alone (node.c), and servers that only pretend.

Bytes are built here from spec/quorum-protocol.md 1 to 3, not with the
server's own code: what both agree on is the protocol."""

import contextlib
import os
import queue
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.append(os.path.join(ROOT, "tests", "live", "lib"))

import wait  # noqa: E402
from ending import die_with_parent  # noqa: E402
from ports import free_ports  # noqa: E402
from programs import built  # noqa: E402

NODE = os.environ.get("ELECTION_NODE") or built("ensemble/election/node")
BUG = re.compile(r"\bbug: |Sanitizer|runtime error:|bad check")
LOOKING, FOLLOWING, LEADING, OBSERVING = range(4)
NOBODY = -2 ** 63
# Words of election/twin.h: notes in a state that is none, for a leader's
# number the word.
ZABD = 0x7a616264
ARE_YOU_THERE, I_AM, TAKEN = range(1, 4)
PATIENCE_S = 20.0       # for what must come: a busy machine takes its time
HOST = "127.0.0.1"

# What an election process says in its log.
LOOKS = re.compile("looking for a leader|asking all members")
WHY = re.compile(r"round \d+: (?:leading as|following|observing) \d+: (.*) "
                 "epoch=")
BY_ALL = "every voter we can reach agrees"
BY_WAITING = "a quorum agreed and nothing better came"


class Wrong(Exception):
    """A claim that did not hold."""


def claim(fact, text, *more):
    if not fact:
        raise Wrong(text % more if more else text)


def until(fact, what, seconds=PATIENCE_S):
    """Wait for what must come."""
    return wait.until(fact, what, seconds, Wrong)


class Members:
    """The lines of an ensemble; ports are free ones."""

    def __init__(self, sids, observers=(), extra="", hosts=None):
        ports = free_ports(2 * len(sids))
        self.dir = tempfile.mkdtemp(prefix="zk-election-")
        self.sids, self.observers, self.extra = sids, observers, extra
        self.hosts = hosts or {}
        self.quorum = dict(zip(sids, ports))
        self.election = dict(zip(sids, ports[len(sids):]))

    def host(self, sid):
        return self.hosts.get(sid, HOST)

    def config(self):
        """The text of a notification."""
        return "".join(
            "server.%d=%s:%d:%d:%s\n" % (
                s, self.host(s), self.quorum[s], self.election[s],
                "observer" if s in self.observers else "participant")
            for s in self.sids) + self.tail() + "version=0"

    def tail(self):
        return ""

    def lines(self):
        return "".join("server.%d=%s:%d:%d%s\n" % (
            s, self.host(s), self.quorum[s], self.election[s],
            ":observer" if s in self.observers else "") for s in self.sids)

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


class Node:
    """One election process, as the server of sid `sid`."""

    def __init__(self, members, sid, extra="", names=None):
        self.members, self.sid = members, sid
        self.dir = os.path.join(members.dir, "n%d" % sid)
        self.log_path = os.path.join(self.dir, "log")
        os.makedirs(self.dir, exist_ok=True)
        self.command = [NODE, os.path.join(self.dir, "zoo.cfg")]
        if names is not None:
            self.know(names)
            self.command = [
                "unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /etc/hosts && exec "$@"',
                os.path.join(self.dir, "hosts"), *self.command]
        with open(os.path.join(self.dir, "myid"), "w") as f:
            f.write("%d\n" % sid)
        role = "peerType=observer\n" if sid in members.observers else ""
        with open(os.path.join(self.dir, "zoo.cfg"), "w") as f:
            f.write("tickTime=200\ninitLimit=10\nsyncLimit=5\n"
                    "dataDir=%s\nclientPort=%d\n%s%s%s%s" % (
                        self.dir, free_ports(1)[0], role, members.extra,
                        extra, members.lines()))
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                self.command, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                preexec_fn=die_with_parent)
        self.decisions = len(self.reasons())    # of former lives
        self.lines = queue.Queue()
        threading.Thread(target=self._read, args=(self.child.stdout,),
                         daemon=True).start()

    def know(self, names):
        """Its own /etc/hosts: names, and what each stands for."""
        with open(os.path.join(self.dir, "hosts"), "w") as f:
            for name, address in names.items():
                f.write("%s %s\n" % (address, name))

    def _read(self, pipe):
        for line in pipe:
            self.lines.put(line.split())

    def say(self, *words):
        self.child.stdin.write(" ".join(map(str, words)) + "\n")
        self.child.stdin.flush()

    def look(self, zxid=0, epoch=0):
        self.say("look", zxid, epoch)
        return self

    def looks(self, zxid=0, epoch=0):
        """The same, and it has begun to."""
        before = len(LOOKS.findall(self.log()))
        self.look(zxid, epoch)
        until(lambda: len(LOOKS.findall(self.log())) > before,
              "%d looks" % self.sid)
        return self

    def has_obeyed(self):
        """All that it was told to do is done."""
        self.connected()

    def reload(self, lines):
        """With these at the end of its file."""
        with open(os.path.join(self.dir, "zoo.cfg"), "a") as f:
            f.write(lines)
        self.say("reload")
        self.hear("reloaded")

    def hear(self, word, seconds=PATIENCE_S):
        """The numbers of the next line, which must begin with `word`."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise Wrong("%d does not say %s within %g s\n%s" % (
                self.sid, word, seconds, self.log()))
        claim(line[0] == word, "%d says %s, not %s", self.sid, line, word)
        return list(map(int, line[1:]))

    def decided(self, seconds=PATIENCE_S):
        """(leader, round, epoch)"""
        outcome = tuple(self.hear("decided", seconds)[1:])
        self.decisions += 1
        return outcome

    def why(self):
        """Why it decided as it did last."""
        until(lambda: len(self.reasons()) >= self.decisions,
              "%d says why it decided" % self.sid)
        return self.reasons()[self.decisions - 1]

    def reasons(self):
        return WHY.findall(self.log())

    def undecided(self, seconds=0.5):
        time.sleep(seconds)
        claim(self.lines.empty(), "%d decided: %s", self.sid,
              list(self.lines.queue))

    def connected(self):
        self.say("connected")
        return self.hear("connected")[0]

    def is_connected_with(self, members):
        """Soon: what it says of itself follows the sockets by a turn."""
        end = time.monotonic() + PATIENCE_S
        while self.connected() != members:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def logs(self, text):
        until(lambda: text in self.log(), lambda: "%d logs %r:\n%s" % (
            self.sid, text, self.log()))

    def stop(self):
        with contextlib.suppress(OSError):
            self.child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(5)
        self.child.kill()
        self.child.wait()


# --- bytes ------------------------------------------------------------------

def hello(sid, address, version=-65536):
    data = address.encode()
    return struct.pack(">qqi", version, sid, len(data)) + data


def note(state, leader, zxid, round_, epoch, config="", version=2):
    data = config.encode()
    return struct.pack(">iqqqqii", state, leader, zxid, round_, epoch,
                       version, len(data)) + data


def framed(data):
    return struct.pack(">i", len(data)) + data


class Note:
    def __init__(self, data):
        (self.state, self.leader, self.zxid, self.round, self.epoch,
         self.version, size) = struct.unpack(">iqqqqii", data[:44])
        self.config = data[44:].decode()
        claim(len(data) == 44 + size, "config of %d bytes in %d", size,
              len(data))

    def vote(self):
        return (self.state, self.leader, self.zxid, self.round, self.epoch)


class Link:
    """A connection with a node, from whichever side."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(PATIENCE_S)

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise Wrong("closed after %d of %d bytes" % (len(data), size))
            data += part
        return data

    def hello(self):
        """(sid, address) of the initial message."""
        version, sid, size = struct.unpack(">qqi", self.read(20))
        claim(version == -65536, "it speaks version %d", version)
        return sid, self.read(size).decode()

    def note(self):
        return Note(self.read(struct.unpack(">i", self.read(4))[0]))

    def hears(self, state, leader):
        """Read notes until one says so: older ones may come before it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            n = self.note()
            if (n.state, n.leader) == (state, leader):
                return n
        raise Wrong("no note of state %d for %d" % (state, leader))

    def send(self, data):
        self.sock.sendall(data)

    def tell(self, *vote, **more):
        self.send(framed(note(*vote, **more)))

    def says(self, word, where=""):
        self.tell(ZABD, word, 0, 0, 0, config=where, version=1)

    def is_open(self, seconds=0.3):
        """It stays, whatever comes."""
        return self._end(seconds) is None

    def is_mute(self, seconds=0.3):
        """Nothing comes, and it stays."""
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(1) is None
        except socket.timeout:
            return True
        finally:
            self.sock.settimeout(PATIENCE_S)

    def is_closed(self, seconds=PATIENCE_S):
        """It ends, whatever comes before that."""
        return self._end(seconds) is True

    def _end(self, seconds):
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.sock.settimeout(max(0.01, end - time.monotonic()))
                if not self.sock.recv(65536):
                    return True
        except socket.timeout:
            return None
        except ConnectionError:
            return True
        finally:
            self.sock.settimeout(PATIENCE_S)
        return None

    def close(self):
        self.sock.close()


class Fake:
    """The election port of a server that is not there."""

    def __init__(self, members, sid):
        self.members, self.sid = members, sid
        self.address = "%s:%d" % (HOST, members.election[sid])
        self.links = []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((HOST, members.election[sid]))
        self.listener.listen(16)

    def _keep(self, sock):
        link = Link(sock)
        self.links.append(link)
        return link

    def accept(self, seconds=PATIENCE_S):
        """The next connection that comes."""
        self.listener.settimeout(seconds)
        try:
            return self._keep(self.listener.accept()[0])
        except socket.timeout:
            raise Wrong("nobody connects with %d" % self.sid)

    def nobody_comes(self, seconds=0.5):
        self.listener.settimeout(seconds)
        try:
            self._keep(self.listener.accept()[0])
        except socket.timeout:
            return True
        return False

    def dial(self, to, first=None):
        """Connect to the node, with a hello of ours."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                link = self._keep(socket.create_connection(
                    (HOST, self.members.election[to])))
                break
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
        link.send(hello(self.sid, self.address) if first is None else first)
        return link

    def linked(self, to):
        """The connection that both keep, whoever has to open it."""
        if self.sid > to:
            return self.dial(to)
        link = self.accept()
        link.hello()
        return link

    def close(self):
        self.listener.close()
        for link in self.links:
            link.close()


# --- cases ------------------------------------------------------------------

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Stage:
    """What a case starts, and what is ended behind it."""

    def __init__(self):
        self.open, self.nodes = [], []

    def members(self, *sids, **more):
        self.m = Members(list(sids), **more)
        self.open.append(self.m)
        return self.m

    def node(self, sid, extra="", **more):
        n = Node(self.m, sid, extra, **more)
        self.nodes.append(n)
        return n

    def fake(self, sid):
        f = Fake(self.m, sid)
        self.open.append(f)
        return f

    def close(self):
        """Returns what the logs say of bugs."""
        for n in self.nodes:
            n.stop()
        bugs = [line for n in self.nodes for line in n.log().splitlines()
                if BUG.search(line)]
        for thing in reversed(self.open):
            thing.close()
        return bugs
