# SPDX-License-Identifier: Apache-2.0
"""A session over raw frames: asks what wire.py builds, gives back what came.

It judges neither.  What a test expects of an answer it says itself, or a class
of its own does: tests/storage/lib.py, tests/ensemble/frames.py.
"""

import os
import struct
import sys
import typing

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "..", "..", "conform"))

import wire  # noqa: E402


class NoAnswer(ConnectionError):
    """The connect request was answered by the end of the connection."""


class Reply(typing.NamedTuple):
    xid: int
    zxid: int
    error: int
    body: bytes


class Session:
    """One connection; `id` is 0 when the server refused the session."""

    patience = 10       # seconds for what must come

    def __init__(self, port, timeout=30000, sid=0, password=None, zxid=0,
                 readonly=0, host="127.0.0.1", source="127.0.0.1"):
        self.socket, self.xid = wire.Socket(port, source, host), 0
        password = password or (wire.password_of(sid) if sid else bytes(16))
        self.socket.send(wire.framed(wire.connectRequest(
            zxid, timeout, sid, password, readonly)))
        answer = self.socket.frame(self.patience)
        if answer is None:
            raise NoAnswer("no answer to the connect request")
        _, self.timeout, self.id, size = struct.unpack(">iiqi", answer[:20])
        self.password = answer[20:20 + size]
        self.readonly = answer[20 + size:]      # nothing, or a boolean

    def send(self, *requests):
        """All at once; their xids, or None when the server has closed."""
        xids, frames = [], b""
        for op, body, _ in requests:
            self.xid += 1
            xids.append(self.xid)
            frames += wire.framed(wire.i32(self.xid) + wire.i32(op) + body)
        return xids if self.socket.send(frames) else None

    def reply(self, seconds=None):
        """The next Reply, or event; None when there is none by then."""
        frame = self.socket.frame(self.patience if seconds is None
                                  else seconds)
        return frame and Reply(*struct.unpack(">iqi", frame[:16]), frame[16:])

    def ask(self, request, seconds=None):
        return self.reply(seconds) if self.send(request) else None

    def get(self, path):
        """The data as text, or None where there is no node."""
        answer = self.ask(wire.getData(path))
        if answer is None:
            raise ConnectionError("no answer to getData %s" % path)
        if answer.error:
            return None
        size = struct.unpack(">i", answer.body[:4])[0]
        return answer.body[4:4 + max(size, 0)].decode()

    def close(self):
        """The connection, not the session: that is wire.closeSession()."""
        self.socket.close()
