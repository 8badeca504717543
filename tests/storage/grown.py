# SPDX-License-Identifier: Apache-2.0
"""A directory that Apache wrote, of which the tools are asked.

Made once for each packing of snapshots, by a program that ends with forget().
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile

from lib import given, grow, see_all, until, version2, zab, ZAB


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="zab-tools-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def apache(**options):
    return given("apache", options)


GROWN = {}  # packing -> (directory to copy, tree seen, session)


def newest_is_whole(data):
    newest = version2(data, "snapshot.")[-1]
    return subprocess.run([ZAB, "snapshot", "show", newest],
                          capture_output=True).returncode == 0


def written(data):
    """Wait until Apache, which writes in place, is done with a snapshot."""
    until(lambda: newest_is_whole(data), "a snapshot is whole")


def kill_between_snapshots(server):
    """It may begin another one before it dies: that is not looked at."""
    data = server.path("data")
    written(data)
    server.kill()
    if not newest_is_whole(data):
        os.remove(version2(data, "snapshot.")[-1])


def grown(method=""):
    """A killed Apache's data directory, and what was in it; made once."""
    if method not in GROWN:
        kept = tempfile.mkdtemp(prefix="zab-tools-grown-")
        with apache(**{"snapCount": 90, "preAllocSize": 1024,
                       "snapshot.compression.method": method}) as server:
            server.start()
            owner, _ = grow(server.port)
            tree = see_all(server)
            kill_between_snapshots(server)
            shutil.copytree(server.path("data"), os.path.join(kept, "data"))
        GROWN[method] = os.path.join(kept, "data"), tree, owner
    return GROWN[method]


def forget():
    for kept, _, _ in GROWN.values():
        shutil.rmtree(os.path.dirname(kept))


def entries(data, *more):
    """What `zab log` says of its transactions."""
    return [json.loads(line) for line
            in zab("log", "--data", data, "--json", *more).splitlines()]
