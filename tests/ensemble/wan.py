# SPDX-License-Identifier: Apache-2.0
"""A network of our own in which the members are far from each other.

Each place of net.py has a second way to every other one: a TUN device, and
behind all of them one program (switch.py) that holds each packet as long as its
link takes, or loses it.  Addresses are the same, only the routes between
members differ; clients, at the hub, reach each member at once, as those in its
own house do.

A link's arrival times are drawn from the case's seed.  The switch dies with the
test, and its devices with it."""

import json
import os
import subprocess
import sys

import net
from ending import die_with_parent
from net import Net

HERE = os.path.dirname(os.path.abspath(__file__))
DEVICE = "wan0"
SECOND = "10.78.0."


class Wan(Net):
    def __init__(self, count, seed):
        self.switch = None
        super().__init__(count)
        fds = [p.fd for p in self.places.values()]
        self.switch = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "switch.py"), str(seed)] +
            ["%d:%d" % (n, p.fd) for n, p in self.places.items()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, pass_fds=fds,
            preexec_fn=die_with_parent)
        self.hear("ready")
        for place in self.places.values():
            self.route(place)

    def route(self, place):
        # As on most machines, a loss is a sign of a full link (cubic is not
        # to be had everywhere); with bbr it would cost nearly nothing.
        place.run("sh", "-c", "echo reno > /proc/sys/net/ipv4/"
                  "tcp_congestion_control")
        place.ip("link", "set", DEVICE, "up")
        for n, other in self.places.items():
            if other is not place:
                place.ip("route", "add", other.address + "/32", "dev", DEVICE,
                         "src", place.address)

    def second(self, number):
        """Another address of a place, over the same links."""
        address = SECOND + str(number)
        self.places[number].ip("addr", "add", address + "/32", "dev", DEVICE)
        for n, place in self.places.items():
            if n != number:
                place.ip("route", "add", address + "/32", "dev", DEVICE)
        return address

    def hear(self, wanted=None):
        line = self.switch.stdout.readline().strip()
        if wanted and line != wanted:
            raise RuntimeError("the switch says %r" % line)
        return line

    def way(self, a, b, **what):
        """What the link from a to b is from now on: see Link of switch.py."""
        self.switch.stdin.write("%d %d %s\n" % (a, b, json.dumps(what)))
        self.hear("ok")

    def ways(self, pairs=None, **what):
        """The same of these pairs, or of all, both ways."""
        for a, b in pairs or self.pairs():
            self.way(a, b, **what)
            self.way(b, a, **what)

    def pairs(self, of=None):
        """Each two places; or one and each other."""
        return [(a, b) for a in self.places for b in self.places if a < b and
                (of is None or of in (a, b))]

    def afar(self, rtt_ms, pairs=None, **more):
        self.ways(pairs, delay_ms=rtt_ms / 2, **more)

    def stall(self, ms, pairs=None):
        """Everything is held so long, then let go at once."""
        self.ways(pairs, still_ms=ms)

    def figures(self):
        """What each link has carried and lost; how late the switch was."""
        self.switch.stdin.write("figures\n")
        return json.loads(self.hear())

    def cut(self, a, b):
        if net.HUB in (a, b):
            super().cut(a, b)
        else:
            self.way(a, b, is_cut=True)

    def join_again(self, a, b):
        if net.HUB in (a, b) or not self.switch:
            super().join_again(a, b)
        else:
            self.way(a, b, is_cut=False)

    def close(self):
        if self.switch:
            self.switch.kill()
            self.switch.wait()
        super().close()
