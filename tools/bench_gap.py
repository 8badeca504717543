# SPDX-License-Identifier: Apache-2.0
"""How long nobody can write: a few sessions that set one after the other, as
fast as they are answered, and reconnect at once to whoever serves.

A gap is the longest time between two acknowledged sets, of all sessions or of
those that were connected to certain servers.  One thread, raw frames: what it
adds is below a millisecond."""

import contextlib
import selectors
import socket
import struct
import time

import session
from session import wire

RETRY_S = 0.003        # between attempts when nobody serves
ATTEMPT_S = 1.0        # a server that accepts and says nothing
TIMEOUT_MS = 30000


class Session:
    """One client: DOWN > GREETING > ASKING, and back."""

    def __init__(self, gaps, number):
        self.gaps, self.number = gaps, number
        self.at = number % len(gaps.hosts)
        self.id, self.password, self.zxid = 0, bytes(16), 0
        self.sock, self.buffer, self.state = None, b"", "DOWN"
        self.due = 0.0       # DOWN: when to try; GREETING: when to give up
        self.refused = 0
        self.xid = 0

    @property
    def host(self):
        return self.gaps.hosts[self.at]

    def open(self):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect_ex(self.host)
        self.buffer, self.state = b"", "CONNECTING"
        self.due = time.monotonic() + ATTEMPT_S
        self.gaps.selector.register(self.sock, selectors.EVENT_WRITE, self)

    def down(self, pause):
        if self.state == "ASKING":
            self.gaps.broken.append(self.at)
        with contextlib.suppress(KeyError, ValueError):
            self.gaps.selector.unregister(self.sock)
        self.sock.close()
        self.state, self.at = "DOWN", (self.at + 1) % len(self.gaps.hosts)
        self.due = time.monotonic() + pause

    def frame(self, body):
        self.sock.send(wire.framed(body))

    def greet(self):
        self.frame(wire.connectRequest(self.zxid, TIMEOUT_MS, self.id,
                                       self.password))
        self.state = "GREETING"
        self.gaps.selector.modify(self.sock, selectors.EVENT_READ, self)

    def ask(self):
        self.xid += 1
        op, body, _ = wire.setData(self.gaps.path, "%08d" % self.xid)
        self.frame(wire.i32(self.xid) + wire.i32(op) + body)
        self.state = "ASKING"

    def on_frame(self, body):
        if self.state == "GREETING":
            _, timeout, self.id = struct.unpack(">iiq", body[:16])
            if timeout <= 0:
                self.id, self.password = 0, bytes(16)
                raise OSError("the session is gone")
            self.password = body[20:36]
            self.ask()
            return
        _, zxid, code = struct.unpack(">iqi", body[:16])
        self.zxid = max(self.zxid, zxid)
        if code == 0:
            self.gaps.acks.append((time.monotonic(), self.at))
        else:
            self.refused += 1
        if self.gaps.is_on:
            self.ask()
        else:
            self.state = "IDLE"

    def on_ready(self):
        try:
            if self.state == "CONNECTING":
                self.greet()
                return
            data = self.sock.recv(65536)
            if not data:
                raise OSError("closed")
            self.buffer += data
            while len(self.buffer) >= 4:
                size = struct.unpack(">i", self.buffer[:4])[0]
                if len(self.buffer) < 4 + size:
                    break
                body = self.buffer[4:4 + size]
                self.buffer = self.buffer[4 + size:]
                self.on_frame(body)
        except OSError:
            self.down(RETRY_S)


class Gaps:
    """`count` sessions over `hosts`, a list of "host:port"."""

    def __init__(self, hosts, path, count=6):
        self.hosts = [(h.rpartition(":")[0], int(h.rpartition(":")[2]))
                      for h in hosts]
        self.path, self.is_on = path, True
        self.selector = selectors.DefaultSelector()
        self.acks = []                   # (when, at which server)
        self.broken = []                 # where a set's outcome was not told
        self.sessions = [Session(self, n) for n in range(count)]

    def run(self, seconds, until=None):
        """Drive the sessions for so long, or until `until()`."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            if now >= end or (until and until()):
                return
            due = end
            for s in self.sessions:
                if s.state == "DOWN" and s.due <= now:
                    s.open()
                elif s.state in ("CONNECTING", "GREETING") and s.due <= now:
                    s.down(0)
                if s.state in ("DOWN", "CONNECTING", "GREETING"):
                    due = min(due, s.due)
            for key, _ in self.selector.select(max(0, due - now)):
                key.data.on_ready()

    def all_asking(self):
        return all(s.state == "ASKING" for s in self.sessions)

    def spread(self):
        """Bring each session back to the server it began with."""
        for s in self.sessions:
            if s.at != s.number % len(self.hosts):
                if s.sock and s.state != "DOWN":
                    s.down(0)
                s.at = s.number % len(self.hosts)
                s.due = 0.0

    def longest(self, since, until, at=None):
        """The longest gap in this time, in s; of servers in `at` only."""
        times = [since] + [t for t, a in self.acks if since <= t <= until and
                           (at is None or a in at)] + [until]
        return max(b - a for a, b in zip(times, times[1:]))

    def close(self):
        for s in self.sessions:
            if s.state != "DOWN" and s.sock:
                s.sock.close()
        self.selector.close()


def make_node(member, path):
    """Create `path` through one server; it may be there already."""
    with contextlib.closing(session.Session(member.port,
                                            host=member.host)) as s:
        code = s.ask(wire.create(path)).error
        s.ask(wire.closeSession())
    if code not in (0, -110):
        raise OSError("create of %s is answered %d" % (path, code))
