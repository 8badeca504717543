# SPDX-License-Identifier: Apache-2.0
"""What the log says of whoever is closed: one line, which names him."""

import contextlib
import struct
import time

from abused import Session, case, wire
from cases_bytes import closed

# What the line says, whether there is a session, what is sent, and whether no
# more will come.
ENDS = True
OFFENCES = [
    ("Len error", False, wire.i32(-1)),
    ("no ConnectRequest", False, wire.framed(bytes(10))),
    ("it has no session after 1000 ms", False, b""),
    ("in the middle of a message", False, wire.i32(100) + b"abc", ENDS),
    ("wrong password for session", False, wire.framed(
        wire.connectRequest(sid=0x1234, password=b"p" * 16))),
    ("Len error", True, struct.pack(">i", 0x100000)),
    ("a frame of 4 bytes is no request", True, wire.framed(b"1234")),
    ("unknown operation 999", True, wire.framed(wire.i32(1) + wire.i32(999))),
    ("an auth packet that cannot be read", True,
     wire.framed(wire.i32(-4) + wire.i32(100) + b"x")),
    ("authentication failed", True,
     wire.framed(wire.i32(-4) + wire.i32(100) + wire.auth("none", "x")[1])),
    ("a sasl packet that cannot be read", True,
     wire.framed(wire.i32(5) + wire.i32(102) + b"x")),
]


def said_of(server, name):
    with open(server.path("log"), errors="replace") as f:
        return [line for line in f if name in line]


def what_is_said(server, with_session, data, ends=False):
    """Of a connection that sends this; or why it is not closed."""
    s = Session(server.port).socket if with_session else \
        wire.Socket(server.port)
    with contextlib.closing(s):
        name = "/127.0.0.1:%d" % s.sock.getsockname()[1]
        s.send(data)
        if ends:
            s.half_close()
        if not closed(s):
            return ["it stays open"]
    return said_of(server, name)


@case("each connection that is closed is one line of the log",
      **{"client.processes": 1})
def one_line(server):
    before = set()
    for words, *offence in OFFENCES:
        if words in before:
            time.sleep(1.1)     # a line of that kind comes once a second
        before.add(words)
        said = what_is_said(server, *offence)
        if len(said) != 1 or words not in said[0]:
            return "%s: %s" % (words, said)


@case("of many that are closed there are a few lines, and how many it were",
      maxClientCnxns=0, **{"client.processes": 1})
def few_lines(server):
    for _ in range(500):
        what_is_said(server, False, wire.i32(-1))
    time.sleep(1.1)
    what_is_said(server, False, wire.i32(-1))
    lines = said_of(server, "Len error")
    counted = [int(line.split()[-2])
               for line in said_of(server, "was suppressed")]
    if len(lines) > 100 or len(lines) + sum(counted) != 501:
        return "%d lines, and of %s more it is told" % (len(lines), counted)


@case("who takes no answers loses its session, in one line", grows_mb=24)
def deaf(server):
    client = Session(server.port, timeout=2000)
    client.ask(wire.create("/big", "b" * 100000))
    with contextlib.closing(client):
        client.send(*[wire.getData("/big")] * 1000)
        name, end = "0x%x: expired" % client.id, time.monotonic() + 60
        while not said_of(server, name) and time.monotonic() < end:
            time.sleep(0.1)
        if not closed(client.socket):
            return "its connection stays open"
        if len(said_of(server, name)) != 1:
            return "of its end there are these lines: %s" % said_of(
                server, name)
