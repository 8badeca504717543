# SPDX-License-Identifier: Apache-2.0
"""The processes of a server, and how to hit one of them.

zabd's children carry a title, `zabd: NAME`; a target is such a name, or
    super     the supervisor alone; its children must go with it
    group     the whole process group at once, as `kill -9 -PGID` does
after which the test starts the server again on the same data directory, or

    two       two of the children, one shortly after the other
    all       all children at once; their supervisor stays

What a hit must not cost is known as well: `spared` says whose connections
outlive it."""

import contextlib
import os
import signal
import socket
import time

HANG_S = 20            # within which a stopped process must be ended
GONE_S = 20            # children after their supervisor's death
WHOLE_S = 20           # until the process set is complete again
BLOCK = 64             # connections: net/client/client_share.c
SPARING = ("log", "image", "admin", "election", "client")


def stat_of(pid):
    """(comm, state, ppid) of a process, or None."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            head, _, rest = f.read().rpartition(")")
    except OSError:
        return None
    state, ppid = rest.split()[:2]
    return head.partition("(")[2], state, int(ppid)


def processes(pid):
    """{title: pid} of the running children of the supervisor `pid`."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            st = stat_of(int(name))
            if st and st[2] == pid and st[1] not in "ZXTt":
                found[st[0].replace("zabd: ", "")] = int(name)
    return found


def targets(server):
    """What can be hit here."""
    if server.kind == "apache":
        return ["group"]
    return sorted(processes(server.pid)) + ["all", "two", "super", "group"]


class Misbehaved(Exception):
    """The server did not do what it must when it was hit."""


def wait_whole(server, names):
    """Wait until every process is there and running."""
    end = time.monotonic() + WHOLE_S
    while set(processes(server.pid)) != names:
        if time.monotonic() > end:
            there = set(processes(server.pid))
            raise Misbehaved("after %d s these processes are missing: %s%s" % (
                WHOLE_S, ", ".join(sorted(names - there)) or "none",
                "; too many: %s" % sorted(there - names)
                if there - names else ""))
        time.sleep(0.01)


# --- whom it may cost their connections --------------------------------------

def sockets_of(pid):
    """The inodes of its sockets."""
    found = set()
    with contextlib.suppress(OSError):
        for fd in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(OSError):
                place = os.readlink("/proc/%d/fd/%s" % (pid, fd))
                if place.startswith("socket:["):
                    found.add(place[8:-1])
    return found


def connected(port):
    """{client's port: (inode of the client, inode of the server)}, of the
    established connections to a port of loopback."""
    ends = {}
    with open("/proc/net/tcp") as f:
        for line in list(f)[1:]:
            words = line.split()
            here, there = (int(words[i].split(":")[1], 16) for i in (1, 2))
            if words[3] == "01" and port in (here, there):
                ends[here, there] = words[9]    # 0: not accepted yet
    return {here: (inode, ends.get((port, here)))
            for (here, there), inode in ends.items() if there == port}


def serving(server, clients):
    """{client's port: the process that serves it}, of these clients (pids);
    None: nobody has accepted it yet."""
    own = set().union(*map(sockets_of, clients))
    name_of = {inode: name for name, pid in processes(server.pid).items()
               for inode in sockets_of(pid)}
    return {port: name_of.get(theirs)
            for port, (ours, theirs) in connected(server.port).items()
            if ours in own}


def spared(server, target, clients):
    """Ports of the connections of these clients that the death of `target` is
    nothing to: of all who are not clients of a client process, and of no one
    if replication dies."""
    if "+" in target or target.split()[0] not in SPARING:
        return set()
    return {port for port, name in serving(server, clients).items()
            if name not in (None, target)}


# --- where they come ---------------------------------------------------------

@contextlib.contextmanager
def crowded_before(server, target):
    """Who connects now comes to `target`: the client processes before it have
    a block of idle connections each (net/client/client_share.c)."""
    before = [name for name in processes(server.pid)
              if name.startswith("client") and name < target]
    idle = []

    def those_at(name):
        places = serving(server, [os.getpid()])
        return [s for s in idle if places.get(s.getsockname()[1]) == name]
    try:
        while any(len(those_at(name)) < BLOCK for name in before):
            idle += [socket.create_connection((server.host, server.port))
                     for _ in range(BLOCK)]
        for s in those_at(target):
            s.close()
            idle.remove(s)
        yield {s.getsockname()[1] for s in idle}
    finally:
        for s in idle:
            s.close()


# --- the hits ----------------------------------------------------------------

def is_same(pid, name):
    st = stat_of(pid)
    return st and st[0].replace("zabd: ", "") == name and st[1] not in "ZX"


def wait_ended(hung):
    """Whoever stands still is ended by the server."""
    end = time.monotonic() + HANG_S
    while any(is_same(pid, name) for name, pid in hung.items()):
        if time.monotonic() > end:
            for pid in hung.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            raise Misbehaved("%s hung for %d s and nobody ended it" %
                             (", ".join(hung), HANG_S))
        time.sleep(0.01)


def hit_children(server, victims, signo, resume_s):
    """Hit {name: pid} at once; resume_s is None for a stop that nobody ends."""
    for pid in victims.values():
        os.kill(pid, signo)
    if signo == signal.SIGKILL:
        return
    if resume_s is None:
        wait_ended(victims)
        return
    time.sleep(resume_s)
    for name, pid in victims.items():
        if is_same(pid, name):      # the server may have ended it already
            os.kill(pid, signal.SIGCONT)


def hit_child(server, name, signo, resume_s):
    """The last hit may have been a moment ago: it is there when it is again."""
    end = time.monotonic() + HANG_S
    while name not in (there := processes(server.pid)):
        if time.monotonic() > end:
            raise Misbehaved("there is no process %s" % name)
        time.sleep(0.01)
    hit_children(server, {name: there[name]}, signo, resume_s)


def hit_whole(server, target, signo, resume_s):
    """Hit the supervisor or everything; start the server again if it died."""
    pid = server.pid
    if signo == signal.SIGSTOP:
        send = os.killpg if target == "group" else os.kill
        send(pid, signo)
        time.sleep(resume_s)
        send(pid, signal.SIGCONT)
        return
    if target == "super":
        os.kill(pid, signal.SIGKILL)
        server.child.wait(GONE_S)
        end = time.monotonic() + GONE_S
        while server.group():
            if time.monotonic() > end:
                left = server.group()
                server.kill()
                raise Misbehaved("outlived their supervisor: %s" % left)
            time.sleep(0.005)
    else:
        server.kill()
    server.start()


def hit_two(server, names, gap_s):
    """Kill two children; the second may be on its way up already."""
    for name in names:
        with contextlib.suppress(Misbehaved):   # it may be away just now
            hit_child(server, name, signal.SIGKILL, None)
        time.sleep(gap_s)


def hit(server, target, signo, resume_s):
    if "+" in target:
        hit_two(server, target.split("+"), resume_s / 10)
    elif target in ("super", "group"):
        hit_whole(server, target, signo, resume_s)
    elif target == "all":
        hit_children(server, processes(server.pid), signo, resume_s)
    else:
        hit_child(server, target, signo, resume_s)
