# SPDX-License-Identifier: Apache-2.0
"""The load of tests/faults on an ensemble: the same writers, watcher and
lodgers, spread over all members, and readers that know what a follower may
show: something old, but nothing older than the same session saw before."""

import load

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
