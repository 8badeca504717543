# SPDX-License-Identifier: Apache-2.0
"""What was asked and what was answered: one Op per write, one Book per
session that writes.  A write is acknowledged (`ok`), refused by the server
(`failed`), or nobody knows (`unknown`: the connection broke, or no answer
came).  A book is kept by one thread at a time and read when all is quiet."""

import threading
import time

KINDS = ("create", "delete", "set", "both", "pair", "unpair", "next", "eph")


class Op:
    """One write.  What `n` means is told by its kind:

    create  makes   c/WRITER-n with the token as data
    delete  removes c/WRITER-n
    set     stores n in s/WRITER
    both    stores n in m/WRITER-a and m/WRITER-b, one multi
    pair    makes   p/WRITER-n-a and p/WRITER-n-b, one multi
    unpair  removes both, one multi
    next    makes a sequential node q/WRITER- with the token as data
    eph     makes the ephemeral e/WRITER-n
    """
    __slots__ = ("kind", "n", "sent", "done", "outcome", "answer")

    def __init__(self, kind, n, sent=None):
        self.kind, self.n = kind, n
        self.sent = time.monotonic() if sent is None else sent
        self.done = None
        self.outcome = "unknown"
        self.answer = None      # Stat, path, or the name of the error

    def settle(self, outcome, answer, done=None):
        self.outcome, self.answer = outcome, answer
        self.done = time.monotonic() if done is None else done

    def __repr__(self):
        return "%s %d %s %s" % (self.kind, self.n, self.outcome, self.answer)


class Book:
    """All writes of one session, in the order in which they were sent."""

    def __init__(self, writer):
        self.writer = writer
        self.session = 0
        self.ops = []
        self.acked = 0          # how many answers came, of any kind
        self.set_acked = 0      # the greatest n of an acknowledged set
        self.set_sent = 0
        self.wrong = []         # what was seen to be wrong on the way
        self.lock = threading.Lock()

    def add(self, kind, n, sent=None):
        op = Op(kind, n, sent)
        with self.lock:
            self.ops.append(op)
            if kind == "set":
                self.set_sent = n
        return op

    def settle(self, op, outcome, answer, done=None):
        with self.lock:
            op.settle(outcome, answer, done)
            if outcome != "unknown":
                self.acked += 1
            if outcome == "ok" and op.kind == "set":
                self.set_acked = max(self.set_acked, op.n)

    def of(self, kind):
        return [op for op in self.ops if op.kind == kind]

    def token(self, op):
        return ("%s %s %d" % (self.writer, op.kind, op.n)).encode()
