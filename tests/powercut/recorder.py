# SPDX-License-Identifier: Apache-2.0
"""A zabd whose every change to its data directory is seen: see shim.c."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "live", "lib")]

import journal  # noqa: E402
import server as servers  # noqa: E402
from ending import die_with_parent  # noqa: E402
from programs import built  # noqa: E402

SHIM = built("powercut/shim.so")
BUILD = os.path.dirname(SHIM)
OPTIONS = {"snapCount": 40, "preAllocSize": 64, "admin.enableServer": "false",
           "client.processes": 1, "tickTime": 2000}


class Recorder:
    """A server whose every change to its directory is recorded."""

    def __init__(self, fault=None, options=None, files=None):
        """`files`, as journal.Disk.files gives them, are there already."""
        self.server = servers.Server("zabd", dict(OPTIONS, **(options or {})))
        self.data = self.server.path("data")
        self.journal = self.server.path("journal")
        self.fault = self.server.path("fault")
        if fault:
            self.set_fault(fault)
        journal.lay(files or {}, self.data)
        self.start()

    def set_fault(self, fault):
        with open(self.fault + ".new", "w") as f:
            f.write(fault)
        os.rename(self.fault + ".new", self.fault)

    def start(self, seconds=servers.START_S):
        """Start it under the shim; server.start() does without."""
        self.server.launch(
            die_with_parent, LD_PRELOAD=SHIM, POWERCUT_DIR=self.data,
            POWERCUT_JOURNAL=self.journal, POWERCUT_FAULT=self.fault)
        self.server.wait(self.server.child, seconds)
