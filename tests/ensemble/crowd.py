# SPDX-License-Identifier: Apache-2.0
"""The load of tests/faults on an ensemble: the same writers, watcher and
lodgers, spread over all members, and readers that know what a follower may
show: something old, but nothing older than the same session saw before."""

import os
import subprocess

import load
from ensemble import ROOT

BUILD = os.path.join(ROOT, "build", "tests", "ensemble")

# A client that talks to a frozen server gives it two thirds of this.
load.LIVE_S = 15.0
load.ADDRESSES = 2      # rounds over the list of servers


class Reader(load.Reader):
    sees_acked = False  # a member may lag behind the one that acknowledged


class Crowd(load.Load):
    reader = Reader

    def writes(self):
        """(how many, of which nobody knows the outcome)."""
        ops = [op for book in self.books for op in book.ops]
        return len(ops), sum(op.outcome == "unknown" for op in ops)


def build_client():
    """The C client of tests/faults."""
    os.makedirs(BUILD, exist_ok=True)
    out = os.path.join(BUILD, "client")
    source = os.path.join(ROOT, "tests", "faults", "client.c")
    if os.path.exists(out) and os.path.getmtime(out) > \
            os.path.getmtime(source):
        return out
    subprocess.run(["gcc", "-std=c11", "-O1", "-g", "-Wall", "-Wextra",
                    "-Werror", "-DTHREADED", "-o", out, source,
                    "-lzookeeper_mt", "-lpthread"], check=True)
    return out
