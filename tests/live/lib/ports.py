# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that tests and benchmarks start."""

import contextlib
import fcntl
import os
import random
import socket
import tempfile

GIVEN = set()
GIVEN_MAX = 5000      # then the oldest are long out of use
BOOK = os.path.join(tempfile.gettempdir(), "zabd-ports.%d" % os.getuid())
book = None           # a byte for each port, locked by the program that has it


def is_ours(port):
    """No other program has it, or gets it while we live."""
    global book
    if not book:
        book = open(BOOK, "ab")
    try:
        fcntl.lockf(book, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def is_free(port):
    """Nobody listens there now."""
    with socket.socket() as s, contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        return True
    return False


def free_ports(count):
    """Ports that nobody listens on now; none is given twice, here or to
    another program that asks here and still runs.
    Below the range of outgoing connections: one of those could take a port
    while its server is down, a client that tries to reconnect most likely."""
    ports = set()
    if len(GIVEN) > GIVEN_MAX:
        GIVEN.clear()
    while len(ports) < count:
        port = random.randrange(10240, 32000)
        if port not in GIVEN and is_ours(port) and is_free(port):
            ports.add(port)
    GIVEN.update(ports)
    return list(ports)
