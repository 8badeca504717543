# SPDX-License-Identifier: Apache-2.0
"""The processes of a server, and how to hit one of them.

zabd's children carry a title, `zabd: NAME`; a target is such a name, or
    super     the supervisor alone; its children must go with it
    group     the whole process group at once, as `kill -9 -PGID` does
after which the test starts the server again on the same data directory, or

    two       two of the children, one shortly after the other"""

import contextlib
import os
import signal
import time

from processes import stat_of, stats
from wait import until

HANG_S = 20            # within which a stopped process must be ended
GONE_S = 20            # children after their supervisor's death
WHOLE_S = 20           # until the process set is complete again


def processes(supervisor):
    """{title: pid} of the running children of that pid."""
    return {stat.title.replace("zabd: ", ""): pid
            for pid, stat in stats().items()
            if stat.parent == supervisor and stat.state not in "ZXTt"}


def targets(server):
    """What can be hit here."""
    if server.kind == "apache":
        return ["group"]
    return sorted(processes(server.pid)) + ["two", "super", "group"]


class Misbehaved(Exception):
    """The server did not do what it must when it was hit."""


def wait_whole(server, names):
    """Wait until every process is there and running."""
    def there():
        return set(processes(server.pid))
    until(lambda: there() == names, lambda: "these processes: %s; but %s" % (
        sorted(names), sorted(there())), WHOLE_S, Misbehaved)


def is_same(pid, name):
    stat = stat_of(pid)
    return stat and stat.title == "zabd: " + name and stat.state not in "ZX"


def hit_child(server, name, signo, resume_s):
    """Hit one child; resume_s is None for a stop that nobody ends."""
    pid = processes(server.pid).get(name)
    if pid is None:
        raise Misbehaved("there is no process %s" % name)
    os.kill(pid, signo)
    if signo == signal.SIGKILL:
        return
    if resume_s is not None:
        time.sleep(resume_s)
        if is_same(pid, name):      # the server may have ended it already
            os.kill(pid, signal.SIGCONT)
        return
    end = time.monotonic() + HANG_S
    while is_same(pid, name):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGCONT)
            raise Misbehaved("%s hung for %d s and nobody ended it" %
                             (name, HANG_S))
        time.sleep(0.01)


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
    else:
        hit_child(server, target, signo, resume_s)
