# SPDX-License-Identifier: Apache-2.0
"""A small client for the storage tests: unique writes, and what may be read.

`History` knows for each path the values in the order in which they were
sent and which of them were acknowledged; `wrong` says why a value read after
a crash cannot be.
"""

import os
import struct
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tests", "conform"))

import wire  # noqa: E402


class Client:
    def __init__(self, port, timeout=30000, source="127.0.0.1"):
        self.socket = wire.Socket(port, source)
        self.socket.send(wire.framed(wire.connectRequest(timeout=timeout)))
        if not self.socket.frame(10):
            raise ConnectionError("no session was given")
        self.xid = 0

    def send(self, request):
        op, body, _ = request
        self.xid += 1
        return self.socket.send(wire.framed(
            wire.i32(self.xid) + wire.i32(op) + body))

    def reply(self, seconds=10):
        """(error, body) of the next reply; None when there is none."""
        frame = self.socket.frame(seconds)
        if frame is None:
            return None
        return struct.unpack(">i", frame[12:16])[0], frame[16:]

    def ask(self, request, seconds=10):
        return self.reply(seconds) if self.send(request) else None

    def get(self, path):
        """The data as text, or None where there is no node."""
        answer = self.ask(wire.getData(path))
        if answer is None:
            raise ConnectionError("no answer to getData %s" % path)
        error, body = answer
        if error:
            return None
        size = struct.unpack(">i", body[:4])[0]
        return body[4:4 + max(size, 0)].decode()

    def close(self):
        self.socket.close()


class History:
    def __init__(self):
        self.values = {}  # path -> values in the order sent, None: deleted
        self.acked = {}   # path -> index of the last acknowledged one

    def sent(self, path, value):
        self.values.setdefault(path, [None]).append(value)
        return len(self.values[path]) - 1

    def ack(self, path, index):
        self.acked[path] = max(index, self.acked.get(path, 0))

    def wrong(self, path, value):
        allowed = self.values[path][self.acked.get(path, 0):]
        if value in allowed:
            return None
        return "%s is %r, acknowledged was %r, sent after it: %r" % (
            path, value, allowed[0], allowed[1:])
