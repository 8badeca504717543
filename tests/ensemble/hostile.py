# SPDX-License-Identifier: Apache-2.0
"""Members that only pretend to be some: they come properly through elections
and handshakes, say what a script wants, and keep no promise.

Bytes are built here from spec/quorum-protocol.md, not with the server's own
code.  Nothing here judges; a case says what must hold."""

import contextlib
import socket
import struct
import threading
import time

from ensemble import until

HOST = "127.0.0.1"
PATIENCE_S = 30.0

(REQUEST, PROPOSAL, ACK, COMMIT, PING, REVALIDATE, SYNC, INFORM,
 COMMIT_ACTIVATE, NEW_LEADER, FOLLOWER_INFO, UP_TO_DATE, DIFF, TRUNC, SNAP,
 OBSERVER_INFO, LEADER_INFO, ACK_EPOCH, INFORM_ACTIVATE) = range(1, 20)
LOOKING, FOLLOWING, LEADING, OBSERVING = range(4)
PROTOCOL = 0x10000
PACKS = b"zabd\0\0\0\1"      # a zabd whose snapshots are zstd frames
SIGNATURE = b"\0\0\0\x0aBenWasHere"


class Gone(ConnectionError):
    """The other side has hung up."""


def zxid(epoch, counter):
    return epoch << 32 | counter


# --- the quorum port ------------------------------------------------------------

def packet(kind, id=-1, data=None, ids=b"\xff\xff\xff\xff"):
    """`ids` is a serialised vector<Id>, null if nothing is said."""
    size = -1 if data is None else len(data)
    return struct.pack(">iqi", kind, id, size) + (data or b"") + ids


def request(session, op, body, cxid=1, ids=b"\xff\xff\xff\xff"):
    return packet(REQUEST, -1, struct.pack(">qii", session, cxid, op) + body,
                  ids)


def ustr(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">i", len(data)) + data


WORLD = struct.pack(">ii", 1, 31) + ustr("world") + ustr("anyone")


def txn(id, kind, body, session=0x0300000000000001, cxid=1):
    """A transaction without a digest."""
    return struct.pack(">qiqqi", session, cxid, id, 1700000000000,
                       kind) + body


def create_txn(id, path, data=b"x", parent_cversion=-1):
    return txn(id, 1, ustr(path) + ustr(data) + WORLD + b"\0" +
               struct.pack(">i", parent_cversion))


def snapshot(sessions=(), acls=b"\0\0\0\0", nodes=()):
    """The payload of a SNAP; a node is (path, data)."""
    stat = struct.pack(">qqqqiiiqq", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    out = struct.pack(">i", len(sessions))
    for id, timeout in sessions:
        out += struct.pack(">qi", id, timeout)
    out += acls
    for path, data in (("", b""),) + tuple(nodes):
        out += ustr(path) + ustr(data) + struct.pack(">q", -1) + stat
    return out + ustr("/") + SIGNATURE


def packed(first, blocks):
    """A zstd frame of these bytes and so many times 128 KiB of zeros, which
    take four bytes each."""
    def block(kind, size, data):
        return struct.pack("<I", kind << 1 | size << 3)[:3] + data
    window = b"\x38"       # of 128 KiB
    return struct.pack("<I", 0xfd2fb528) + b"\0" + window + block(
        0, len(first), first) + blocks * block(1, 1 << 17, b"\0")


class Link:
    """A connection of the quorum port, packet by packet."""

    def __init__(self, sock):
        self.sock, self.rest = sock, b""
        sock.settimeout(PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *packets):
        try:
            self.sock.sendall(b"".join(packets))
        except ConnectionError:
            raise Gone("it hung up")

    def _more(self):
        try:
            part = self.sock.recv(1 << 16)
        except ConnectionError:
            part = b""
        if not part:
            raise Gone("it hung up")
        self.rest += part

    def take(self, size):
        while len(self.rest) < size:
            self._more()
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def read(self):
        """(type, zxid, data) of the next packet; what it is asked for as, it
        does not hear."""
        kind, id, size = struct.unpack(">iqi", self.take(16))
        data = None if size < 0 else self.take(size)
        for _ in range(2 * max(struct.unpack(">i", self.take(4))[0], 0)):
            self.take(max(struct.unpack(">i", self.take(4))[0], 0))
        if kind == SNAP:
            while SIGNATURE not in self.rest:
                self._more()
            self.take(self.rest.index(SIGNATURE) + len(SIGNATURE))
        return kind, id, data

    def hears(self, *kinds):
        """The next packet of one of these kinds; others are skipped."""
        while True:
            answer = self.read()
            if answer[0] in kinds:
                return answer

    def is_hung_up(self, seconds=PATIENCE_S):
        """Soon, whatever it says before that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            try:
                self._more()
            except Gone:
                return True
            except socket.timeout:
                break
        return False

    def close(self):
        self.sock.close()


def dial(member, port=None):
    return Link(socket.create_connection((member.host,
                                          port or member.quorum_port)))


def learn(member, sid, kind=OBSERVER_INFO, port=None):
    """Be brought up as a learner of `member`: (link, epoch, where its history
    ends).  Nobody is zabd's here, so no payload is packed."""
    link = dial(member, port)
    link.send(packet(kind, 0, struct.pack(">qiq", sid, PROTOCOL, 0)))
    _, id, _ = link.hears(LEADER_INFO)
    link.send(packet(ACK_EPOCH, 0, struct.pack(">i", -1)))
    last = 0
    while True:
        what, id, _ = link.read()
        if what in (DIFF, TRUNC, SNAP, PROPOSAL):
            last = max(last, id)
        if what == NEW_LEADER:
            break
    link.send(packet(ACK, id))
    link.hears(UP_TO_DATE)
    link.send(packet(ACK, id))
    return link, id >> 32, last


# --- the election ---------------------------------------------------------------

def framed(data):
    return struct.pack(">i", len(data)) + data


def note(state, leader, id, round, epoch, config=b"version=0", version=2):
    return struct.pack(">iqqqqii", state, leader, id, round, epoch, version,
                       len(config)) + config


class Voter(threading.Thread):
    """The election port of a member that has elected `leader`, and tells so
    whoever looks.  Its sid is larger than theirs: it is the one that dials."""

    def __init__(self, sid, port, to, leader, id, epoch):
        super().__init__(daemon=True)
        self.sid, self.port, self.to = sid, port, to
        self.vote = (LEADING if sid == leader else FOLLOWING, leader, id)
        self.epoch, self.is_over = epoch, False
        self.start()

    def run(self):
        while not self.is_over:
            with contextlib.suppress(OSError):
                self.talk()
            time.sleep(0.05)

    def talk(self):
        with socket.create_connection((self.to.host, self.to.election_port),
                                      5) as s:
            s.settimeout(5)
            s.sendall(struct.pack(">qq", -65536, self.sid) + ustr(
                "%s:%d" % (HOST, self.port)))
            data = b""
            while not self.is_over:
                try:
                    part = s.recv(1 << 16)
                except socket.timeout:
                    continue
                if not part:
                    return
                data += part
                while len(data) >= 4:
                    size = struct.unpack(">i", data[:4])[0]
                    if len(data) < 4 + size:
                        break
                    self.answer(s, data[4:4 + size])
                    data = data[4 + size:]

    def answer(self, s, heard):
        state, _, _, round = struct.unpack(">iqqq", heard[:28])
        if state == LOOKING:
            s.sendall(framed(note(*self.vote, round, self.epoch)))


class Leader:
    """Members 2 and 3 of three, of which 3 leads: whom member 1 follows."""

    def __init__(self, e, epoch):
        self.e, self.epoch, self.member = e, epoch, e[1]
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((HOST, e[3].quorum_port))
        self.listener.listen(16)
        self.listener.settimeout(PATIENCE_S)
        self.voters = [Voter(sid, e[sid].election_port, e[1], 3,
                             zxid(epoch, 0), epoch) for sid in (2, 3)]

    def forget_waiting(self):
        """Whoever has come was stopped since, whatever it has said."""
        self.listener.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.listener.accept()[0].close()
        self.listener.settimeout(PATIENCE_S)

    def accept(self):
        """The learner comes, and says who it is.  It may have come before, and
        be gone."""
        while True:
            link = Link(self.listener.accept()[0])
            with contextlib.suppress(Gone):
                link.hears(FOLLOWER_INFO, OBSERVER_INFO)
                return link
            link.close()

    def promised(self, more=b""):
        """The learner has promised the epoch: (link, its last zxid).  `more`
        is what a zabd says behind its protocol."""
        link = self.accept()
        link.send(packet(LEADER_INFO, zxid(self.epoch, 0),
                         struct.pack(">i", PROTOCOL) + more))
        return link, link.hears(ACK_EPOCH)[1]

    def sealed(self, *plan):
        """The learner was given this plan, and has acknowledged NEW_LEADER."""
        link, last = self.promised()
        link.send(*(plan or (packet(DIFF, last),)))
        link.send(packet(NEW_LEADER, zxid(self.epoch, 0)))
        link.hears(ACK)
        return link, last

    def followed(self, *plan):
        """The learner serves."""
        link, last = self.sealed(*plan)
        link.send(packet(UP_TO_DATE))
        link.hears(ACK)
        return link, last

    def is_served_by(self):
        """The member came through all this, and serves under a leader."""
        link, _ = self.followed()
        end = threading.Event()

        def pings():
            with contextlib.suppress(OSError):
                while not end.wait(0.1):
                    link.send(packet(PING, zxid(self.epoch, 0)))
        thread = threading.Thread(target=pings, daemon=True)
        thread.start()
        try:
            until(lambda: self.member.mode() in ("follower", "observer"),
                  "%r serves" % self.member, PATIENCE_S)
        finally:
            end.set()
            thread.join()
            link.close()

    def close(self):
        for v in self.voters:
            v.is_over = True
        self.listener.close()
