# SPDX-License-Identifier: Apache-2.0
"""Bytes that are no requests, or take their time to become one."""

import contextlib
import random
import struct
import time

from abused import MB, Session, case, wire


def closed(socket, seconds=20):
    """Whether the server closes the connection in time."""
    socket.rest(seconds)
    return socket.closed


@case("random bytes close their connection")
def random_bytes(server):
    chance = random.Random(11)
    for _ in range(200):
        s = wire.Socket(server.port)
        s.send(bytes(chance.randrange(256)
                     for _ in range(chance.randrange(1, 400))))
        s.half_close()
        if not closed(s):
            return "a connection stayed open"
        s.close()


@case("random requests of a session hurt nobody")
def random_requests(server):
    chance = random.Random(12)
    for _ in range(150):
        client = Session(server.port)
        for _ in range(100):
            body = bytes(chance.choice((0, 0, 0, 1, 0xff, 0x2f, 0x61))
                         for _ in range(chance.randrange(60)))
            op = chance.choice((1, 2, 3, 4, 5, 7, 8, 12, 14, 15, 18, 21, 22,
                                100, 101, 105, 106))
            client.send((op, body, ""))
        client.reply(0.5)
        client.close()


@case("a negative or oversized length closes the connection")
def bad_lengths(server):
    for length in (-1, -2 ** 31, 2 ** 31 - 1, 0x100000):
        client = Session(server.port)
        client.socket.send(struct.pack(">i", length) + bytes(64))
        if not closed(client.socket):
            return "length %d did not close it" % length
        client.close()


@case("lengths without their messages cost nothing", maxClientCnxns=0,
      **{"memory.limit": 64 * MB, "client.processes": 1})
def lengths_alone(server):
    silent = [Session(server.port) for _ in range(100)]
    for client in silent:
        client.socket.send(struct.pack(">i", MB - 1))
    time.sleep(0.5)
    gone = sum(closed(client.socket, 0) for client in silent)
    for client in silent:
        client.close()
    if gone:
        return "%d of them were closed" % gone


@case("messages that lack a byte keep nobody else from the buffers",
      maxClientCnxns=0, grows_mb=80,
      **{"memory.limit": 64 * MB, "client.processes": 1})
def unfinished(server):
    clients = [Session(server.port) for _ in range(100)]
    for client in clients:
        with contextlib.suppress(OSError):
            client.socket.sock.sendall(struct.pack(">i", MB - 1) +
                                       bytes(MB - 2))
    time.sleep(2)
    large = Session(server.port)
    with contextlib.closing(large):
        answer = large.ask(wire.create("/large", "x" * 900000))
        if not answer or answer.error:
            return "a large request that is whole got %r" % (answer,)
    for client in clients:
        client.close()


@case("a request may come byte by byte, or stop in the middle")
def dribble(server):
    client = Session(server.port)
    op, body, _ = wire.getData("/witness")
    frame = wire.framed(wire.i32(5) + wire.i32(op) + body)
    for i in range(len(frame)):
        client.socket.send(frame[i:i + 1])
        time.sleep(0.002)
    if client.reply() is None:
        return "no answer"
    client.socket.send(frame[:-3])
    client.close()


@case("paths of 4 KiB and 300 levels work like others")
def long_paths(server):
    client = Session(server.port)
    flat = "/" + "p" * 4095
    deep = ""
    with contextlib.closing(client):
        if client.ask(wire.create(flat, "x")).error != 0:
            return "the flat one was refused"
        for _ in range(300):
            deep += "/level-of-13b"
            if client.ask(wire.create(deep, "y")).error != 0:
                return "refused at %d bytes" % len(deep)
        if client.get(flat) != "x" or client.get(deep) != "y":
            return "not found again"


@case("invalid UTF-8 in a path is refused")
def bad_utf8(server):
    client = Session(server.port)
    with contextlib.closing(client):
        for raw in (b"/\xff", b"/\xc3", b"/\xed\xa0\x80", b"/a\xf0\x9f\x98\x80",
                    b"/\xc0\xaf", b"/\x01"):
            answer = client.ask(wire.create(raw, "x"))
            if answer is None or answer.error != -8:
                return "%r got %r" % (raw, answer)
