# SPDX-License-Identifier: Apache-2.0
"""What peers say to each other, as text.

A Sniffer hears every TCP byte on the loopback of a network namespace of our
own, so no member knows that it is overheard and no port is another one's.
Conversation turns one connection of the quorum port into lines, a packet
each, F> from the learner, L> from the leader:

    L> PROPOSAL zxid=0x100000002 authinfo=null
         SESSION1 00000001 0000000100000002 TIME 00000001 ...

The data of a packet is there to the byte, as hex; what no two runs have in
common is a word: SESSIONn, TIME (any 8 bytes that are a time of this run, in
ms), DIGEST (the last 8 bytes of a transaction).  Behind a # stands what of it
can be read.  Pings come when they will, so they are told apart (pings())."""

import socket
import struct
import threading
import time

TYPES = {1: "REQUEST", 2: "PROPOSAL", 3: "ACK", 4: "COMMIT", 5: "PING",
         6: "REVALIDATE", 7: "SYNC", 8: "INFORM", 9: "COMMITANDACTIVATE",
         10: "NEWLEADER", 11: "FOLLOWERINFO", 12: "UPTODATE", 13: "DIFF",
         14: "TRUNC", 15: "SNAP", 16: "OBSERVERINFO", 17: "LEADERINFO",
         18: "ACKEPOCH", 19: "INFORMANDACTIVATE"}
ETH_P_IP, FOR_US = 0x0800, 0
RCVBUFFORCE = 33
END_OF_SNAP = b"\0\0\0\x0aBenWasHere"
ERROR_TXN = struct.pack(">i", -1)
# zabd servers know each other by these bytes; Apache leaves them unread.
ZABD = b"zabd"
INFOS = ("FOLLOWERINFO", "OBSERVERINFO", "LEADERINFO")


class Flow:
    """One direction of one TCP connection, put together."""

    def __init__(self, seq):
        self.next, self.parts = seq, []       # (when, bytes)

    def add(self, when, seq, data):
        behind = (self.next - seq) & 0xffffffff
        if behind < 0x80000000:               # of what we have, maybe more
            data = data[behind:]
            if data:
                self.parts.append((when, data))
                self.next = (self.next + len(data)) & 0xffffffff
        elif data:
            raise RuntimeError("the sniffer has missed something")


class Sniffer(threading.Thread):
    """Hears from its making on, all or one port; flows are by (port, port of
    the other)."""

    def __init__(self, port=None):
        super().__init__(daemon=True)
        self.port = port
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                    socket.htons(ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 64 << 20)
        self.socket.bind(("lo", 0))
        self.flows, self.lock = [], threading.Lock()
        self.open = {}
        self.began_ms = time.time_ns() // 1000000
        self.start()

    def run(self):
        while True:
            packet, (_, _, kind, _, _) = self.socket.recvfrom(1 << 17)
            if kind == FOR_US and packet[9] == 6:
                with self.lock:
                    self.on_tcp(packet, time.monotonic())

    def on_tcp(self, packet, now):
        tcp = packet[(packet[0] & 15) * 4:struct.unpack(">H", packet[2:4])[0]
                     or None]
        source, target, seq = struct.unpack(">HHI", tcp[:8])
        key, flags = (source, target), tcp[13]
        if self.port not in key and self.port:
            return
        if flags & 2:                         # SYN: one byte of sequence
            flow = Flow((seq + 1) & 0xffffffff)
            self.open[key] = flow
            self.flows.append((key, flow))
        elif key in self.open:
            self.open[key].add(now, seq, tcp[(tcp[12] >> 4) * 4:])

    def pairs(self, port):
        """(dialler's flow, listener's flow) of connections to the port."""
        with self.lock:
            flows = list(self.flows)
        for i, (key, flow) in enumerate(flows):
            if key[1] == port:
                back = [f for k, f in flows[i:] if k == (key[1], key[0])]
                if back:
                    yield flow, back[0]


def bytes_of(flow):
    return b"".join(data for _, data in flow.parts)


class Packet:
    """One packet of the quorum port."""

    def __init__(self, when, who, type, zxid, data, auth):
        self.when, self.who, self.type = when, who, type
        self.zxid, self.data, self.auth = zxid, data, auth


def packets(flow, who):
    """The packets of one direction; what follows SNAP is its data."""
    data, at, when = bytes_of(flow), 0, iter(flow.parts)
    reached, stamp = 0, 0.0
    while at < len(data):
        start = at
        try:
            type, zxid, size = struct.unpack_from(">iqi", data, at)
            at += 16
            body = None if size < 0 else data[at:at + size]
            at += max(size, 0)
            (count,) = struct.unpack_from(">i", data, at)
            at += 4
            first = at
            for _ in range(max(count, 0) * 2):
                (size,) = struct.unpack_from(">i", data, at)
                at += 4 + size
        except struct.error:
            return                            # cut off where we stopped
        auth = None if count < 0 else data[first:at]
        if TYPES.get(type) == "SNAP":
            end = data.find(END_OF_SNAP, at) + len(END_OF_SNAP)
            body, at = data[at:end], end
        while reached < at:
            stamp, part = next(when)
            reached += len(part)
        if at <= start:
            return
        yield Packet(stamp, who, TYPES.get(type, str(type)), zxid, body,
                     auth)


class Normal:
    """Replaces what differs between two runs by words."""

    def __init__(self, began_ms):
        self.low, self.high = began_ms, time.time_ns() // 1000000 + 1
        self.sessions = []

    def session(self, number):
        """Sessions are numbered as the script makes them."""
        self.sessions.append(struct.pack(">Q", number & (1 << 64) - 1))

    def hex(self, data, has_digest=False):
        """(words, what can be read of it)."""
        out, at, run, text = [], 0, b"", b""
        stop = len(data) - 8 if has_digest else len(data)
        while at < stop:
            eight = data[at:at + 8]
            word = None
            if len(eight) == 8:
                if eight in self.sessions:
                    word = "SESSION%d" % (self.sessions.index(eight) + 1)
                elif self.low <= struct.unpack(">Q", eight)[0] <= self.high:
                    word = "TIME"
            if word:
                out += groups(run) + [word]
                run, at, text = b"", at + 8, text + bytes(8)
            else:
                run += data[at:at + 1]
                text += data[at:at + 1]
                at += 1
        out += groups(run) + (["DIGEST"] if has_digest else [])
        return out, readable(text)


def groups(data):
    return [data[i:i + 4].hex() for i in range(0, len(data), 4)]


def readable(data):
    text = "".join(chr(b) if 32 <= b < 127 else "." for b in data)
    return text if any(c != "." for c in text) else ""


def has_digest(p):
    """A transaction that changed something carries the tree's digest."""
    if p.type not in ("PROPOSAL", "INFORM"):
        return False
    return p.data[28:32] != ERROR_TXN and len(p.data) > 44 and \
        p.data[-12:-8] == b"\0\0\0\2"


def lines(p, normal):
    """One packet as text."""
    data = p.data
    if p.type in INFOS and data and ZABD in data:
        data = data[:data.index(ZABD)]
    yield "%s> %s zxid=0x%x data=%s authinfo=%s" % (
        p.who, p.type, p.zxid & (1 << 64) - 1,
        "null" if data is None else len(data),
        "null" if p.auth is None else p.auth.hex() or "none")
    words, text = normal.hex(data or b"", has_digest(p))
    for i in range(0, len(words), 10):
        yield "     " + " ".join(words[i:i + 10])
    if text:
        yield "   # " + text[:3000]


class Conversation:
    """One connection between a learner and its leader."""

    def __init__(self, up, down):
        self.packets = sorted(
            list(packets(up, "F")) + list(packets(down, "L")),
            key=lambda p: p.when)

    @property
    def sid(self):
        """The learner's."""
        first = self.packets[0] if self.packets else None
        if first and first.type in INFOS and first.who == "F":
            return struct.unpack(">q", first.data[:8])[0]
        return None

    def text(self, normal, since=0.0):
        """All but the pings, of packets behind `since`."""
        return [line for p in self.packets
                if p.type != "PING" and p.when >= since
                for line in lines(p, normal)]

    def pings(self):
        """The shapes of pings: who, and how many sessions were touched."""
        return sorted({"%s> PING data=%s" % (
            p.who, "null" if p.data is None else "n x 12"
            if len(p.data) % 12 == 0 else len(p.data))
            for p in self.packets if p.type == "PING"})


def conversations(sniffer, port, sid):
    """Those of this learner at this leader's port, oldest first."""
    found = []
    for up, down in sniffer.pairs(port):
        c = Conversation(up, down)
        if c.sid == sid:
            found.append(c)
    return found


def hello(sniffer, port):
    """What a dialler of the election port says first: greeting and first
    notification, as hex with what of it can be read."""
    for up, _ in sniffer.pairs(port):
        data = bytes_of(up)
        if len(data) < 24:
            continue
        size = 20 + struct.unpack(">i", data[16:20])[0]
        greeting, rest = data[:size], data[size:]
        note = rest[:4 + struct.unpack(">i", rest[:4])[0]] \
            if len(rest) >= 4 else b""
        if note:
            yield from ("E> " + w for w in (
                " ".join(groups(greeting)), " ".join(groups(note))))
            yield "   # " + readable(greeting + note)
            return


def said_by(who, text, but=()):
    """The lines of one side without what is only to be read, and without
    packets of the types in `but`."""
    out, is_on = [], False
    for line in text:
        if line[1:2] == ">":
            is_on = line[0] in who and line.split()[1] not in but
        if is_on and line.strip() and not line.lstrip().startswith("#"):
            out.append(line.rstrip())
    return out


def take_out(text, lines):
    """These lines, which follow each other in it, go; False: they do not."""
    for i in range(len(text) - len(lines) + 1):
        if text[i:i + len(lines)] == lines:
            del text[i:i + len(lines)]
            return True
    return False
