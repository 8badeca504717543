# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that tests and benchmarks start."""

import contextlib
import random
import socket


def free_ports(count):
    """Ports that nobody listens on now; all different.  Below the range of
    outgoing connections: one of those could take a port while its server is
    down, a client that tries to reconnect most likely."""
    ports = set()
    while len(ports) < count:
        port = random.randrange(10240, 32000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            ports.add(port)
    return list(ports)
