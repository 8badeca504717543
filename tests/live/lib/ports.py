# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that tests and benchmarks start."""

import contextlib
import random
import socket

GIVEN = set()
GIVEN_MAX = 5000      # then the oldest are long out of use


def free_ports(count):
    """Ports that nobody listens on now; none is given twice to a program.
    Below the range of outgoing connections: one of those could take a port
    while its server is down, a client that tries to reconnect most likely."""
    ports = set()
    if len(GIVEN) > GIVEN_MAX:
        GIVEN.clear()
    while len(ports) < count:
        port = random.randrange(10240, 32000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            ports.update({port} - GIVEN)
    GIVEN.update(ports)
    return list(ports)
