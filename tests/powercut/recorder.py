# SPDX-License-Identifier: Apache-2.0
"""A zabd whose every change to its data directory is seen: see shim.c."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "live", "lib")]

import server as servers  # noqa: E402
from programs import built  # noqa: E402

BUILD = os.path.join(ROOT, "build", "tests", "powercut")
SHIM = os.path.join(BUILD, "shim.so")
OPTIONS = {"snapCount": 40, "preAllocSize": 64, "admin.enableServer": "false",
           "client.processes": 1, "tickTime": 2000}


class Recorder:
    """A server whose every change to its directory is recorded."""

    def __init__(self, fault=None):
        built("powercut/shim.so")
        self.server = servers.Server("zabd", OPTIONS)
        self.data = self.server.path("data")
        self.journal = self.server.path("journal")
        self.fault = self.server.path("fault")
        os.environ.update(LD_PRELOAD=SHIM, POWERCUT_DIR=self.data,
                          POWERCUT_JOURNAL=self.journal,
                          POWERCUT_FAULT=self.fault)
        if fault:
            with open(self.fault, "w") as f:
                f.write(fault)
        try:
            self.server.start()
        finally:
            for key in ("LD_PRELOAD", "POWERCUT_DIR", "POWERCUT_JOURNAL",
                        "POWERCUT_FAULT"):
                del os.environ[key]
