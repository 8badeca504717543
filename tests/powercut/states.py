# SPDX-License-Identifier: Apache-2.0
"""What a power cut at some moment leaves, and whether a server is right on
it: what was acknowledged is there, multis are whole, writing goes on."""

import contextlib
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
    """Starts a server on one state after the other."""

    def __init__(self, options=None):
        self.server = servers.Server("zabd", dict(OPTIONS, **(options or {})))

    def why(self, files, is_wrong):
        """Why the server is wrong on these files, or None."""
        data = self.server.path("data")
        shutil.rmtree(data)
        journal.lay(files, data)
        try:
            self.server.start()
            return is_wrong(self.server)
        except (AssertionError, RuntimeError, ConnectionError, OSError) as e:
            return str(e)
        finally:
            self.server.kill()

    def close(self):
        self.server.close()


def check_all(records, wanted, cuts):
    """A start on each state of a run; how many were right, and wrong."""
    with contextlib.closing(Checker()) as checker:
        def why_wrong(moment, files):
            history = noted(records, moment)
            return checker.why(files, lambda s: wrong(s.port, history))
        return journal.try_all(records, wanted, cuts, why_wrong)
