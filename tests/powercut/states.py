# SPDX-License-Identifier: Apache-2.0
"""What a power cut at some moment leaves, and whether a server is right on
it: what was acknowledged is there, multis are whole, writing goes on."""

import os
import random
import shutil

import journal
import server as servers
from history import noted
from recorder import OPTIONS
from session import Session, wire


def moments(records, count):
    """Record counts at which the power goes; `count` None: all."""
    changes = [i + 1 for i, r in enumerate(records) if r[0] != "N"]
    if count is None:
        return changes
    return sorted(random.Random(1).sample(changes, min(count, len(changes))))


def states(records, wanted, cuts, disk=None):
    """Each disk that a cut may leave: the moment, the cut, the files.  `disk`
    is what was there before the records."""
    disk, done = disk or journal.Disk(), 0
    for moment in wanted:
        for r in records[done:moment]:
            if r[0] != "N":
                disk.replay(r)
        done = moment
        for cut in cuts:
            yield moment, cut, disk.files(cut, moment)


def twins_differ(values, history):
    """A multi is half there: its two nodes differ in its value."""
    for path, value in values.items():
        if not path.startswith("/t"):
            continue
        other = values.get("/k" + path[2:])
        if "-" in path and (value is None) != (other is None):
            return "%s is %r but %s %r" % (path, value, "/k" + path[2:], other)
        if value is None:
            continue  # the first two are created one after the other
        in_both = set(history.values[path]) & set(
            history.values.get("/k" + path[2:], []))
        i = history.values[path].index(value)
        later = [v for v in history.values[path][i + 1:] if v in in_both]
        if other in later:
            return "%s has %r but %s already %r" % (
                path, value, "/k" + path[2:], other)
    return None


def wrong_sessions(port, history):
    """A session is gone that should live, or lives though it was closed."""
    for sid in history.sessions:
        client = Session(port, sid=sid)
        client.close()
        why = history.wrong_session(sid, client.id == sid)
        if why:
            return why
    return None


def wrong(port, history):
    """Why what the server says cannot be, or None."""
    client = Session(port)
    values = {p: client.get(p) for p in history.values}
    for path, value in values.items():
        why = history.wrong(path, value)
        if why:
            return why
    why = twins_differ(values, history) or wrong_sessions(port, history)
    if why:
        return why
    answer = client.ask(wire.create("/after-the-cut", "x"))
    client.close()
    return None if answer and answer.error == 0 else \
        "a create after the cut got %r" % (answer,)


class Checker:
    """Starts a server on one state after the other, and counts."""

    def __init__(self, options=None):
        self.server = servers.Server("zabd", dict(OPTIONS, **(options or {})))
        self.passed = self.failed = 0

    def why(self, files, is_wrong):
        """Why the server is wrong on these files, or None."""
        data = self.server.path("data")
        shutil.rmtree(data)
        os.mkdir(data)
        journal.lay(files, data)
        try:
            self.server.start()
            return is_wrong(self.server)
        except (AssertionError, RuntimeError, ConnectionError, OSError) as e:
            return str(e)
        finally:
            self.server.kill()

    def look(self, files, is_wrong, where):
        why = self.why(files, is_wrong)
        self.passed, self.failed = (self.passed + (not why),
                                    self.failed + bool(why))
        if why:
            print("FAILED %s: %s" % (where, why), flush=True)

    def close(self):
        self.server.close()


def called(records, moment, cut):
    """The moment and the cut as a failure tells them."""
    op, path = records[moment - 1][:2]
    return "after call %d (%s %s), %s" % (moment, op, path, cut)


def check_all(records, wanted, cuts):
    """A start on each state of a run; how many were right, and wrong."""
    checker = Checker()
    try:
        for moment, cut, files in states(records, wanted, cuts):
            history = noted(records, moment)
            checker.look(files, lambda s, h=history: wrong(s.port, h),
                         called(records, moment, cut))
    finally:
        checker.close()
    return checker.passed, checker.failed
