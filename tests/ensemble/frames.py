# SPDX-License-Identifier: Apache-2.0
"""Conversations in raw frames with a member of an ensemble, written down as
lines and held to the lines that a case expects, whoever answers: Apache's
servers prove that they are Apache's, zabd's that it answers the same."""

import struct

import ensemble  # noqa: F401  where the others are found
import session
from session import wire

ERRORS = {0: "ok", -4: "CONNECTIONLOSS", -101: "NONODE", -110: "NODEEXISTS",
          -112: "EXPIRED", -119: "NOTREADONLY", -120: "EPHEMERALONLOCAL"}
LOCAL = {"localSessionsEnabled": "true"}
UPGRADING = dict(LOCAL, localSessionsUpgradingEnabled="true")
READ_ONLY = dict(LOCAL, **{"readonlymode.enabled": "true"})
SHORT_MS = 2000        # of a session that is to expire


def error(code):
    return ERRORS.get(code, str(code))


class Session(session.Session):
    """With a member; `id` is None when it was closed instead of answered."""

    def __init__(self, member, sid=0, timeout=20000, **more):
        self.member = member
        try:
            super().__init__(member.port, timeout, sid, host=member.host,
                             **more)
        except session.NoAnswer:
            self.id, self.timeout, self.readonly = None, None, None

    def how(self):
        if self.id is None:
            return "closed"
        return "refused" if self.id == 0 else "in" + (
            " read-only" if self.readonly == b"\1" else "")

    def ask(self, request):
        """The answer's error as a word; zxid and body are kept."""
        answer = super().ask(request)
        if answer is None:
            return "closed"
        self.zxid, self.body = answer.zxid, answer.body
        return error(answer.error)

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
