# SPDX-License-Identifier: Apache-2.0
"""What was written, and what may be read after a crash.

Each value of a path is another one, so a value read tells which write it was.
"""

import json


class History:
    """For each path the values in the order in which they were sent, and which
    of them was acknowledged last; for each session how far its end came."""

    def __init__(self):
        self.values = {}    # path -> values in the order sent, None: deleted
        self.acked = {}     # path -> index of the last acknowledged one
        self.sessions = {}  # id -> "open", "closing", "closed"

    def sent(self, path, value):
        self.values.setdefault(path, [None]).append(value)
        return len(self.values[path]) - 1

    def ack(self, path, index):
        self.acked[path] = max(index, self.acked.get(path, 0))

    def session(self, sid, state):
        """It was opened, asked to be closed, or that was acknowledged."""
        self.sessions[sid] = state

    def wrong(self, path, value):
        """Why a value that was read cannot be; None: it can."""
        allowed = self.values[path][self.acked.get(path, 0):]
        if value in allowed:
            return None
        return "%s is %r, acknowledged was %r, sent after it: %r" % (
            path, value, allowed[0], allowed[1:])

    def wrong_session(self, sid, is_there):
        """Why it cannot be there, or be gone."""
        state = self.sessions[sid]
        if state == "closing" or is_there == (state == "open"):
            return None
        return "session 0x%x, %s, is %s" % (
            sid, state, "there" if is_there else "gone")


def noted(records, end):
    """The history that the test noted in a journal before record `end`: each
    note is the name of a method above and what it was given."""
    history = History()
    for op, _, data, _, _ in records[:end]:
        if op == "N":
            name, *given = json.loads(data)
            getattr(history, name)(*given)
    return history
