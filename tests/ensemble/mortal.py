# SPDX-License-Identifier: Apache-2.0
"""A member to whom everything can happen: it has a clock of its own, maybe a
disk that can be filled up, and files that are lost or torn while it is down."""

import contextlib
import functools
import os
import shutil
import struct

import net
from ensemble import Member
from programs import built

DISK_MB = 300
RECORD = struct.Struct(">QI")    # checksum and size, in front of a transaction
HEAD = 16                        # bytes of a log file before the first one


@functools.lru_cache(None)
def clock():
    return built("faults/clock.so")


class Mortal(Member):
    """As any member, until something happens."""

    has_disk = False
    marked = 0               # where its log ended when it was last repaired

    # --- clock and disk -----------------------------------------------------

    def launch(self, in_child):
        own = {"LD_PRELOAD": clock(), "CLOCK_FILE": self.path("clock")}
        super().launch(in_child, **own if self.kind == "zabd" else {})

    def set_clock(self, offset_ms):
        """How far its wall clock is off, from now on."""
        fd = os.open(self.path("clock"), os.O_WRONLY | os.O_CREAT, 0o644)
        os.pwrite(fd, struct.pack("=q", offset_ms), 0)
        os.close(fd)

    def own_disk(self):
        """One that can be filled up: for the test alone, see own_mounts."""
        net.sh("mount", "-t", "tmpfs", "-o", "size=%dm" % DISK_MB, "none",
               self.path("data"))
        self._put("data/myid", "%d\n" % self.sid)
        self.has_disk = True

    def fill_disk(self):
        with open(self.path("data/ballast"), "wb", buffering=0) as f, \
                contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))

    def clear_disk(self):
        """Room again; did its log fail meanwhile?"""
        os.unlink(self.path("data/ballast"))
        failed = self.said("Make room; the server ends then", self.marked)
        self.marked = self.mark()
        return failed

    # --- files, while it is down --------------------------------------------

    def newest(self, prefix):
        """The path of its newest file of this kind, or None: one that was
        wiped and killed at once may not even have the folder."""
        top = self.path("data/version-2")
        names = [n for n in os.listdir(top) if n.startswith(prefix)] \
            if os.path.isdir(top) else []
        return os.path.join(top, max(
            names, key=lambda n: int(n.split(".")[1], 16))) if names else None

    def lose_image(self):
        """Unless there is no snapshot to make another from."""
        if self.newest("snapshot."):
            shutil.rmtree(self.path("data/version-2/image"),
                          ignore_errors=True)

    def lose_snapshot(self):
        """The newest one, unless the log stands on nothing else."""
        newest = self.newest("snapshot.")
        if newest and os.path.isdir(self.path("data/version-2/image")):
            os.unlink(newest)

    def tear_log(self, share, is_cut):
        """Behind its last record comes a part of one more, and then zeros or
        the end of the file."""
        newest = self.newest("log.")
        if not newest:
            return
        with open(newest, "r+b") as f:
            log = f.read()
            last = at = HEAD
            while at + RECORD.size < len(log) and \
                    RECORD.unpack_from(log, at)[1] > 0:
                last = at
                at += RECORD.size + RECORD.unpack_from(log, at)[1] + 1
            f.seek(at)
            f.write(log[last:at][:int((at - last) * share)])
            if is_cut:
                f.truncate()

    def go_through_export(self):
        """Its data become what `zab export` makes of them."""
        out = self.export()
        self.wipe()
        shutil.move(out + "/version-2", self.path("data/version-2"))
        shutil.rmtree(out)
