#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A switch between namespaces that is slow, lossy and narrow: wan.py starts it.

    switch.py SEED SID:FD...        FD is a namespace, SID its last byte

It opens a TUN device in each of them, says `ready`, and from then on takes each
IP packet to the one whose last byte its destination has, behind the delay of
the link from here to there.  Each way of a link is one of its own, and draws
from a seed of its own: which packets it loses depends on their number alone.

What a link is to be comes from stdin, a line each: `1 2 {"delay_ms": 40}`; the
answer is `ok`.  `figures` asks what each link has seen.  End of file ends it."""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x0001, 0x1000
DEVICE = "wan0"
MTU = 1500
AT_ONCE = 64           # packets of one device before the others have a turn
DESTINATION = 19       # the last byte of it, in an IPv4 header


class Link:
    """One way from a place to another.

    t, in seconds  ->  when what is sent then arrives, or None: never."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.delay_ms = 0.0
        self.jitter = 0.0      # of that, at most, more or less
        self.reorders = False  # or nothing overtakes what was sent before
        self.loss = 0.0        # probability
        self.size_max = MTU    # what is larger is lost, and nobody told
        self.is_cut = False
        self.kbit = 0          # per second; 0 is no limit
        self.queue_ms = 500    # that may wait for it; the rest is lost
        self.still_until = 0.0
        self.free_at = 0.0     # what was sent before is on its way
        self.last = 0.0        # arrival of all before
        self.carried = self.lost = 0

    def be(self, now, **what):
        if "still_ms" in what:
            self.still_until = now + what.pop("still_ms") / 1000
        for name, value in what.items():
            if not hasattr(self, name):
                raise ValueError("a link has no " + name)
            setattr(self, name, value)

    def leaves_at(self, now, size):
        if not self.kbit:
            return now
        begins = max(now, self.free_at)
        if begins - now > self.queue_ms / 1000:
            return None
        self.free_at = begins + size * 8 / (self.kbit * 1000)
        return self.free_at

    def arrival(self, now, size):
        # Both are always drawn: so a seed means the same whatever happens.
        is_lost = self.random.random() < self.loss
        jitter = self.random.uniform(-self.jitter, self.jitter)
        leaves = self.leaves_at(now, size)
        if is_lost or self.is_cut or size > self.size_max or leaves is None:
            self.lost += 1
            return None
        at = leaves + self.delay_ms * (1 + jitter) / 1000
        at = max(at, self.still_until)
        if not self.reorders:
            at = self.last = max(at, self.last)
        self.carried += 1
        return at


def open_tun(place_fd):
    """A device in that namespace, in which we are afterwards."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(place_fd, NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(),
                                           IFF_TUN | IFF_NO_PI))
    return fd


class Switch:
    def __init__(self, seed, places):
        self.tun = {sid: open_tun(fd) for sid, fd in places.items()}
        self.link = {(a, b): Link("%s/%d/%d" % (seed, a, b))
                     for a in places for b in places if a != b}
        self.waiting = []      # heap of (when, number, fd, packet)
        self.number = 0
        self.late_ms = 0.0     # we ourselves, at most
        self.orders = b""

    def take(self, sid):
        """What this place has sent."""
        for _ in range(AT_ONCE):
            try:
                packet = os.read(self.tun[sid], MTU + 100)
            except BlockingIOError:
                return
            to = packet[DESTINATION] if packet[0] >> 4 == 4 else 0
            link = self.link.get((sid, to))
            at = link and link.arrival(time.monotonic(), len(packet))
            if at is not None:
                self.number += 1
                heapq.heappush(self.waiting, (at, self.number, self.tun[to],
                                              packet))

    def deliver(self):
        """What is due; the milliseconds until the next is."""
        while self.waiting:
            now = time.monotonic()
            at, _, fd, packet = self.waiting[0]
            if at > now:
                return (at - now) * 1000
            heapq.heappop(self.waiting)
            self.late_ms = max(self.late_ms, (now - at) * 1000)
            try:
                os.write(fd, packet)
            except OSError:
                pass           # its queue is full: lost, as anywhere
        return None

    def obey(self, line):
        if line == "figures":
            print(json.dumps({"late_ms": round(self.late_ms, 1), "links": {
                "%d>%d" % way: [link.carried, link.lost]
                for way, link in self.link.items()}}), flush=True)
            return
        a, b, what = line.split(" ", 2)
        self.link[int(a), int(b)].be(time.monotonic(), **json.loads(what))
        print("ok", flush=True)

    def hear(self):
        """False: nobody is there any more."""
        data = os.read(0, 65536)
        *lines, self.orders = (self.orders + data).split(b"\n")
        for line in lines:
            self.obey(line.decode())
        return bool(data)

    def run(self):
        poll = select.poll()
        sids = {fd: sid for sid, fd in self.tun.items()}
        for fd in list(sids) + [0]:
            poll.register(fd, select.POLLIN)
        print("ready", flush=True)
        while True:
            for fd, _ in poll.poll(self.deliver()):
                if fd in sids:
                    self.take(sids[fd])
                elif not self.hear():
                    return


def main():
    seed, *places = sys.argv[1:]
    Switch(seed, {int(sid): int(fd) for sid, fd in
                  (p.split(":") for p in places)}).run()


if __name__ == "__main__":
    main()
