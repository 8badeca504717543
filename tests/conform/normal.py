# SPDX-License-Identifier: Apache-2.0
"""Turns what a server sent into lines that two servers must share.

Every byte of every frame goes into a line.  Only three kinds of value are
replaced, and each by something that keeps its meaning:

- a zxid by its distance from the case's base ("+3"; 0 and -1 stay), so
  order and differences remain;
- a time by whether it is the time of its transaction: the first time seen
  for a zxid is remembered, any other later is shown with its error in ms;
  a right time, as an owner of 0, is not shown at all;
- a session id by a name in order of appearance, its password by whether it
  is the one that follows from the id; ids are near each other, since they
  come from one clock.

The unordered lists of the protocol (children, ephemerals, whoAmI) are
sorted.  The case's own root path is shown as "$".  A frame that does not
decode as its request demands, or leaves bytes over, shows them in hex.
"""

import itertools
import struct

import wire

ERRORS = {
    0: "OK", -2: "RUNTIMEINCONSISTENCY", -5: "MARSHALLINGERROR",
    -6: "UNIMPLEMENTED", -8: "BADARGUMENTS", -12: "UNKNOWNSESSION",
    -101: "NONODE", -102: "NOAUTH", -103: "BADVERSION",
    -108: "NOCHILDRENFOREPHEMERALS", -110: "NODEEXISTS", -111: "NOTEMPTY",
    -112: "SESSIONEXPIRED", -114: "INVALIDACL", -115: "AUTHFAILED",
    -118: "SESSIONMOVED", -119: "NOTREADONLY",
    -120: "EPHEMERALONLOCALSESSION", -121: "NOWATCHER",
    -123: "RECONFIGDISABLED", -124: "SESSIONCLOSEDREQUIRESASLAUTH",
    -125: "QUOTAEXCEEDED", -127: "THROTTLEDOP",
}
EVENTS = {1: "NodeCreated", 2: "NodeDeleted", 3: "NodeDataChanged",
          4: "NodeChildrenChanged"}
CREATE_SESSION = 99, wire.OP["createSession"]   # answered like a hello
CLOCK_SLACK_MS = 3000


class Short(Exception):
    """The frame ended inside a field."""


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, n):
        if n < 0 or self.at + n > len(self.data):
            raise Short()
        out = self.data[self.at:self.at + n]
        self.at += n
        return out

    def i32(self):
        return struct.unpack(">i", self.take(4))[0]

    def i64(self):
        return struct.unpack(">q", self.take(8))[0]

    def byte(self):
        return self.take(1)[0]

    def buf(self):
        n = self.i32()
        return None if n == -1 else self.take(n)


class Normaliser:
    """One case on one server; feed it the steps in order."""

    def __init__(self, base, root, clock, near):
        self.base = base            # zxid before the case's first step
        self.near = near            # another session id of this server,
                                    # None: of several servers
        self.root = root.encode()
        self.clock = clock          # (from, to) in ms, the case's life
        self.sessions = {}          # id -> name
        self.times = {0: 0}         # zxid -> ms
        self.pending = {}           # connection -> [(xid, op)]

    # --- values ---

    def zxid(self, z):
        return str(z) if z in (0, -1) else "%+d" % (z - self.base)

    def time(self, zxid, ms):
        known = self.times.setdefault(zxid, ms)
        if known != ms:
            return "ok%+dms" % (ms - known)
        low, high = self.clock
        late = zxid > self.base and not (
            low - CLOCK_SLACK_MS <= ms <= high + CLOCK_SLACK_MS)
        return "far(%d)" % ms if late else "ok"     # ok is not shown

    def session(self, sid):
        return "0" if sid == 0 else self.sessions.get(sid, "0x%x" % sid)

    def text(self, data):
        if data is None:
            return "null"
        return repr(data.replace(self.root, b"$"))[1:]

    def hexed(self, data):
        return data.hex().replace(self.root.hex(), "$")

    # --- records ---

    def stat(self, r):
        czxid, mzxid = r.i64(), r.i64()
        ctime, mtime = r.i64(), r.i64()
        counts = r.i32(), r.i32(), r.i32()
        owner = r.i64()
        size, kids, pzxid = r.i32(), r.i32(), r.i64()
        odd = ["%s %s" % (name, was) for name, was in (
            ("ctime", self.time(czxid, ctime)),
            ("mtime", self.time(mzxid, mtime)),
            ("owner", self.session(owner))) if was not in ("ok", "0")]
        return "stat{%s}" % " ".join([
            "c%s m%s p%s v%d cv%d av%d len%d kids%d" % (
                self.zxid(czxid), self.zxid(mzxid), self.zxid(pzxid),
                *counts, size, kids)] + odd)

    def strings(self, r, order=sorted):
        n = r.i32()
        if n < 0:
            return "null" if n == -1 else "count %d" % n
        items = [self.text(r.buf()) for _ in range(n)]
        return "[" + ", ".join(order(items)) + "]"

    def acl(self, r):
        n = r.i32()
        if n < 0:
            return "null" if n == -1 else "count %d" % n
        out = ["%d:%s:%s" % (r.i32(), self.text(r.buf()), self.text(r.buf()))
               for _ in range(n)]
        return "acl[" + ", ".join(out) + "]"

    def clients(self, r):
        n = r.i32()
        out = ["%s:%s" % (self.text(r.buf()), self.text(r.buf()))
               for _ in range(max(n, 0))]
        return "clients %d [%s]" % (n, ", ".join(sorted(out)))

    def results(self, r):
        """The results of a multi or multiRead."""
        out = []
        while True:
            kind, done, err = r.i32(), r.byte(), r.i32()
            head = "%s done %d err %s" % (wire.OPNAME.get(kind, kind), done,
                                          error(err))
            if done:
                plain = (kind, done, err) == (-1, 1, -1)
                out.append("end" if plain else head)
                return "results{" + "; ".join(out) + "}"
            if kind == -1:
                again = r.i32()
                out.append("error " + error(err) if (done, err) == (0, again)
                           else head + " " + error(again))
            else:
                head = head.replace(" done 0 err OK", "")
                out.append((head + " " + self.body(kind, r)).rstrip())

    def body(self, op, r):
        name = wire.OPNAME.get(op, "")
        if name in ("create", "sync"):
            return "path " + self.text(r.buf())
        if name in ("create2", "createContainer", "createTTL"):
            return "path " + self.text(r.buf()) + " " + self.stat(r)
        if name in ("exists", "setData", "setACL"):
            return self.stat(r)
        if name in ("getData", "reconfig"):
            return "data " + self.text(r.buf()) + " " + self.stat(r)
        if name == "getACL":
            return self.acl(r) + " " + self.stat(r)
        if name in ("getChildren", "getEphemerals"):
            return "names " + self.strings(r)
        if name == "getChildren2":
            return "names " + self.strings(r) + " " + self.stat(r)
        if name in ("multi", "multiRead"):
            return self.results(r)
        if name == "sasl":
            return "token " + self.text(r.buf())
        if name == "getAllChildrenNumber":
            return "total %d" % r.i32()
        if name == "addWatch":
            return "err %s" % error(r.i32())
        if name == "whoAmI":
            return self.clients(r)
        return ""

    # --- frames ---

    def connected(self, r):
        version, timeout, sid = r.i32(), r.i32(), r.i64()
        password = r.buf()
        if sid != 0:
            far = " far from the others" * (self.near is not None and
                                            abs(sid - self.near) >> 44 > 0)
            self.sessions.setdefault(sid, "s%d%s" % (len(self.sessions) + 1,
                                                     far))
        good = sid != 0 and password == wire.password_of(sid)
        shown = "right" if good else self.text(password)
        tail = " readonly %d" % r.byte() if r.at < len(r.data) else ""
        return "ConnectResponse version %d timeout %d session %s password " \
            "%s%s" % (version, timeout, self.session(sid), shown, tail)

    def reply(self, conn, r):
        xid, zxid, err = r.i32(), r.i64(), r.i32()
        head = "xid %d zxid %s %s" % (xid, self.zxid(zxid), error(err))
        if xid == -1:
            kind, state, path = r.i32(), r.i32(), r.buf()
            return "event zxid %s %s: %s state %d path %s" % (
                self.zxid(zxid), error(err), EVENTS.get(kind, kind), state,
                self.text(path))
        waiting = self.pending.get(conn, [])
        place = next((i for i, w in enumerate(waiting)
                      if answered_as(w) == xid), None)
        if place is None:
            return head + " (nobody asked)"
        op = waiting.pop(place)[1]
        early = " before %d earlier" % place if place else ""
        if err != 0:
            return head + early
        return " ".join(p for p in (head + early, self.body(op, r)) if p)

    def frame(self, conn, data):
        r = Reader(data)
        try:
            if self.pending[conn][:1] == ["hello"]:
                self.pending[conn].pop(0)
                line = self.connected(r)
            elif len(data) in (36, 37) and data[:4] == bytes(4) and \
                    self.pending[conn][-1:] == [CREATE_SESSION]:
                self.pending[conn].pop()
                line = "again " + self.connected(r)
            else:
                line = self.reply(conn, r)
        except Short:
            return "short frame " + self.hexed(data)
        if r.at < len(data):
            line += " and then " + self.hexed(data[r.at:])
        return line

    def step(self, step):
        """The lines of one step; see harness.Step."""
        waiting = self.pending.setdefault(step.conn, [])
        waiting.extend(step.sent)
        lines = []
        for kind, data in step.got:
            if kind == "frame":
                lines.append(self.frame(step.conn, data))
            else:
                lines.append(kind if data is None
                             else kind + " " + self.text(data))
        return sorted_runs(lines) if step.unordered else lines


def answered_as(request):
    """A ping is answered with xid -2, whatever it came with."""
    xid, op = request[:2]
    return -2 if wire.OPNAME.get(op) == "ping" else xid


def sorted_runs(lines):
    """Each run of events sorted; the frames between them stay."""
    runs = itertools.groupby(lines, lambda line: line.startswith("event "))
    return [line for is_event, run in runs
            for line in (sorted(run) if is_event else run)]


def error(code):
    return ERRORS.get(code) or "err %d" % code


def lines_of(run):
    """All steps of one recorded run, normalised: a list of lists."""
    n = Normaliser(run.base, run.root, run.clock, run.near)
    return [n.step(s) for s in run.steps]
