# SPDX-License-Identifier: Apache-2.0
"""Conversations in raw frames with a member of an ensemble, written down as
lines and held to the lines that a case expects, whoever answers: Apache's
servers prove that they are Apache's, zabd's that it answers the same."""

import os
import struct
import sys

from ensemble import ROOT, four

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
        self.socket = wire.Socket(member.port, host=member.host)
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
