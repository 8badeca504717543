# SPDX-License-Identifier: Apache-2.0
"""The scripted run: about 300 writes, sessions with ephemerals that come and
go, and a restart, on a server whose every change to its disk is recorded."""

import json
import os
import random
import shutil
import time

import journal
from history import History
from recorder import BUILD, Recorder
from session import Session, wire

LAST = os.path.join(BUILD, "last.journal")  # for --only
FILES = "log.", "data.mdb", "snapshot."     # a cut must meet all of them
GUEST_MS = 40000        # the timeout of a session that may be left open


class Notes(History):
    """A history that is noted in the journal as it grows."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def note(self, *what):
        journal.note(self.path, json.dumps(what))

    def sent(self, path, value):
        self.note("sent", path, value)
        return super().sent(path, value)

    def ack(self, path, index):
        self.note("ack", path, index)
        super().ack(path, index)

    def session(self, sid, state):
        self.note("session", sid, state)
        super().session(sid, state)


class Writer:
    """Writes, pipelined in fives."""

    def __init__(self, port, history):
        self.history = history
        self.client = Session(port)
        self.waiting = []       # of each request: [(path, index), ...]

    def write(self, request, *changes):
        """`changes`: each path and its value behind it, None: deleted."""
        self.waiting.append([(path, self.history.sent(path, value))
                             for path, value in changes])
        self.client.send(request)
        self.collect(4)

    def collect(self, keep):
        """Replies, until so many are still to come."""
        while len(self.waiting) > keep:
            error = self.client.reply().error
            for path, index in self.waiting.pop(0):
                if error == 0:
                    self.history.ack(path, index)


class Guest:
    """A session with two ephemerals that are made, and go, together."""

    def __init__(self, port, history, name):
        self.history = history
        self.client = Session(port, GUEST_MS)
        history.session(self.client.id, "open")
        self.paths = "/k-" + name, "/t-" + name
        self.ask(name, wire.multi(*[wire.create(p, name, flags=wire.EPH)
                                    for p in self.paths]))

    def ask(self, value, request):
        marks = [self.history.sent(p, value) for p in self.paths]
        if self.client.ask(request).error == 0:
            for path, index in zip(self.paths, marks):
                self.history.ack(path, index)

    def quit(self):
        self.history.session(self.client.id, "closing")
        self.ask(None, wire.closeSession())
        self.history.session(self.client.id, "closed")
        self.client.close()


def write_one(w, i, value):
    """The i-th of the work: sets mostly, now and then a multi, or a node that
    comes and goes."""
    name, twin = "/k%d" % (i % 7), "/t%d" % (i % 7)
    if i < 7:
        w.write(wire.create(name, value), (name, value))
        w.write(wire.create(twin, value), (twin, value))
    elif i % 10 == 3:
        w.write(wire.multi(wire.setData(name, value),
                           wire.setData(twin, value)),
                (name, value), (twin, value))
    elif i % 25 == 24:
        lone = "/gone%d" % i
        w.write(wire.create(lone, value), (lone, value))
        w.write(wire.delete(lone), (lone, None))
    else:
        w.write(wire.setData(name, value), (name, value))


def work(port, history, first):
    """150 writes, numbered from `first`; of three guests one stays."""
    w, chance = Writer(port, history), random.Random(first)
    guests = []
    for i in range(first, first + 150):
        write_one(w, i, "v%d-" % i + "x" * chance.choice((0, 10, 900)))
        if i % 50 == 10:
            guests.append(Guest(port, history, "guest%d" % i))
        if i % 50 == 40 and i > first + 50:
            guests.pop(0).quit()
        if i % 50 == 49:
            w.collect(0)
            time.sleep(1.2)  # let the image fold, snapshots be taken
    w.client.close()
    for guest in guests:
        guest.client.close()    # the connection, not the session


def record():
    """The records of the run; their journal is kept."""
    recorder = Recorder(options={"autopurge.purgeInterval": "500ms"})
    server, history = recorder.server, Notes(recorder.journal)
    try:
        work(server.port, history, 0)
        server.stop()
        recorder.start()
        work(server.port, history, 150)
        time.sleep(1.5)
        server.stop()
        shutil.copy(recorder.journal, LAST)
        return journal.read(LAST)
    finally:
        server.close()


def never_written(records):
    """The files of which the work made the server write nothing, or remove
    nothing that was too old."""
    written = [path for op, path, *_ in records if op in "wW"]
    gone = [path for op, path, *_ in records if op == "u"]
    return [part for part in FILES if not any(part in p for p in written)] + [
        part + " (purged)" for part in ("log.", "snapshot.")
        if not any(part in p and not p.endswith(".tmp") for p in gone)]
