# SPDX-License-Identifier: Apache-2.0
"""Answers that are long or many, of clients who do not take them."""

import contextlib
import os
import re
import signal
import struct
import threading
import time

from abused import MB, Session, case, wire
from wait import until


def take_bytes(client, count):
    """How many of so many bytes came before there was silence."""
    got = len(client.socket.pending)
    with contextlib.suppress(OSError):
        while got < count:
            more = len(client.socket.sock.recv(1 << 20))
            if not more:
                break
            got += more
    return got


def read_slowly(client, per_second, meanwhile=lambda: None):
    """Bytes of the next frame, or how many of them came before the end."""
    got, size = b"", None
    while size is None or len(got) < size:
        more = client.socket.sock.recv(per_second // 20)
        if not more:
            return len(got), size
        got += more
        size = 4 + struct.unpack(">i", got[:4])[0]
        meanwhile()
        time.sleep(0.05)
    return size, size


def long_list(client):
    """Children whose names take some 20 MB: more than any buffer takes."""
    client.ask(wire.create("/list"))
    for start in range(0, 90000, 3000):
        client.ask(wire.multi(*[wire.create("/list/%s%07d" % ("n" * 220, i))
                                for i in range(start, start + 3000)]), 30)


@case("a million tiny requests on one connection")
def tiny_requests(server):
    client = Session(server.port)
    ping = wire.framed(wire.i32(-2) + wire.i32(11))
    per_batch, batches = 10000, 100
    with contextlib.closing(client):
        sender = threading.Thread(
            target=lambda: [client.socket.sock.sendall(ping * per_batch)
                            for _ in range(batches)])
        client.socket.sock.settimeout(60)
        sender.start()
        left = per_batch * batches * 20
        while left > 0:
            got = client.socket.sock.recv(1 << 20)
            if not got:
                return "closed with %d bytes to come" % left
            left -= len(got)
        sender.join()


@case("a client that never reads is no longer read from", grows_mb=24)
def never_reads(server):
    client = Session(server.port)
    client.ask(wire.create("/big", "b" * 100000))
    op, body, _ = wire.getData("/big")
    frame = wire.framed(wire.i32(7) + wire.i32(op) + body) * 1000
    client.socket.sock.settimeout(2)
    sent = 0
    with contextlib.suppress(OSError):
        for _ in range(200):  # 20 GB of answers, if it were read
            client.socket.sock.sendall(frame)
            sent += len(frame)
    time.sleep(0.5)
    if sent >= 200 * len(frame):
        return "%d bytes of requests were taken in" % sent
    return None  # closed when the case ends, while its answers wait


@case("who takes no answers keeps no room from those who do", maxClientCnxns=0,
      grows_mb=100, **{"memory.limit": 64 * MB, "client.processes": 1})
def hoarders(server):
    data = "b" * 1000000
    client = Session(server.port)
    client.ask(wire.create("/big", data))
    hoarders = []
    for _ in range(60):     # those that find no room go, and make some
        hoarders.append(Session(server.port))
        hoarders[-1].send(*[wire.getData("/big")] * 20)
        time.sleep(0.03)
    time.sleep(2)
    try:
        for _ in range(20):
            if client.ask(wire.multiRead(*[wire.getData("/big")] * 4)).error:
                return "a large answer is none"
            if client.ask(wire.setData("/big", data)).error:
                return "a large request failed"
    except AttributeError:
        return "who takes its answers lost its connection"
    finally:
        for c in hoarders + [client]:
            c.close()


@case("a pipeline of requests that take long lets others have their turn",
      grows_mb=60, **{"client.processes": 1})
def long_requests(server):
    client = Session(server.port)
    with contextlib.closing(client):
        for start in range(0, 50000, 2500):
            client.ask(wire.multi(*[wire.create("/e%d" % i, flags=wire.EPH)
                                    for i in range(start, start + 2500)]), 30)
        op, body, _ = wire.getEphemerals("/none of them")
        client.socket.send(wire.framed(wire.i32(7) + wire.i32(op) + body) *
                           6000)
        other = Session(server.port)  # while that goes on
        with contextlib.closing(other):
            if other.ask(wire.getData("/witness"), 8) is None:
                return "another client was not answered"
        if client.reply() is None:
            return "the first of them was not answered"


@case("a multiRead may answer 30 MB, but not 100", grows_mb=120)
def long_multi_read(server):
    client = Session(server.port)
    with contextlib.closing(client):
        client.ask(wire.create("/big", "b" * 1000000))
        client.socket.sock.settimeout(10)
        for count, answered in (30, 30 * 1000000), (100, 0):
            client.send(wire.multiRead(*[wire.getData("/big")] * count))
            got = take_bytes(client, answered or 1)
            if got < answered or (got and not answered):
                return "of %d nodes there came %d bytes" % (count, got)


@case("an event behind a long answer does not cut it off", grows_mb=120)
def event_behind_answer(server):
    client, reader = Session(server.port), Session(server.port)
    with contextlib.closing(client), contextlib.closing(reader):
        long_list(client)
        reader.send(wire.getChildren("/list", True))
        time.sleep(0.5)
        client.ask(wire.create("/list/one-more"))
        got, size = read_slowly(reader, 40 * MB)
        if got != size:
            return "closed after %d bytes of %s" % (got, size)


@case("who takes a long answer slowly, and pings, keeps its session",
      grows_mb=120)
def slow_reader(server):
    client = Session(server.port)
    long_list(client)
    reader = Session(server.port, timeout=2000)
    with contextlib.closing(client), contextlib.closing(reader):
        reader.send(wire.getChildren("/list"))
        got, size = read_slowly(reader, 3 * MB,
                                lambda: reader.send(wire.ping()))
        if got != size:
            return "closed after %d bytes of %s" % (got, size)


@case("thirty watchers hear of each of 20,000 writes without a pause")
def event_flood(server):
    writer = Session(server.port)
    writer.ask(wire.create("/hot"))
    watchers = [Session(server.port) for _ in range(30)]
    for w in watchers:
        w.ask(wire.addWatch("/hot"))
        w.socket.sock.settimeout(10)
    op, body, _ = wire.setData("/hot", "x")
    frame = wire.framed(wire.i32(9) + wire.i32(op) + body)
    event = 4 + 16 + 4 + 4 + 4 + len("/hot")
    threads = [threading.Thread(target=writer.socket.sock.sendall,
                                args=(frame * 20000,)),
               threading.Thread(target=take_bytes, args=(writer, 1 << 40))]
    for t in threads:
        t.start()
    counts = [take_bytes(w, 20000 * event) / event for w in watchers]
    threads[0].join()
    for c in watchers + [writer]:
        c.close()
    if set(counts) != {20000}:
        return "they heard of %s" % sorted(set(counts))


@case("a watcher who reads nothing is let go before that takes the memory",
      grows_mb=80)
def deaf_watcher(server):
    path = "/" + "d" * 100000       # each event has it
    writer, deaf = Session(server.port), Session(server.port)
    with contextlib.closing(writer), contextlib.closing(deaf):
        writer.ask(wire.create(path))
        deaf.ask(wire.addWatch(path))
        for _ in range(300):        # the kernel takes some of them
            writer.ask(wire.setData(path, "x"))
        until(lambda: "events unread" in server.tail(), "it is told")
        if take_bytes(deaf, 1 << 40) < 100000:
            return "it was told nothing before"


@case("a disk that stands still is seen in the latency of reads behind a write",
      **{"4lw.commands.whitelist": "cons"})
def slow_disk(server):
    log = server.process("log")
    client = Session(server.port)
    with contextlib.closing(client):
        os.kill(log, signal.SIGSTOP)
        client.send(wire.create("/slow"))
        client.send(wire.getData("/slow"))
        time.sleep(0.3)
        os.kill(log, signal.SIGCONT)
        client.reply()
        client.reply()
        asker = wire.Socket(server.port)
        asker.send(b"cons")
        last = re.search(rb":%d\[.*lop=GETD.*,llat=(\d+)" %
                         client.socket.sock.getsockname()[1], asker.rest(5))
        if not last or int(last.group(1)) < 200:
            return "its last latency is %s" % (last and last.group(1))
