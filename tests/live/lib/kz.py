# SPDX-License-Identifier: Apache-2.0
"""What every kazoo test file shares: a client of one's own chroot, and a main
that runs the functions named test_*, each in a chroot named after it.

A test takes one argument, `t`, from which it opens as many clients as it
likes.  They are closed after it, whatever happens."""

import contextlib
import faulthandler
import logging
import os
import socket
import subprocess
import sys
import threading

from kazoo.client import KazooClient, KazooState

from script import attempt
from wait import until

HOSTS = os.environ.get("ZK_HOSTS", "127.0.0.1:2181")
KIND = os.environ.get("ZK_KIND", "zabd")
WAIT_S = 10            # for anything that should happen at once
TEST_S = 60            # a test that takes longer hangs


class Test:
    """One test's clients and its corner of the tree."""

    def __init__(self, name):
        self.name, self.chroot = name, "/" + name
        self.opened = []

    def client(self, chroot=None, timeout=10.0, **more):
        """A started client; its root is the test's own node."""
        c = KazooClient(hosts=HOSTS + (self.chroot if chroot is None
                                       else chroot),
                        timeout=timeout, **more)
        self.opened.append(c)
        c.start(timeout=WAIT_S)
        return c

    def close(self):
        for c in self.opened:
            with contextlib.suppress(Exception):
                c.stop()
                c.close()


def is_now(event, what, seconds=WAIT_S):
    """Wait for a threading.Event."""
    assert event.wait(seconds), "not within %g s: %s" % (seconds, what)


@contextlib.contextmanager
def raises(kind):
    try:
        yield
    except kind:
        return
    raise AssertionError("no %s" % kind.__name__)


def drop_connection(client):
    """Cut the client's socket as a broken network would; the session stays."""
    sock = client._connection._socket
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def vanish(client):
    """The client is gone without a word: no close, no pings, no reconnect."""
    def nowhere(*args, **kwargs):
        raise client.handler.timeout_exception("gone")
    client.handler.create_connection = nowhere
    drop_connection(client)


def states(client):
    """A list that grows by every state the client goes through."""
    seen = []
    client.add_listener(seen.append)
    return seen


def server(verb):
    """start, stop or kill the server that runs beside the tests."""
    subprocess.run([sys.executable, os.environ["ZK_SERVER"], verb,
                    os.environ["ZK_DIR"]], check=True)


def in_threads(count, body):
    """Run body(0..count-1) at once; raise the first thing that went wrong."""
    wrong = []

    def guarded(i):
        try:
            body(i)
        except BaseException as e:          # handed to the test below
            wrong.append(e)

    threads = [threading.Thread(target=guarded, args=(i,), daemon=True)
               for i in range(count)]
    for th in threads:
        th.start()
    for th in threads:
        th.join(TEST_S)
        assert not th.is_alive(), "a thread hangs"
    if wrong:
        raise wrong[0]


def run_one(prefix, body):
    t = Test("%s.%s" % (prefix, body.__name__[len("test_"):]))

    def in_its_corner():
        t.client(chroot="").ensure_path(t.chroot)
        body(t)
    with contextlib.closing(t):
        return attempt(t.name, in_its_corner)


def main(module):
    logging.basicConfig(level=os.environ.get("LOG", "CRITICAL"),
                        format="%(relativeCreated)d %(name)s %(message)s")
    prefix = os.path.basename(sys.argv[0]).rpartition(".")[0]
    only = sys.argv[1:]
    tests = [f for n, f in module.items() if n.startswith("test_")
             and (not only or n[len("test_"):] in only)]
    good = []
    for body in tests:
        faulthandler.dump_traceback_later(TEST_S, exit=True)
        good.append(run_one(prefix, body))
        faulthandler.cancel_dump_traceback_later()
    sys.exit(not good or False in good)


__all__ = ["KazooState", "KIND", "WAIT_S", "Test", "until", "is_now", "raises",
           "drop_connection", "vanish", "states", "server", "in_threads", "main"]
