# SPDX-License-Identifier: Apache-2.0
"""The wire: jute encoding, request builders, and one raw connection.

Nothing here judges an answer.  A request is built from exactly the fields
given, also from wrong ones; None is jute's null (length -1).
Source of facts: the sheet client-protocol.md, sections 1, 2, 5 and 7.
"""

import select
import socket
import struct
import time

OP = {
    "notification": 0, "create": 1, "delete": 2, "exists": 3, "getData": 4,
    "setData": 5, "getACL": 6, "setACL": 7, "getChildren": 8, "sync": 9,
    "ping": 11, "getChildren2": 12, "check": 13, "multi": 14, "create2": 15,
    "reconfig": 16, "checkWatches": 17, "removeWatches": 18,
    "createContainer": 19, "deleteContainer": 20, "createTTL": 21,
    "multiRead": 22, "auth": 100, "setWatches": 101, "sasl": 102,
    "getEphemerals": 103, "getAllChildrenNumber": 104, "setWatches2": 105,
    "addWatch": 106, "whoAmI": 107, "createSession": -10,
    "closeSession": -11, "error": -1,
}
OPNAME = {v: k for k, v in OP.items()}

OPEN = ((31, "world", "anyone"),)
READ, WRITE, CREATE, DELETE, ADMIN, ALL = 1, 2, 4, 8, 16, 31
PLAIN, EPH, SEQ, EPHSEQ, CONTAINER, TTL, TTLSEQ = range(7)


# --- jute ------------------------------------------------------------------

def i32(n):
    return struct.pack(">i", n)


def i64(n):
    return struct.pack(">q", n)


def boolean(b):
    return b"\1" if b is True else b"\0" if b is False else bytes([b])


def raw(text):
    """str to UTF-8; bytes and None stay."""
    return text.encode() if isinstance(text, str) else text


def buf(data):
    data = raw(data)
    return i32(-1) if data is None else i32(len(data)) + data


def vec(items, one=buf):
    if items is None:
        return i32(-1)
    return i32(len(items)) + b"".join(one(i) for i in items)


def acls(entries):
    return vec(entries, lambda a: i32(a[0]) + buf(a[1]) + buf(a[2]))


# --- requests: each builder returns (opcode, body, label) --------------------

def _req(name, body, *shown):
    return OP[name], body, " ".join([name] + [str(s) for s in shown])


def anyop(code, body=b""):
    return code, body, "opcode %d with %d bytes" % (code, len(body))


def create(path, data=b"", acl=OPEN, flags=0, op="create"):
    return _req(op, buf(path) + buf(data) + acls(acl) + i32(flags), path,
                "flags %d" % flags)


def create2(path, data=b"", acl=OPEN, flags=0):
    return create(path, data, acl, flags, "create2")


def createContainer(path, data=b"", acl=OPEN, flags=CONTAINER):
    return create(path, data, acl, flags, "createContainer")


def createTTL(path, ttl, data=b"", acl=OPEN, flags=TTL):
    return _req("createTTL", buf(path) + buf(data) + acls(acl) + i32(flags)
                + i64(ttl), path, "flags %d" % flags, "ttl %d" % ttl)


def delete(path, version=-1):
    return _req("delete", buf(path) + i32(version), path, "v%d" % version)


def deleteContainer(path):
    return _req("deleteContainer", buf(path), path)


def _watched(name):
    def build(path, watch=False):
        return _req(name, buf(path) + boolean(watch), path,
                    "watch" if watch else "")
    return build


exists = _watched("exists")
getData = _watched("getData")
getChildren = _watched("getChildren")
getChildren2 = _watched("getChildren2")


def setData(path, data=b"", version=-1):
    return _req("setData", buf(path) + buf(data) + i32(version), path,
                "v%d" % version)


def getACL(path):
    return _req("getACL", buf(path), path)


def setACL(path, acl=OPEN, version=-1):
    return _req("setACL", buf(path) + acls(acl) + i32(version), path, acl,
                "v%d" % version)


def sync(path):
    return _req("sync", buf(path), path)


def ping():
    return _req("ping", b"")


def check(path, version=-1):
    return _req("check", buf(path) + i32(version), path, "v%d" % version)


def header(kind, done=0, err=-1):
    return i32(kind) + bytes([done]) + i32(err)


def _many(name, ops, end):
    body = b"".join(header(o[0]) + o[1] for o in ops)
    return _req(name, body + (header(-1, 1) if end else b""),
                "[" + "; ".join(o[2] for o in ops) + "]")


def multi(*ops, end=True):
    return _many("multi", ops, end)


def multiRead(*ops, end=True):
    return _many("multiRead", ops, end)


def reconfig(joining=None, leaving=None, members=None, config=-1):
    return _req("reconfig", buf(joining) + buf(leaving) + buf(members)
                + i64(config), joining, leaving, members, config)


def checkWatches(path, kind=3):
    return _req("checkWatches", buf(path) + i32(kind), path, "type", kind)


def removeWatches(path, kind=3):
    return _req("removeWatches", buf(path) + i32(kind), path, "type", kind)


def auth(scheme, data, kind=0):
    return _req("auth", i32(kind) + buf(scheme) + buf(data), scheme, data)


def setWatches(zxid, data=(), exist=(), child=()):
    return _req("setWatches", i64(zxid) + vec(data) + vec(exist) + vec(child),
                data, exist, child)


def setWatches2(zxid, data=(), exist=(), child=(), persistent=(),
                recursive=()):
    lists = data, exist, child, persistent, recursive
    return _req("setWatches2", i64(zxid) + b"".join(vec(v) for v in lists),
                *lists)


def sasl(token):
    return _req("sasl", buf(token), token)


def getEphemerals(prefix):
    return _req("getEphemerals", buf(prefix), prefix)


def getAllChildrenNumber(path):
    return _req("getAllChildrenNumber", buf(path), path)


def addWatch(path, mode=0):
    return _req("addWatch", buf(path) + i32(mode), path, "mode %d" % mode)


def whoAmI():
    return _req("whoAmI", b"")


def closeSession():
    return _req("closeSession", b"")


BUILDERS = {name: f for name, f in list(globals().items())
            if name in OP or name == "anyop"}


def connectRequest(zxid=0, timeout=30000, sid=0, password=bytes(16),
                   readonly=0):
    """readonly None leaves the last byte out, as old and Go clients do."""
    body = i32(0) + i64(zxid) + i32(timeout) + i64(sid) + buf(password)
    return body if readonly is None else body + boolean(readonly)


def framed(body):
    return i32(len(body)) + body


def password_of(sid):
    """The password every Java server derives from a session id (1.6)."""
    state = ((sid & (2 ** 64 - 1)) ^ 0xB3415C00 ^ 0x5DEECE66D) % 2 ** 48
    out = b""
    for _ in range(4):
        state = (state * 0x5DEECE66D + 0xB) % 2 ** 48
        out += struct.pack("<I", (state >> 16) & 0xFFFFFFFF)
    return out


# --- one connection ----------------------------------------------------------

class Socket:
    """Frames over TCP; tells a closed connection from a silent one."""

    def __init__(self, port, source="127.0.0.1", host="127.0.0.1"):
        """From ::1 it goes there, too."""
        if source == "::1":
            host = source
        self.sock = socket.socket(socket.AF_INET6 if ":" in host
                                  else socket.AF_INET)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source and host == "127.0.0.1":
            self.sock.bind((source, 0))
        self.sock.settimeout(5)
        self.pending = b""
        self.closed = False
        try:
            self.sock.connect((host, port))
        except (ConnectionResetError, BrokenPipeError):
            self.closed = True      # taken and reset before we looked

    def send(self, data):
        """False when the peer has closed already."""
        try:
            self.sock.sendall(data)
            return True
        except OSError:
            return False

    def _fill(self, deadline):
        """Reads once; False at the deadline or at the end."""
        left = deadline - time.monotonic()
        if self.closed or left <= 0:
            return False
        poll = select.poll()        # floods have more than select can name
        poll.register(self.sock, select.POLLIN)
        if not poll.poll(left * 1000):
            return False
        try:
            got = self.sock.recv(1 << 16)
        except OSError:
            got = b""
        self.closed = not got
        self.pending += got
        return bool(got)

    def frame(self, seconds):
        """The next frame's body, or None at the deadline or the end."""
        deadline = time.monotonic() + seconds
        while True:
            if len(self.pending) >= 4:
                size = struct.unpack(">i", self.pending[:4])[0]
                if 0 <= size <= len(self.pending) - 4:
                    body = self.pending[4:4 + size]
                    self.pending = self.pending[4 + size:]
                    return body
            if not self._fill(deadline):
                return None

    def rest(self, seconds):
        """All bytes until the peer closes or the deadline."""
        deadline = time.monotonic() + seconds
        while self._fill(deadline):
            pass
        out, self.pending = self.pending, b""
        return out

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()
        self.closed = True
