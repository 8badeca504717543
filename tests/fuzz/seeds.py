# SPDX-License-Identifier: Apache-2.0
"""Seeds for the fuzz targets: one or a few valid inputs of each kind.

    seeds.py DIR    write DIR/TARGET/seed-N
"""

import gzip
import os
import struct
import sys
import zlib


def h(text):
    return bytes.fromhex(text.replace(" ", ""))


def ustr(text):
    data = text.encode()
    return struct.pack(">i", len(data)) + data


def header(op, zxid, session=0x100001):
    return struct.pack(">qiqqi", session, 1, zxid, 1700000000000, op)


OPEN = struct.pack(">ii", 1, 31) + ustr("world") + ustr("anyone")
DIGEST = struct.pack(">iq", 2, 0x142a2347f)
CREATE = ustr("/a") + ustr("hello") + OPEN + b"\0" + struct.pack(">i", 1)


def sub(op, body):
    return struct.pack(">ii", op, len(body)) + body


TXNS = [
    header(1, 1) + CREATE + DIGEST,
    header(-10, 2) + struct.pack(">i", 5000) + DIGEST,
    header(-11, 3) + struct.pack(">i", 2) + ustr("/a") + ustr("/b") + DIGEST,
    header(-11, 4),
    header(5, 5) + ustr("/a") + struct.pack(">i", -1) + struct.pack(">i", 2),
    header(7, 6) + ustr("/a") + OPEN + struct.pack(">i", 1) + DIGEST,
    header(2, 7) + ustr("/a") + DIGEST,
    header(-1, 8) + struct.pack(">i", -101),
    header(14, 9) + struct.pack(">i", 3) + sub(1, CREATE)
    + sub(2, ustr("/a")) + sub(13, ustr("/x") + struct.pack(">i", 1)) + DIGEST,
    header(14, 10) + struct.pack(">i", 2) + sub(1, CREATE)
    + sub(-1, struct.pack(">i", -110)) + DIGEST,
    header(19, 11) + ustr("/c") + ustr("") + OPEN + struct.pack(">i", 3),
    header(21, 12) + ustr("/t") + ustr("") + OPEN + struct.pack(">iq", 4, 99),
]


def log_file():
    out = struct.pack(">iiq", 0x5A4B4C47, 2, 0)
    for txn in TXNS:
        out += struct.pack(">qi", zlib.adler32(txn), len(txn)) + txn + b"B"
    return out


def snapshot(is_payload):
    stat = bytes(60)
    body = struct.pack(">i", 1) + struct.pack(">qi", 0x100001, 5000)
    body += struct.pack(">i", 1) + struct.pack(">q", 1) + OPEN
    body += ustr("") + ustr("") + struct.pack(">q", -1) + stat
    body += ustr("/zookeeper") + struct.pack(">i", -1) \
        + struct.pack(">q", 1) + stat
    body += ustr("/")
    if is_payload:
        return body + ustr("BenWasHere")
    out = struct.pack(">iiq", 0x5A4B534E, 2, -1) + body
    out += struct.pack(">q", zlib.adler32(out)) + ustr("/")
    out += struct.pack(">qiq", 5, 2, 77)
    return out + struct.pack(">q", zlib.adler32(out)) + ustr("/")


# "abcd" four times, by a literal and a copy.
SNAPPY = h("10 0c 61626364 2e 0400")


def packed(kind, data):
    return bytes([kind]) + data


PACKED = [
    packed(0, snapshot(False)),
    packed(1, gzip.compress(snapshot(False))),
    packed(2, b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + 2 * (
        struct.pack(">i", len(SNAPPY)) + SNAPPY)),
    # A frame of one raw block.
    packed(3, h("28b52ffd 20 05 290000 68656c6c6f")),
]

# Flags, Stat, then what the flags leave: path (of a long one), ACL, data.
ROWS = [
    b"\1" + bytes(60) + b"data",
    b"\0" + bytes(60) + struct.pack(">i", len(OPEN)) + OPEN + b"data",
    b"\2" + bytes(60) + ustr("/long") + struct.pack(">i", len(OPEN)) + OPEN,
]


def request(op, body, xid=1):
    return struct.pack(">ii", xid, op) + body


REQUESTS = [
    request(1, ustr("/a") + ustr("x") + OPEN + struct.pack(">i", 2)),
    request(2, ustr("/a") + struct.pack(">i", -1)),
    request(3, ustr("/a") + b"\1"),
    request(5, ustr("/a") + ustr("y") + struct.pack(">i", 0)),
    request(7, ustr("/a") + OPEN + struct.pack(">i", 0)),
    request(14, struct.pack(">i?i", 1, False, -1) + ustr("/m") + ustr("")
            + OPEN + struct.pack(">i", 0) + struct.pack(">i?i", 13, False, -1)
            + ustr("/m") + struct.pack(">i", 0)
            + struct.pack(">i?i", -1, True, -1)),
    request(22, struct.pack(">i?i", 4, False, -1) + ustr("/") + b"\0"
            + struct.pack(">i?i", -1, True, -1)),
    request(100, struct.pack(">i", 0) + ustr("digest") + ustr("bob:pw"), -4),
    request(101, struct.pack(">qiii", 1, 0, 0, 0), -8),
    request(105, struct.pack(">q", 1) + (struct.pack(">i", 1) + ustr("/a"))
            * 5, -8),
    request(106, ustr("/a") + struct.pack(">i", 1)),
    request(21, ustr("/t") + ustr("") + OPEN + struct.pack(">iq", 5, 1000)),
]

CONNECT = h("0000002d 00000000 0000000000000000 00002710 0000000000000000"
            "00000010") + bytes(16) + b"\0"


def framed(data):
    return struct.pack(">i", len(data)) + data


# Who, then events as fuzz_learner.c reads them; a packet is 0f, type, zxid,
# size, data.
PROMISE = "0f110204 00010000 02"
SEAL = "0f0a0200 0000 02 0f0c0000"
PAIR = "0f020403 74786e 0f040800"
LIVE = "0f020303 74786e 0000 0f040300 0f050400 0f070100 0505"
LEARNERS = [
    h("0805" + PROMISE + "0f0d0100" + PAIR + SEAL + LIVE),
    h("0809" + PROMISE + "0f0e3a00 0401" + PAIR + SEAL + LIVE),
    h("0809" + PROMISE + "0f0e3a00 0400"),
    h("1a05" + PROMISE + "0f0f0700 06 0401" + PAIR + SEAL + LIVE),
    h("0905" + PROMISE + "0f0d0100" + PAIR + SEAL + "0f080303 74786e 0000"),
    h("4805 0f1102 1d 00010000 7a616264 00000006 0000000000000002"
      "0000000000000003 00 02 0f0d01 15 7a616264 0000000000000002"
      "0000000000000003 00" + SEAL + "0f0501 15 7a616264 0000000000000002"
      "0000000000000003 01"),
    h("2805 0f1102 1d 00010000 7a616264 00000006 0000000000000003"
      "0000000000000003 01"),
    h("0c05 0f110204 00010000 0f0d0100 0f020303 74786e" + SEAL + "0f040300"),
]

# How the history is given, then events as fuzz_leader.c reads them; the high
# half of an event is the slot: 2, 3, and the observer 9.
INFORMED = "%(n)d0%(who)s 02 %(n)da %(n)d10403 02 03"
LED = INFORMED % {"n": 0, "who": "80"} + "0a 0a 07030000 0a"
WRITES = "04 0a 03 07030100 0a 07010010" + "00" * 15 + "09 0a 04 04 03"
LATE = INFORMED + "%(n)da" * 7 + "%(n)d7030000" + "%(n)da" * 4
LEADERS = [
    h("00" + LED + WRITES + "05ff 05ff 05ff 06"),
    h("00" + LED + WRITES + LATE % {"n": 1, "who": "81"}),
    h("00" + LED + WRITES + LATE % {"n": 2, "who": "82"}
      + "0a0a 07030100 2a2a"),
    h("0e" + LED.replace("80", "f4") + WRITES),
    h("0e" + INFORMED % {"n": 0, "who": "fc"} + "0a"),
    h("01" + LED.replace("0a 0a 07", "0a 0a01 0a 07") + WRITES),
    h("00" + LED.replace("010403", "01040b").replace("0a 0a", "0a 0a0a0a")
      + WRITES + "1081 1a 11040b 1a1a1a"),
]

# spec/quorum-protocol.md 16.2 and 16.3
QPACKETS = [
    h("0000000b 0000000000000000 00000014 0000000000000001 00010000"
      "0000000000000000 ffffffff"),
    h("0000000b 0000000000000000 0000001c 0000000000000001 00010000"
      "0000000000000000 7a616264 00000003 ffffffff"),
    h("00000011 0000000100000000 0000000c 00010000 7a616264 00000003 ffffffff"
      "00000012 000000010000000f 00000004 ffffffff ffffffff"),
    h("0000000b 0000000000000000 0000002d 0000000000000001 00010000"
      "0000000000000000 7a616264 00000007 2f6c1e0a9b53d874 0000000000000007 01"
      "ffffffff"),
    h("0000000d 000000010000000f 00000015 7a616264 2f6c1e0a9b53d874"
      "0000000000000007 00 ffffffff"),
    h("00000001 ffffffffffffffff 00000010 01000017eb030000 00000006 fffffff5"
      "00000001 00000002 6970 00000009") + b"127.0.0.1",
]

SEEDS = {
    "learner": LEARNERS,
    "qpacket": QPACKETS,
    "leader": LEADERS,
    "txn": TXNS,
    "txlog": [log_file(), log_file() + bytes(64), log_file()[:-7]],
    "packed": PACKED,
    "row": ROWS,
    "snapshot": [b"\x40" + snapshot(False), b"\x41" + snapshot(True)],
    "conf": [b"tickTime=2000\ndataDir=/tmp/x\nclientPort=2181\n",
             b"# c\ndataDir : a\\\n  b\nserver.1=h:1:2\nmaxClientCnxns 60"],
    "acl": [struct.pack(">H", len(OPEN)) + OPEN + struct.pack(">i", 1)
            + ustr("ip") + ustr("127.0.0.1")],
    "note": [h("00000000 0000000000000002 0000000000000000"
               "0000000000000001 0000000000000000 00000002 00000003 613d62"),
             h("00000000 0000000000000002 0000000000000000"
               "0000000000000001 0000000000000000 00000002 00000003 613d62"
               "7a616264 2f6c1e0a9b53d874"),
             h("ffffffffffff0000 0000000000000002 0000000f") + b"127.0.0.1:23202",
             h("ffffffffffff0001 0000000000000002 0000000d")
             + b"[::]:1|zoo1:2"],
    "request": REQUESTS + [CONNECT + b"".join(framed(r) for r in REQUESTS),
                           b"ruok", CONNECT],
    "prep": [b"".join(struct.pack(">H", len(r)) + r for r in REQUESTS)]
    + [struct.pack(">H", len(r)) + r for r in REQUESTS],
}


def main(directory):
    for target, inputs in SEEDS.items():
        os.makedirs(os.path.join(directory, target), exist_ok=True)
        for i, data in enumerate(inputs):
            path = os.path.join(directory, target, "seed-%d" % i)
            with open(path, "wb") as f:
                f.write(data)


main(sys.argv[1])
