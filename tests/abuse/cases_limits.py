# SPDX-License-Identifier: Apache-2.0
"""Too many connections, sessions, nodes and descriptors."""

import contextlib
import os
import resource
import signal
import socket
import time

from abused import MB, OPTIONS, Session, case, wire
from cases_bytes import closed
from wait import until

TCP_REPAIR = 19


@case("connections without a word are closed in time")
def half_open(server):
    silent = [wire.Socket(server.port) for _ in range(40)]
    for s in silent[20:]:
        s.send(b"\0\0\0")
    for s in silent:
        if not closed(s):
            return "one stays open"
        s.close()


def vanish(sock):
    """As a machine that loses its power: not even the end is said."""
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    sock.close()


@case("peers that vanish without a word are let go, their sessions as well")
def vanished(server):
    silent = [wire.Socket(server.port) for _ in range(20)]
    clients = [Session(server.port, timeout=2000) for _ in range(40)]
    for i, c in enumerate(clients):
        c.ask(wire.create("/e%d" % i, flags=wire.EPH))
    before = sum(connections(server))
    for s in silent + [c.socket for c in clients]:
        vanish(s.sock)
    end, asker = time.monotonic() + 60, Session(server.port)
    with contextlib.closing(asker):
        while time.monotonic() < end:
            left = [i for i in range(40) if asker.get("/e%d" % i) is not None]
            if not left and sum(connections(server)) <= before + 1 - 60:
                return None
            time.sleep(0.2)
    return "%d sessions, %d of %d connections are left" % (
        len(left), sum(connections(server)), before)


@case("a flood of connections from one address is cut at the limit",
      **{"nio.sessionlessCnxnTimeout": 60000})
def flood(server):
    kept = []
    for _ in range(2000):
        with contextlib.suppress(OSError):
            kept.append(wire.Socket(server.port))
    alive = 0
    for s in kept:
        if s.send(wire.framed(wire.connectRequest())) and s.frame(10):
            alive += 1
    for s in kept:
        s.close()
    if alive != OPTIONS["maxClientCnxns"]:
        return "%d of them were given a session" % alive


@case("of all addresses together no more come than maxCnxns", maxCnxns=20)
def too_many_in_all(server):
    def comes(n):
        s = wire.Socket(server.port, source="127.0.1.%d" % n)
        kept.append(s)
        with contextlib.suppress(OSError):
            return s.send(wire.framed(wire.connectRequest())) and s.frame(10)
    kept = []
    alive = sum(bool(comes(n)) for n in range(1, 41))
    kept[0].close()
    until(lambda: comes(41), "who goes makes room")
    for s in kept:
        s.close()
    if alive != 20 - 1:         # and the witness
        return "%d of them were given a session" % alive


@case("nine hundred sessions come and go", maxClientCnxns=0, grows_mb=24)
def many_sessions(server):
    clients = [Session(server.port) for _ in range(900)]
    for c in clients:
        c.send(wire.closeSession())
    for c in clients:
        if c.reply() is None:
            return "a session's end was not answered"
        c.close()


def connections(server):
    """How many connections each client process has."""
    counts = []
    for pid, title in server.group().items():
        if title.startswith("zabd: client"):
            fds = os.listdir("/proc/%d/fd" % pid)
            counts.append(sum(os.readlink("/proc/%d/fd/%s" % (pid, fd))
                              .startswith("socket:") for fd in fds))
    return counts


@case("a burst of sessions is shared out among the processes",
      maxClientCnxns=0, grows_mb=24, **{"client.processes": 4})
def shared_out(server):
    clients = [Session(server.port) for _ in range(800)]
    counts = connections(server)
    for c in clients:
        c.close()
    if len(counts) != 4 or max(counts) - min(counts) > 64 + 2:
        return "they have %s" % counts


def state_tells_of_limit(server):
    """In a second at most: the supervisor looks now and then."""
    for _ in range(50):
        os.kill(server.pid, signal.SIGQUIT)
        time.sleep(0.1)
        if "memory.limit is reached, 1 creates, sets and watches" in \
                server.tail():
            return True
    return False


@case("memory.limit refuses growth, serves reads, deletes and pings",
      grows_mb=120, **{"memory.limit": 64 * MB})
def memory_limit(server):
    client = Session(server.port)
    data = "d" * 100000
    with contextlib.closing(client):
        made = 0
        while made < 2000:
            error = client.ask(wire.create("/fill%d" % made, data)).error
            if error:
                break
            made += 1
        if not 100 < made < 1000:
            return "%d nodes of 100 kB went into 64 MB" % made
        if "memory.limit is reached" not in server.tail():
            return "the log does not say so"
        if server.figure("memory_limit_refused_count") != 1:
            return "it is not counted"
        if not state_tells_of_limit(server):
            return "the status does not say so"
        if client.get("/fill0") != data:
            return "a read failed"
        if client.ask(wire.ping()) is None:
            return "a ping failed"
        for i in range(made):
            if client.ask(wire.delete("/fill%d" % i)).error:
                return "a delete failed"
        if client.ask(wire.create("/again", data)).error:
            return "there was room again, but a create failed"


@case("at memory.limit a watch that is there already is no growth",
      grows_mb=120, **{"memory.limit": 64 * MB})
def watch_at_limit(server):
    client, filler = Session(server.port), Session(server.port)
    with contextlib.closing(client), contextlib.closing(filler):
        client.ask(wire.create("/seen", "x"))
        client.ask(wire.getData("/seen", True))
        for size in (100000, 1000, 10):
            i = 0
            while not filler.ask(wire.create("/%d-%d" % (size, i),
                                             "d" * size)).error:
                i += 1
        time.sleep(0.3)
        for i in range(5000):
            if client.ask(wire.exists("/no%d" % i, True)).error == -1:
                break
        else:
            return "5000 watches found room"
        # Three writes before it.
        if server.figure("memory_limit_refused_count") != 4:
            return "it is not counted"
        if client.ask(wire.getData("/seen", True)).error:
            return "a read with a watch that is there failed"


def fill(client):
    """Until not even a node of ten bytes finds room."""
    for size in (100000, 1000, 10):
        i = 0
        while not client.ask(wire.create("/%d-%d" % (size, i),
                                         "d" * size)).error:
            i += 1


BOX = "/box"
LONG_ACL = [(31, "world", "anyone")] + [(1, "digest", "user%d:hash" % i)
                                        for i in range(300)]
GROWTH = (
    wire.create("/a-new-one", "d" * 30), wire.setData(BOX, "d" * 2000),
    wire.create2("/a-new-one", "d" * 30, flags=3), wire.setACL(BOX, LONG_ACL),
    wire.createContainer("/a-new-one", "d" * 30))
NO_GROWTH = (
    wire.exists(BOX), wire.getData(BOX), wire.getChildren("/"),
    wire.getChildren2("/"), wire.getACL(BOX), wire.sync(BOX), wire.ping(),
    wire.whoAmI(), wire.getEphemerals("/"), wire.getAllChildrenNumber("/"),
    wire.multiRead(wire.getData(BOX)), wire.multi(wire.check(BOX)),
    wire.setData(BOX, "as long"), wire.setData(BOX, ""),
    wire.auth("digest", "a:b"), wire.multi(wire.delete("/gone1")),
    wire.delete("/gone2"))
WATCHES = (
    wire.addWatch(BOX, 0), wire.addWatch(BOX, 1),
    wire.getChildren("/", True), wire.setWatches(1 << 62, [BOX]),
    wire.setWatches2(1 << 62, [], [], [], [BOX]))


def refused(client, requests):
    return [r[2] for r in requests if client.ask(r).error != -1]


@case("at memory.limit all that grows is refused, and nothing else",
      grows_mb=120, **{"memory.limit": 64 * MB})
def growth_at_limit(server):
    client = Session(server.port)
    with contextlib.closing(client):
        for path in (BOX, "/gone1", "/gone2"):
            client.ask(wire.create(path, "as long"))
        fill(client)
        why = refused(client, GROWTH)
        if why:
            return "%s found room" % why
        answer = client.ask(wire.multi(wire.setData(BOX, ""),
                                       wire.create("/new", "d" * 500)))
        if answer.error or answer.body[-13:-9] != wire.i32(-1):
            return "a multi that creates got %r" % (answer,)
        for i in range(5000):       # all that is left
            if client.ask(wire.exists("/no%d" % i, True)).error == -1:
                break
        why = refused(client, WATCHES)
        if why:
            return "%s found room" % why
        for request in NO_GROWTH:
            if client.ask(request).error:
                return "%s failed" % request[2]
        other = Session(server.port)
        if other.ask(wire.closeSession()).error:
            return "a session could not come and go"
        client.close()
        client = Session(server.port, sid=client.id)
        if not client.id or client.get(BOX) != "":
            return "the session could not go on"


@case("who finds no free descriptor leaves its turn to another process",
      **{"client.processes": 2})
def no_descriptor(server):
    pid = server.process("client 1")
    used = {int(fd) for fd in os.listdir("/proc/%d/fd" % pid)}
    free = min(set(range(len(used) + 1)) - used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, free))
    for _ in range(20):
        client = Session(server.port)
        if client.get("/witness") is None:
            return "no answer"
        client.close()
