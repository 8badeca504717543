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
    def read_counter(self, book):
        data, stat = self.client.get("/load/s/" + book.writer)
        value = int(data)
        if value > book.set_sent and book.writer != "pipe":
            self.wrong.append("read %d of %s, which was never sent" %
                              (value, book.writer))
        if value < self.seen[book.writer] or \
                stat.mzxid < self.zxid[book.writer]:
            self.wrong.append("%s went back from %d to %d" % (
                book.writer, self.seen[book.writer], value))
        self.seen[book.writer] = value
        self.zxid[book.writer] = stat.mzxid


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
