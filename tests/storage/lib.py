# SPDX-License-Identifier: Apache-2.0
"""A tree with every kind of node, and all that a client can see of one.

Everything goes over raw frames (tests/conform/wire.py), so what is compared
is what the server sent: data with its null, the whole Stat, the ACL's bytes.
"""

import contextlib
import faulthandler
import os
import signal
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ZAB = os.environ.get("ZAB", os.path.join(ROOT, "build", "zab"))
ZABD = os.environ.get("ZABD", os.path.join(ROOT, "build", "zabd"))
sys.path.append(os.path.join(ROOT, "tests", "live", "lib"))

import session  # noqa: E402
from ending import end_tidily  # noqa: E402
from ports import free_ports  # noqa: E402
from script import LeftOut, attempt, needs_root  # noqa: E402
from server import Server, closing, given, running  # noqa: E402
from session import wire  # noqa: E402
from wait import until  # noqa: E402

TIMEOUT_MS = 60000        # of sessions that live through it all
SHORT_MS = 4000           # of one that nobody comes back for
SHORT = "/shorts/short"   # its ephemeral
STAT = struct.Struct(">qqqqiiiqiiq")
STAT_FIELDS = ("czxid", "mzxid", "ctime", "mtime", "version", "cversion",
               "aversion", "owner", "dataLength", "numChildren", "pzxid")


class Answer(Exception):
    """A reply with an error code."""


class Session(session.Session):
    """One whose requests succeed, or raise Answer."""

    patience = 20

    def __init__(self, port, timeout=TIMEOUT_MS, sid=0, password=None):
        super().__init__(port, timeout, sid, password)

    def again(self, port):
        """The same session on a new connection."""
        s = Session(port, self.timeout, self.id, self.password)
        assert s.id == self.id, "the session 0x%x has expired" % self.id
        assert s.password == self.password
        return s

    def ask(self, request):
        """The reply's body; raises Answer(code) for an error."""
        label = request[2]
        reply = super().ask(request)
        if reply is None:
            raise ConnectionError("no answer to %s" % label)
        assert reply.xid == self.xid, "reply %d to %d" % (reply.xid, self.xid)
        if reply.error:
            raise Answer(reply.error, label)
        return reply.body

    def make(self, path, data=b"", flags=wire.PLAIN, acl=wire.OPEN, ttl=None):
        """Create it; the name it got."""
        if ttl:
            body = self.ask(wire.createTTL(path, ttl, data, acl, flags))
        elif flags == wire.CONTAINER:
            body = self.ask(wire.createContainer(path, data, acl))
        else:
            body = self.ask(wire.create(path, data, acl, flags))
        size = struct.unpack(">i", body[:4])[0]
        return body[4:4 + size].decode()

    def become(self, scheme, text):
        self.xid = -5                 # auth's own xid is -4
        self.ask(wire.auth(scheme, text))
        self.xid = 0
        return self


# --- what can be seen --------------------------------------------------------

def children(body):
    count = struct.unpack(">i", body[:4])[0]
    at, names = 4, []
    for _ in range(max(count, 0)):
        size = struct.unpack(">i", body[at:at + 4])[0]
        names.append(body[at + 4:at + 4 + size].decode())
        at += 4 + size
    return sorted(names)


def see(session, path="/"):
    """{path: (data or None, stat fields, ACL bytes)} of all nodes."""
    found, todo = {}, [path]
    while todo:
        path = todo.pop()
        try:
            body = session.ask(wire.getData(path))
        except Answer:
            if path == SHORT:       # it went while we looked
                continue
            raise
        size = struct.unpack(">i", body[:4])[0]
        data = None if size < 0 else body[4:4 + size]
        stat = STAT.unpack(body[4 + max(size, 0):])
        acl = session.ask(wire.getACL(path))[:-STAT.size]
        found[path] = data, stat, acl
        for name in children(session.ask(wire.getChildren(path))):
            todo.append(path.rstrip("/") + "/" + name)
    return found


def see_all(server):
    """The whole tree as the super user sees it; leaves no session behind.

    Its own session changes no node, only the zxid."""
    s = Session(server.port).become("digest", "super:admin")
    try:
        return see(s)
    finally:
        s.ask(wire.closeSession())
        s.close()


def difference(before, after):
    """Lines that say what is not the same; none if all is."""
    lines = []
    for path in sorted(set(before) | set(after)):
        if path not in after:
            lines.append("%s is gone" % path)
        elif path not in before:
            lines.append("%s is new" % path)
        elif before[path] != after[path]:
            (data, stat, acl), (data2, stat2, acl2) = before[path], after[path]
            if data != data2:
                lines.append("%s: data %.80r is now %.80r" % (path, data,
                                                              data2))
            if acl != acl2:
                lines.append("%s: ACL %r is now %r" % (path, acl, acl2))
            lines += ["%s: %s %d is now %d" % (path, name, a, b) for name, a, b
                      in zip(STAT_FIELDS, stat, stat2) if a != b]
    return lines


def same(before, after, what, count=20):
    """All is; but SHORT may have gone meanwhile."""
    if SHORT not in after:
        before, after = [{p: v for p, v in tree.items() if "/shorts" not in p}
                         for tree in (before, after)]
    lines = difference(before, after)
    assert not lines, "%s: %d differences\n    %s" % (
        what, len(lines), "\n    ".join(lines[:count]))


# --- the tree ----------------------------------------------------------------

SUPER = "super:admin"
JOE = ((31, "digest", "joe:" + "1Hm5yDK1JMZzCNcQDQ2GcPCTTHI="),)
ACLS = {
    "read": ((1, "world", "anyone"),),
    "mixed": ((1, "world", "anyone"), (31, "ip", "127.0.0.1"),
              (5, "ip", "10.0.0.0/8")),
    "digest": JOE + ((1, "world", "anyone"),),
    "perms": tuple((1 << i, "ip", "10.1.1.%d" % i) for i in range(5)),
    "super": ((31, "digest", "super:xQJmxLMiHGwaqBvst5y6rkB6HQs="),),
}


def grow(port):
    """Build it; the sessions that live on: the owner, who has a friend that owns
    nothing, and one that nobody will come back for, whose node is SHORT."""
    owner = Session(port)
    owner.friend = Session(port, TIMEOUT_MS - 1000)
    quitter = Session(port)
    every_kind(owner)
    every_data(owner)
    every_acl(owner)
    names(owner)
    quotas(owner)
    changes(owner)
    multis(owner)
    reserved(port)
    owner.make("/kinds/of-quitter", b"", wire.EPH)
    for i in range(5):
        quitter.make("/kinds/quit-", b"q", wire.EPHSEQ)
    quitter.make("/quit", b"", wire.EPH)
    quitter.ask(wire.closeSession())
    owner.make("/shorts")
    short = Session(port, SHORT_MS)
    short.make(SHORT, b"gone soon", wire.EPH)
    return owner, short


def every_kind(s):
    s.make("/kinds", b"parent")
    s.make("/kinds/plain", b"x")
    s.make("/kinds/eph", b"mine", wire.EPH)
    for i in range(12):
        s.make("/kinds/seq-", b"%d" % i, wire.SEQ)
        s.make("/kinds/ephseq-", b"%d" % i, wire.EPHSEQ)
    s.make("/kinds/" + "e" * 600, b"long and ephemeral", wire.EPH)
    s.make("/kinds/box", b"", wire.CONTAINER)
    s.make("/kinds/box/inside", b"keeps it")
    s.make("/kinds/emptybox", b"never used", wire.CONTAINER)
    s.make("/kinds/ttl", b"later", wire.TTL, ttl=3600 * 1000)
    s.make("/kinds/ttlseq-", b"later", wire.TTLSEQ, ttl=86400 * 1000)
    s.make("/kinds/ttl/box", b"in a TTL node", wire.CONTAINER)
    s.make("/kinds/ttl/box/ttl", b"in a box", wire.TTL, ttl=3600 * 1000)
    s.make("/kinds/ttl/box/eph", b"mine, deep", wire.EPH)


def every_data(s):
    s.make("/data")
    s.make("/data/null", None)
    s.make("/data/empty", b"")
    s.make("/data/null-later", b"x")
    s.ask(wire.setData("/data/null-later", None))
    s.make("/data/binary", bytes(range(256)))
    s.make("/data/big", os.urandom(900 * 1000))
    s.make("/data/8k", b"k" * 8192)
    for size in range(0, 70, 3):
        s.make("/data/size%d" % size, b"s" * size)


def every_acl(s):
    s.make("/acl")
    for name, acl in ACLS.items():
        s.make("/acl/" + name, name.encode(), acl=acl)
    s.make("/acl/late")
    s.ask(wire.setACL("/acl/late", ACLS["digest"]))
    s.become("digest", "ann:secret")
    s.make("/acl/auth", b"ann's", acl=((31, "auth", ""),))
    s.make("/acl/auth/below", b"", acl=((31, "auth", ""),) + ACLS["mixed"])


def names(s):
    s.make("/names")
    for name in ("with space", "Grüße", "日本語", "\u00a0",
                 "a.b", "...", "%41", "back\\slash", "quote\"s", "-", "Z" * 255):
        s.make("/names/" + name, name.encode())
    deep = "/names/deep"
    s.make(deep)
    for i in range(120):
        deep += "/d%d" % i
        s.make(deep)
    wide = "/names/" + "w" * 470
    s.make(wide)
    for i in range(30):
        s.make(wide + "/" + "n%02d" % i * 10, b"on both sides of the longest key")


def quotas(s):
    s.make("/quota")
    s.make("/quota/inner")
    for path, limits in (("/quota", "count=1000,bytes=100000"),
                         ("/kinds", "count=500,bytes=-1"
                                    "=;byteHardLimit=200000;"
                                    "countHardLimit=600")):
        node = "/zookeeper/quota" + path
        s.make(node)
        s.make(node + "/zookeeper_limits", limits.encode())
        s.make(node + "/zookeeper_stats", b"count=0,bytes=0")
    for i in range(5):
        s.make("/quota/inner/n%d" % i, b"counted")
    for path, name in ("/later", "limits"), ("/data", "stats"):
        s.make("/zookeeper/quota" + path)
        s.make("/zookeeper/quota%s/zookeeper_%s" % (path, name),
               b"count=7,bytes=-1")


def reserved(port):
    """What every server has, changed by the super user."""
    s = Session(port).become("digest", SUPER)
    s.ask(wire.setData("/", b"of the root"))
    s.ask(wire.setACL("/", ((15, "world", "anyone"), (31, "auth", ""))))
    s.ask(wire.setData("/zookeeper", b"of its child"))
    s.ask(wire.setData("/zookeeper/config", b"of an operator"))
    s.ask(wire.setACL("/zookeeper/config", ACLS["mixed"]))
    s.make("/zookeeper/quota/plain", b"no quota")
    s.ask(wire.closeSession())
    s.close()


def changes(s):
    s.make("/changes")
    for i in range(8):
        s.make("/changes/n%d" % i, b"")
        for j in range(i):
            s.ask(wire.setData("/changes/n%d" % i, b"v%d" % j))
            s.ask(wire.setACL("/changes/n%d" % i))
    for i in range(0, 8, 2):
        s.ask(wire.delete("/changes/n%d" % i))
    s.make("/changes/n0", b"a second life")


def multis(s):
    s.make("/multi")
    s.ask(wire.multi(
        wire.create("/multi/a", b"1"), wire.create("/multi/a/b", b"2"),
        wire.create("/multi/a/s-", b"3", flags=wire.SEQ),
        wire.create("/multi/eph", b"4", flags=wire.EPH),
        wire.setData("/multi/a", b"5"), wire.check("/multi/a", 1),
        wire.delete("/multi/a/b")))
    s.ask(wire.multi(wire.create("/multi/c"), wire.check("/multi/a", 99)))
    for path in "/none", "/multi":
        try:
            s.ask(wire.delete(path, 7))   # error transactions in the log
        except Answer:
            pass


@contextlib.contextmanager
def busy(port):
    """A process of its own makes /busy/n0000000000 and so on meanwhile."""
    s = Session(port)
    s.make("/busy")
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(Exception):
            while True:
                s.make("/busy/n", b"x" * 100, wire.SEQ)
        os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        s.close()


# --- a server ----------------------------------------------------------------

def member(kind="zabd", **options):
    """One that is an ensemble of its own; not started."""
    server = Server(kind, {
        "standaloneEnabled": "false", "initLimit": 10, "syncLimit": 5,
        "server.1": "127.0.0.1:%d:%d" % tuple(free_ports(2)), **options})
    server._put("data/myid", "1")
    return server


# --- the command line --------------------------------------------------------

def zab(*args, rc=0):
    """Run the toolbox; its stdout.  Another exit status than `rc` raises."""
    done = subprocess.run([ZAB, *args], capture_output=True, text=True)
    assert done.returncode == rc, "zab %s: exit status %d\n%s%s" % (
        " ".join(args), done.returncode, done.stdout, done.stderr)
    return done.stdout if rc == 0 else done.stderr


def flip(path, at, mask=0x10):
    """Damage one byte of a file."""
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ mask]))


def version2(data, prefix=""):
    """The files of that kind, oldest first; none that a kill left half done."""
    folder = os.path.join(data, "version-2")
    return sorted((os.path.join(folder, f) for f in os.listdir(folder)
                   if f.startswith(prefix) and not f.endswith(".tmp")),
                  key=lambda f: (int(os.path.basename(f).split(".")[1], 16)
                                 if "." in os.path.basename(f) else 0))


# --- running -----------------------------------------------------------------

def long(body):
    """A test for `run long` only."""
    body.is_long = True
    return body


def main(module):
    """Run the test_* functions; `long`: all, or those named."""
    end_tidily()
    faulthandler.register(signal.SIGTERM, chain=True)
    only = [word for word in sys.argv[1:] if word not in ("short", "long")]
    skips_long = not only and "long" not in sys.argv
    prefix = os.path.basename(sys.argv[0]).rpartition(".")[0]
    good = [attempt("%s.%s" % (prefix, name[5:]), test)
            for name, test in list(module.items())
            if name.startswith("test_") and (not only or name[5:] in only)
            and not (skips_long and hasattr(test, "is_long"))]
    sys.exit(not good or False in good)


__all__ = ["Answer", "LeftOut", "Server", "Session", "busy", "closing",
           "given", "grow", "long", "main", "member", "needs_root", "running",
           "same", "see_all", "until", "version2", "wire", "zab", "ROOT",
           "SHORT", "SHORT_MS", "ZAB"]
