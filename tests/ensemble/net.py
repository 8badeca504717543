# SPDX-License-Identifier: Apache-2.0
"""A network of our own: a namespace for the test and its clients (the hub), one for
each member, a bridge between them, and links that can be cut one way.

A link from A to B is cut by telling A a hardware address for B that nobody
has: what A sends vanishes without a word, what B sends still comes.  Needs no
packet filter, and the sockets notice nothing.

The namespaces have no names.  They live as long as a process in them: the
test itself, which unshare()s its own before it starts a thread, and for each
member a sleeper that dies with the test.  So nothing is left to clean up,
however the test ends.  Needs root."""

import ctypes
import os
import subprocess
import time

from ending import die_with_parent

NEWNS, NEWNET = 0x00020000, 0x40000000
PREFIX = "10.77.0."
HUB = 254
NOBODY = "02:00:0a:4d:ff:ff"
libc = ctypes.CDLL(None, use_errno=True)


def is_possible():
    return os.geteuid() == 0


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        raise OSError(ctypes.get_errno(), "%s%r" % (name, args))


def sh(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def mac(number):
    return "02:00:0a:4d:00:%02x" % number


def own_mounts():
    """What we mount from now on is seen by us and our children alone."""
    call("unshare", NEWNS)
    sh("mount", "--make-rprivate", "/")


class Place:
    """A member's namespace."""

    def __init__(self, number):
        self.number = number
        self.address = PREFIX + str(number)
        self.holder = subprocess.Popen(
            ["unshare", "-n", "sleep", "infinity"],
            preexec_fn=die_with_parent)
        path = "/proc/%d/ns/net" % self.holder.pid
        ours = os.readlink("/proc/self/ns/net")
        end = time.monotonic() + 5
        while os.readlink(path) == ours and time.monotonic() < end:
            time.sleep(0.002)
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.wire()

    def wire(self):
        name, pid = "v%d" % self.number, str(self.holder.pid)
        sh("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0",
           "address", mac(self.number), "netns", pid)
        sh("ip", "link", "set", name, "master", "br0", "up")
        self.ip("link", "set", "lo", "up")
        self.ip("link", "set", "eth0", "up")
        self.ip("addr", "add", self.address + "/24", "dev", "eth0")

    def run(self, *words):
        sh("nsenter", "-n", "-t", str(self.holder.pid), *words)

    def ip(self, *words):
        self.run("ip", *words)

    def join(self, prefix):
        """Another network over the same wire; our address there."""
        self.ip("addr", "add", "%s%d/24" % (prefix, self.number), "dev",
                "eth0")
        return prefix + str(self.number)

    def knows(self, number, address):
        """From now on packets to that member go to this address."""
        self.ip("neigh", "replace", PREFIX + str(number), "lladdr", address,
                "nud", "permanent", "dev", "eth0")

    def narrow(self, kbit):
        """What it sends leaves at so many kbit/s, behind a long queue."""
        self.run("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf",
                 "rate", "%dkbit" % kbit, "burst", "20kb", "limit", "300kb")

    def widen(self):
        self.run("tc", "qdisc", "del", "dev", "eth0", "root")

    def plug(self, is_in):
        """Pull the plug, or put it in again; then all links need heal()."""
        self.ip("link", "set", "eth0", "up" if is_in else "down")

    def enter(self):
        """In a child, between fork and exec."""
        libc.setns(self.fd, NEWNET)

    def close(self):
        os.close(self.fd)
        self.holder.kill()
        self.holder.wait()


class Net:
    """The hub and its places.  Made before the test's first thread."""

    def __init__(self, count):
        call("unshare", NEWNET)
        sh("ip", "link", "set", "lo", "up")
        sh("ip", "link", "add", "br0", "address", mac(HUB), "type", "bridge")
        sh("ip", "link", "set", "br0", "up")
        sh("ip", "addr", "add", "%s%d/24" % (PREFIX, HUB), "dev", "br0")
        self.places = {n: Place(n) for n in range(1, count + 1)}
        self.heal()

    def place(self, number):
        return self.places[number]

    def cut(self, a, b):
        """Nothing goes from a to b any more; b may be the hub, where the
        clients are."""
        self.places[a].knows(b, NOBODY)

    def join_again(self, a, b):
        """The opposite of cut()."""
        self.places[a].knows(b, mac(b))

    def split(self, one, other):
        """Nothing goes between the two sides."""
        for a in one:
            for b in other:
                self.cut(a, b)
                self.cut(b, a)

    def heal(self):
        for a in self.places:
            for b in list(self.places) + [HUB]:
                if a != b:
                    self.join_again(a, b)

    def close(self):
        for place in self.places.values():
            place.close()
