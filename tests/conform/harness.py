# SPDX-License-Identifier: Apache-2.0
"""Cases, and the scenario in which a case speaks to one server.

A case is a function of a Scenario.  It runs once per server and must do the
same there, so it never looks at a reply to decide what comes next; session
ids and zxids it needs are asked of the scenario.  What was sent and what
came back is recorded raw; normal.py makes it comparable afterwards.

Nothing waits for "quiet": a step ends with the reply it waits for, with the
reply of a read (replies are in order, and events come before a read that
shows their change), or with the end of the connection.
"""

import importlib
import pkgutil
import struct
import time

import wire

PATIENCE = 3.0      # seconds for a reply that must come
CASES = []


class Case:
    def __init__(self, subject, claim, func, world, only, number):
        self.subject, self.claim, self.func = subject, claim, func
        self.world, self.only = world, only
        self.root = "/%s%03d" % (subject, number)
        self.key = "%s: %s" % (subject, claim)
        self.again = "--only '%s'" % self.key

    def story(self):
        """What nobody can read elsewhere about what it does."""
        return []


def case(claim, world="default", only=None):
    """Registers a case under its claim.  only="zabd": unfit for Apache."""
    def register(func):
        subject = func.__module__.split(".")[-1]
        if func.__module__ == "functools":
            raise TypeError("use a def, not a partial")
        number = sum(c.subject == subject for c in CASES)
        new = Case(subject, claim, func, world, only, number)
        if any(c.key == new.key for c in CASES):
            raise ValueError("two cases claim: " + new.key)
        CASES.append(new)
        return func
    return register


def load_cases():
    import cases
    for module in sorted(m.name for m in
                         pkgutil.iter_modules(cases.__path__)):
        importlib.import_module("cases." + module)
    return CASES


class Step:
    """One thing done on one connection, and all that came back."""

    def __init__(self, conn, label, sent=()):
        self.conn, self.label, self.sent = conn, label, list(sent)
        self.got = []       # ("frame", bytes), ("closed", None), ...
        self.unordered = False      # events in a row have no order


class Run:
    """What one case recorded on one server."""

    def __init__(self, base, root, near=0):
        self.base, self.root, self.near = base, root, near
        self.steps, self.clock = [], (0, 0)


DRAIN_XID = 1000000
DEFAULT_XID = {wire.OP["ping"]: -2, wire.OP["auth"]: -4,
               wire.OP["setWatches"]: -8, wire.OP["setWatches2"]: -8}


class Conn:
    """A named connection; every wire.BUILDERS name is a method of it."""

    def __init__(self, scenario, name, source):
        self.t, self.name = scenario, name
        self.wire = wire.Socket(scenario.port, source)
        self.xid, self.sid, self.password = 0, 0, bytes(16)
        self.zxid = 0           # of the last reply
        self.patience = PATIENCE
        self.ended = False      # its session was closed on it

    def __getattr__(self, name):
        build = wire.BUILDERS[name]
        return lambda *a, xid=None, **k: self.do(build(*a, **k), xid)

    # --- sending ---

    def _pack(self, request, xid):
        op, body, _ = request
        if xid is None and op in DEFAULT_XID:
            xid = DEFAULT_XID[op]
        elif xid is None:
            self.xid += 1
            xid = self.xid
        return (xid, op), wire.framed(wire.i32(xid) + wire.i32(op) + body)

    def _step(self, label, sent=()):
        step = Step(self.name, label, sent)
        self.t.run.steps.append(step)
        return step

    def _send(self, requests, xid=None, label=None, split=None):
        packed = [self._pack(r, xid) for r in requests]
        step = self._step(label or "; ".join(r[2] for r in requests),
                          [p[0] for p in packed])
        data = b"".join(p[1] for p in packed)
        if split is not None:
            self.wire.send(data[:split])
            time.sleep(0.002)   # the server reads what is there
            data = data[split:]
        self.wire.send(data)
        return step

    # --- receiving ---

    def _next(self, step):
        """One frame into the step; its xid, or None at close or silence."""
        frame = self.wire.frame(self.patience)
        if frame is None:
            step.got.append(("closed" if self.wire.closed
                             else "silence", None))
            if self.wire.closed and self.wire.pending:
                step.got.append(("bytes before the close",
                                 self.wire.pending))
            self.patience = 0.2
            return None
        step.got.append(("frame", frame))
        if len(frame) < 16:
            return 0
        xid, zxid, _ = struct.unpack(">iqi", frame[:16])
        self.zxid = max(self.zxid, zxid)
        return xid

    def _replies(self, step, count):
        while count:
            xid = self._next(step)
            if xid is None:
                return
            count -= xid != -1

    def _until_closed(self, step, seconds=None):
        patience = self.patience
        self.patience = seconds or patience
        while self._next(step) is not None:
            pass
        self.patience = patience

    # --- what cases use ---

    def do(self, request, xid=None):
        """Sends one request and waits for its reply."""
        self._replies(self._send([request], xid), 1)

    def pipeline(self, *requests, replies=None, label=None, split=None):
        """Sends all in one write, or two; waits for as many replies."""
        step = self._send(requests, label=label, split=split)
        self._replies(step, len(requests) if replies is None else replies)

    def fatal(self, *requests, xid=None):
        """Sends, and takes everything up to the server's close."""
        self._until_closed(self._send(requests, xid))

    def quit(self):
        """closeSession, its reply, and the close behind it."""
        self.fatal(wire.closeSession())
        self.ended = True

    def gone(self, seconds=None):
        """Waits for the server to close."""
        self._until_closed(self._step("is closed by the server"), seconds)

    def drain(self):
        """A read; whatever was due arrives before its reply.

        Not a ping: that says nothing about what other sessions did.
        """
        step = self._send([wire.getEphemerals("/none")], DRAIN_XID, "drains")
        while True:
            xid = self._next(step)
            if xid is None or xid == DRAIN_XID:
                return

    def quiet(self, request=None, seconds=0.3, xid=None):
        """Records what comes within some time, usually nothing."""
        step = self._send([request], xid) if request else self._step("listens")
        patience, self.patience = self.patience, seconds
        self._replies(step, 1)
        self.patience = patience

    def raw(self, data, label, sent=(), replies=0, closes=False):
        """Bytes as they are; then `replies` frames, or the close."""
        step = self._step(label, sent)
        self.wire.send(data)
        if closes:
            self._until_closed(step)
        else:
            self._replies(step, replies)

    def text(self, data, label, shape=None, half_close=False):
        """Bytes as they are; the answer is text until the close.

        shape maps the text to what two servers must share of it.
        """
        step = self._step(label)
        self.wire.send(data)
        if half_close:
            self.wire.half_close()
        got = self.wire.rest(PATIENCE)
        step.got.append(("text", shape(got) if shape else got))
        step.got.append(("closed" if self.wire.closed else "open", None))

    def hello(self, zxid=0, timeout=30000, sid=0, password=None, readonly=0,
              label=None, behind=(), closes=False):
        """The ConnectRequest, and requests sent right behind it."""
        if password is None:
            password = wire.password_of(sid) if sid else bytes(16)
        hello = wire.framed(wire.connectRequest(zxid, timeout, sid, password,
                                                readonly))
        packed = [self._pack(r, None) for r in behind]
        step = self._step(label or "connects", ["hello"]
                          + [p[0] for p in packed])
        self.wire.send(hello + b"".join(p[1] for p in packed))
        if self._next(step) is not None:
            self._learn(step.got[-1][1])
        self._replies(step, len(packed))
        if closes:
            self._until_closed(step)

    def _learn(self, frame):
        if frame and len(frame) >= 36:
            self.sid = struct.unpack(">q", frame[8:16])[0]
            self.password = frame[20:36]
            self.zxid = 0
        if self.sid:
            self.t.sessions[self.sid] = self.password

    def drop(self):
        """The client goes without a word; the session lives on."""
        self.wire.close()
        time.sleep(0.01)    # the server sees the end before what is next


class Scenario:
    """One case on one server."""

    def __init__(self, server, case):
        self.port, self.case = server.port, case
        self.root = case.root
        self.control = server.control
        self.conns, self.sessions, self.swept = [], {}, [self.root]
        self.run = Run(self.control.fresh_root(self.root), self.root,
                       self.control.sid)
        self.z0 = self.run.base

    def z(self, distance):
        """A zxid by its distance from the case's base."""
        return self.z0 + distance

    def socket(self, source="127.0.0.1", name=None):
        """A TCP connection that has not said hello."""
        conn = Conn(self, name or "abcdefghijklm"[len(self.conns) % 13],
                    source)
        self.conns.append(conn)
        return conn

    def connect(self, source="127.0.0.1", name=None, **hello):
        conn = self.socket(source, name)
        conn.hello(**hello)
        return conn

    def also(self, path):
        """A tree outside the case's root that it makes; swept after it."""
        self.swept.append(path)
        return path

    def pause(self, seconds=0.003):
        """Lets the millisecond clock move."""
        time.sleep(seconds)

    def execute(self):
        started = time.time() * 1000
        try:
            self.case.func(self)
            for conn in self.conns:
                if conn.sid and not conn.wire.closed and not conn.ended:
                    conn.drain()
        except Exception as e:
            step = Step("-", "the case itself")
            step.got.append(("failed: %r" % e, None))
            self.run.steps.append(step)
        finally:
            self.run.clock = (started, time.time() * 1000)
            self.clean_up()
        return self.run

    def clean_up(self):
        """No session and no node of this case outlives it."""
        for conn in self.conns:
            conn.wire.close()
        for sid, password in self.sessions.items():
            self.control.end_session(sid, password)
        for path in self.swept:
            self.control.sweep(path)


class Control:
    """The suite's own session on a server: sets up and sweeps."""

    def __init__(self, port, credentials=None):
        self.port, self.credentials = port, credentials
        self.wire, self.xid = None, 0
        self._connect()

    def _connect(self):
        self.wire = wire.Socket(self.port)
        self.wire.send(wire.framed(wire.connectRequest(timeout=10 ** 9)))
        hello = self.wire.frame(PATIENCE)
        if hello is None or len(hello) < 36:
            raise OSError("no session for the suite itself")
        self.sid = struct.unpack(">q", hello[8:16])[0]
        if self.credentials:
            self.ask(wire.auth(*self.credentials))

    def ask(self, request):
        """(zxid, err, body) of one request."""
        self.xid += 1
        op, body, label = request
        self.wire.send(wire.framed(wire.i32(self.xid) + wire.i32(op) + body))
        frame = self.wire.frame(PATIENCE)
        if frame is None:
            raise OSError("no answer to the suite's own " + label)
        _, zxid, err = struct.unpack(">iqi", frame[:16])
        return zxid, err, frame[16:]

    def fresh_root(self, root):
        """Makes the case's root node; the zxid it took."""
        if self.wire.closed or self.wire.pending:
            self._connect()
        try:
            self.ask(wire.ping())
        except OSError:
            self._connect()
        zxid, err, _ = self.ask(wire.create(root))
        if err == -110:
            self.sweep(root)
            zxid, err, _ = self.ask(wire.create(root))
        if err != 0:
            raise OSError("the suite cannot create %s: %d" % (root, err))
        return zxid

    def sweep(self, path):
        try:
            self._sweep(path)
        except OSError:
            pass    # the server is gone or ill: the next case will tell

    def _sweep(self, path):
        _, err, body = self.ask(wire.getChildren(path))
        if err == -102:
            self.ask(wire.setACL(path))
            _, err, body = self.ask(wire.getChildren(path))
        if err == 0:
            at = 4
            for _ in range(struct.unpack(">i", body[:4])[0]):
                size = struct.unpack(">i", body[at:at + 4])[0]
                name = body[at + 4:at + 4 + size]
                at += 4 + size
                self._sweep(wire.raw(path) + b"/" + name)
        self.ask(wire.delete(path))

    def end_session(self, sid, password):
        """Closes a session if it still lives, and waits for it."""
        try:
            end = wire.Socket(self.port)
        except OSError:
            return
        end.send(wire.framed(wire.connectRequest(sid=sid, password=password)))
        hello = end.frame(PATIENCE)
        if hello and hello[8:16] != bytes(8):
            end.send(wire.framed(wire.i32(1) + wire.i32(-11)))
            end.rest(PATIENCE)
        end.close()
