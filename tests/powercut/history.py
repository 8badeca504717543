# SPDX-License-Identifier: Apache-2.0
"""What was written, and what may be read after a crash.

Each value of a path is another one, so a value read tells which write it was.
"""


class History:
    """For each path the values in the order in which they were sent, and which
    of them was acknowledged last."""

    def __init__(self):
        self.values = {}  # path -> values in the order sent, None: deleted
        self.acked = {}   # path -> index of the last acknowledged one

    def sent(self, path, value):
        self.values.setdefault(path, [None]).append(value)
        return len(self.values[path]) - 1

    def ack(self, path, index):
        self.acked[path] = max(index, self.acked.get(path, 0))

    def wrong(self, path, value):
        """Why a value that was read cannot be; None: it can."""
        allowed = self.values[path][self.acked.get(path, 0):]
        if value in allowed:
            return None
        return "%s is %r, acknowledged was %r, sent after it: %r" % (
            path, value, allowed[0], allowed[1:])
