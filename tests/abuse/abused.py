# SPDX-License-Identifier: Apache-2.0
"""A server that is abused, beside a client that must not notice.

While a case does its worst to one zabd, a well-behaved client keeps writing and
reading; at the end it must have been answered all the time, no process may
have died, and the server's memory (Pss of all its processes) may at no moment
have grown by more than the case allows.
"""

import contextlib
import os
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "live", "lib"))

import server as servers  # noqa: E402
from session import Session, wire  # noqa: E402

MB = 1 << 20
OPTIONS = {"maxClientCnxns": 100, "nio.sessionlessCnxnTimeout": 1000,
           "admin.enableServer": "false", "tickTime": 1000}
CASES = []      # (claim, function, how much memory it may cost, options)


def case(claim, grows_mb=16, **options):
    """A case is told of a server, and returns why the claim does not hold."""
    def add(f):
        CASES.append((claim, f, grows_mb, options))
        return f
    return add


def memory(server):
    """Bytes: private and shared memory of all processes of the server."""
    total = 0
    for pid in server.group():
        with contextlib.suppress(OSError):
            with open("/proc/%d/smaps_rollup" % pid) as f:
                for line in f:
                    if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                        total += int(line.split()[1]) * 1024
    return total


class Scale(threading.Thread):
    """Weighs the server all the time: when a case is over, so may its cost be."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.before = self.most = memory(server)
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(0.05):
            self.most = max(self.most, memory(self.server))

    def verdict(self):
        """How much more it was than before, in MB."""
        self.stopping.set()
        self.join()
        return (max(self.most, memory(self.server)) - self.before) / MB


class Witness(threading.Thread):
    """A well-behaved client from another address; counts its round trips."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client = Session(port, source="127.0.0.2")
        self.client.ask(wire.create("/witness", "%09d" % 0))
        self.rounds, self.worst, self.error = 0, 0.0, None
        self.stopping = False

    def run(self):
        try:
            while not self.stopping:
                start = time.monotonic()
                value = "%09d" % self.rounds  # never grows
                answer = self.client.ask(wire.setData("/witness", value), 15)
                if not answer or answer.error:
                    raise ConnectionError("setData got %r" % (answer,))
                if self.client.get("/witness") != value:
                    raise ConnectionError("read something else")
                self.worst = max(self.worst, time.monotonic() - start)
                self.rounds += 1
                time.sleep(0.01)
        except (ConnectionError, OSError) as e:
            self.error = str(e)

    def verdict(self):
        self.stopping = True
        self.join(20)
        self.client.close()
        if self.error:
            return "the well-behaved client: %s" % self.error
        return None if self.rounds else "the well-behaved client stood still"


def run_case(f, grows_mb, options):
    server = servers.Server("zabd", dict(OPTIONS, **options))
    try:
        server.start()
        witness = Witness(server.port)
        scale, processes = Scale(server), set(server.group())
        scale.start()
        witness.start()
        why = f(server)
        grown = scale.verdict()
        why = why or witness.verdict()
        if not why and set(server.group()) != processes:
            why = "a process died\n" + server.tail()
        if not why and grown > grows_mb:
            why = "memory grew by %.1f MB" % grown
        return why, "worst %.0f ms, %+.1f MB" % (witness.worst * 1000, grown)
    except (RuntimeError, ConnectionError, OSError) as e:
        return "%s\n%s" % (e, server.tail()), ""
    finally:
        server.close()
