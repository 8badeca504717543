# SPDX-License-Identifier: Apache-2.0
"""What /proc says of processes."""

import collections
import os

Stat = collections.namedtuple("Stat", "title state parent group")


def stat_of(pid):
    """Of a process, or of a thread as "PID/task/TID"; None if it is gone."""
    try:
        with open("/proc/%s/stat" % pid) as f:
            head, _, rest = f.read().rpartition(")")
    except OSError:
        return None
    state, parent, group = rest.split()[:3]
    return Stat(head.partition("(")[2], state, int(parent), int(group))


def stats():
    """{pid: Stat} of all processes, zombies too."""
    found = {int(name): stat_of(name) for name in os.listdir("/proc")
             if name.isdigit()}
    return {pid: stat for pid, stat in found.items() if stat}


def alive(pid):
    """Is `pid` there, and not a zombie?"""
    stat = stat_of(pid)
    return stat is not None and stat.state not in "ZX"
