#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client in the box, to see what a service does to clients.

    client.py hold          one session, pinged until it breaks: then exit 1
    client.py timeout MS    print the session timeout that MS is granted
    client.py flood N       open N sessions at once, print how many live
    client.py create PATH   create a node; exit 0 when it is acknowledged
    client.py exists PATH   exit 0 if the node is there
"""

import contextlib
import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "live", "lib"))

from session import Session, wire  # noqa: E402

PORT = 2181


def hold():
    client = Session(PORT)
    while client.ask(wire.ping()):
        time.sleep(0.1)
    return 1


def timeout(ms):
    granted = Session(PORT, int(ms)).timeout
    print(granted)
    return granted <= 0


def flood(count):
    clients = []
    for _ in range(int(count)):
        with contextlib.suppress(OSError):
            clients.append(Session(PORT))
    print(sum(client.id != 0 for client in clients))


def is_ok(answer):
    return answer is not None and answer.error == 0


def create(path):
    return not is_ok(Session(PORT).ask(wire.create(path, "x")))


def exists(path):
    return not is_ok(Session(PORT).ask(wire.exists(path)))


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]))
