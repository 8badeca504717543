# SPDX-License-Identifier: Apache-2.0
"""Draws a case from a seed: requests of all kinds over a few nodes.

Pure: the same seed gives the same steps (play.py), whatever a server says.

What is not drawn, since the servers differ on purpose (differences.py):
- exists of a node that its ACL may hide: `hidden` paths only lose READ, and
  exists is drawn of the others;
- create2 in a multi, createContainer there without the container flag;
- nulls in a multi, a multiRead without a read in it;
- a wrong password while the session has a connection (play.py drops it);
- check, deleteContainer and createSession as requests of their own;
- text that is no Java-clean UTF-8, where no path check applies;
- IPv6 addresses in ACLs;
- `auth` in an ACL where a client has several digests: their order;
- two kinds of watch on one path by one client: `kinds` gives each a kind;
- watch types 1 and 2 for persistent watches, 4 and 5 at all;
- checkWatches of what others watch: `owners` gives such a path to one
  client; and of paths without a slash in front;
- a null path in addWatch or removeWatches;
- a null list behind good ones in setWatches;
- getAllChildrenNumber of the empty path;
- createTTL with plain flags and a negative ttl;
- unreadable quota text, a quota on the root.
Or since Apache races with itself:
- in one pipeline: a write behind a setACL, a write or closeSession behind a
  multi that breaks off in its middle (`leaves_traces`): the pending state is
  not what it will be; anything behind closeSession, an auth or an unknown
  opcode behind anything; and with enforceQuota a second write, since the
  quota is judged by what is applied;
- createContainer with ephemeral flags: it is pending as an ephemeral.
Or since cases share them: / and the empty path, but in create and delete,
where they are refused.
"""

import base64
import hashlib

import wire
from guess import Chance, Sketch
from play import (Cut, Drop, Fatal, Ghost, Move, Odd, Quit, Raw, Refused,
                  Send, Split, Zxid, ask)

ANYONE = "world", "anyone"
SUPER = "digest", "super:secret"
USERS = "bob:pw", "amy:pw", "eve"

# How often a world is drawn.
WORLDS = (("default", 12), ("ttl", 4), ("quota", 4), ("skipacl", 2),
          ("nodigest", 1), ("narrow", 1))

ODD_TAILS = ("/", "//a", "/.", "/..", "/./a", "/a\0", "/\1", "/\x7f", "/\x85",
             "/\u00e9", "/ ", "/...", "/\ue000", "/\ufffd", "/\uffff",
             "/\U0001f600", "/%", "/'\"")
UNCLEAN = (b"$/\xff", b"$/\xc3", b"$/\xed\xa0\x80", b"$/a\xc0\x80")
WHOLE = "nope", "//", ".", "/.", "\0", "/nope/x", "/nope/"
RESERVED = "", "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"
DATA = (None, b"", b"", b"x", b"yy", b"0123456789", b"z" * 300, b"\0\xff",
        b"z" * 3000)
WRONG_VERSIONS = (-2, 77, 2 ** 31 - 1, -2 ** 31)
ODD_FLAGS = (-1, 7, 8, 100, 2 ** 31 - 1, -2 ** 31)
ODD_XIDS = 0, -3, -4, -8, 2 ** 31 - 1, -2 ** 31
BAD_ENTRIES = (("digest", "x"), ("digest", "a:b:c"), ("nope", "x"), ("", ""),
               ("super", ""), ("ip", "1.2.3"), ("ip", "127.0.0.1/33"),
               ("world", "x"), (None, "x"), ("sasl", "x"), ("world", ""),
               ("world", None), ("digest", None), (None, None))
NETS = "127.0.0.1", "127.0.0.2", "127.0.0.0/8", "127.0.0.2/31", "10.0.0.0/8"
QUOTA = "/zookeeper/quota$"
LIMITS = ("count=-1,bytes=-1", "count=3,bytes=10", "count=0,bytes=0",
          "count=-1,bytes=-1=;byteHardLimit=20;countHardLimit=4",
          "count=-1,bytes=-1=;byteHardLimit=8;countHardLimit=-1",
          "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2",
          "count=1,bytes=1=;byteHardLimit=0;countHardLimit=1",
          "count=2,bytes=5=;byteHardLimit=40;countHardLimit=6",
          "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=-1")
STATS = "count=0,bytes=0", "count=7,bytes=7", "count=-1,bytes=-1"
WRITES = {"create", "create2", "createContainer", "createTTL", "delete",
          "setData", "setACL", "multi", "reconfig"}
CREATES = {"create", "create2", "createContainer", "createTTL"}


def digest_id(text):
    user = text.split(":")[0]
    return user + ":" + base64.b64encode(
        hashlib.sha1(text.encode()).digest()).decode()


def leaves_traces(request):
    """A multi that may break off in Apache's middle, not rolled back."""
    return request.name == "multi" and any(
        op.name.startswith("create") and "None" in str(op.args[2:]) or
        op.name == "create" and op.args[-1] in (5, 6) for op in request.args)


def is_clean(path):
    """Text that comes back as it was sent."""
    return isinstance(path, str) and path.isascii()


class Drawing:
    """What one seed says: a world, and steps to play in it."""

    def __init__(self, seed, world, steps):
        self.seed, self.world, self.steps = seed, world, steps


def draw(seed):
    return Drawer(seed).drawing()


class Fields(Chance):
    """The fields of requests."""

    def __init__(self, seed):
        super().__init__(seed)
        self.world = self.weighed(WORLDS)
        self.clients = "abcd"[:self.pick((1, 2, 2, 3, 3, 4))]
        self.guess = Sketch()
        self.hidden = self.some(self.guess.paths[:10], 5) \
            if self.one_in(2) else ()
        self.quotas = ()
        if self.one_in(2 if self.world == "quota" else 8):
            self.quotas = self.some(self.guess.paths[:10], 2) or ["$"]

    # --- paths ---

    def path(self):
        """Mostly one that is there."""
        if self.quotas and self.one_in(8):
            return self.quota_path()
        if self.one_in(25):
            return self.odd_path()
        if self.one_in(10):
            return self.numbered()
        if self.guess.watched and self.one_in(6):
            return self.pick(self.guess.all_watched() or self.guess.paths)
        return self.pick(self.guess.here() if self.percent(85)
                         else self.guess.paths)

    def odd_path(self):
        if self.one_in(3):
            return self.pick(WHOLE)
        if self.one_in(6):
            return self.pick(UNCLEAN)
        return self.pick(self.guess.paths) + self.pick(ODD_TAILS)

    def maybe_null(self, path):
        return None if self.one_in(60) else path

    def numbered(self):
        """A sequential node's, near where the counter should be."""
        parents = list(self.guess.births) or ["$"]
        parent = self.pick(parents)
        return "%s/%s%010d" % (parent, self.pick(("s", "")), self.rng.
                               randrange(self.guess.births.get(parent, 0) + 2))

    def quota_path(self):
        return QUOTA + self.pick(self.quotas)[1:] + self.pick(
            ("/zookeeper_limits", "/zookeeper_stats", "/zookeeper_stats", ""))

    def new_path(self):
        """One to create: mostly below something that is there."""
        if self.one_in(80):
            return self.pick(RESERVED)
        if self.one_in(8):
            return self.path()
        return self.pick(self.guess.open_places() or self.guess.paths)

    def may_be_hidden(self, path):
        """Also by a sequential create of a hidden prefix."""
        return isinstance(path, str) and (
            path in self.hidden or path.rstrip("0123456789") in self.hidden)

    # --- data, versions ---

    def data_for(self, path):
        """Below the quota's root Apache must be able to read it."""
        if isinstance(path, str) and path.endswith("zookeeper_limits"):
            return self.pick(LIMITS)
        if isinstance(path, str) and path.endswith("zookeeper_stats"):
            return self.pick(STATS)
        return self.pick(DATA)

    def version(self):
        if self.one_in(12):
            return self.pick(WRONG_VERSIONS)
        return self.pick((-1, -1, -1, -1, 0, 0, 1, 2))

    # --- ACLs ---

    def entry(self, who):
        perms = self.pick((31, 31, 31, 1, 2, 4, 8, 16, 27, 0, 32, -1,
                           self.rng.randrange(64)))
        known = self.guess.known.get(who, ())
        auth = len(known) == 1 or (not known and self.one_in(15))
        return (perms,) + self.weighed((
            (ANYONE, 8), (("digest", digest_id(self.pick(USERS))), 6),
            (("auth", self.pick(("", "x", None))), 6 if auth else 0),
            (("ip", self.pick(NETS)), 4)))

    def acl(self, path, who, null=True):
        """Those of paths that are not hidden let everybody read."""
        if self.one_in(40):
            return self.pick(((), None, ((31, "world", None),)) if null
                             else ((),))
        if self.percent(20 if path in self.hidden else 60):
            return wire.OPEN
        entries = [self.entry(who) for _ in range(self.pick((1, 1, 2, 3)))]
        if self.one_in(12):
            entries.insert(self.rng.randrange(len(entries) + 1),
                           (31,) + self.pick(BAD_ENTRIES))
        if self.world == "nodigest":
            entries.append((31, *ANYONE))
        elif path not in self.hidden:
            entries.append((1, *ANYONE))
        return tuple(entries)


class Requests(Fields):
    """Requests of who; each kind is a method of that name."""

    def __init__(self, seed):
        super().__init__(seed)
        self.kinds, self.owners = {}, {}

    # --- watches ---

    def kind(self, who, path):
        """The one kind of watch that who may set there."""
        return self.kinds.setdefault((who, path), self.weighed(
            (("standard", 4), ("persistent", 1), ("recursive", 1))))

    def owner(self, path):
        """Who alone may watch it, or None."""
        return self.owners.setdefault(
            path, self.pick(self.clients) if self.one_in(3) else None)

    def may_watch(self, who, path, kind):
        return self.owner(path) in (None, who) and \
            self.kind(who, path) == kind

    def watch(self, who, path):
        """The watch flag of a read."""
        if self.may_watch(who, path, "standard") and self.percent(60):
            if path is not None and is_clean(path):
                self.guess.watches(who, path)
            return True
        return False

    def watch_type(self, who, path):
        if self.one_in(20):
            return self.pick((0, 6, -1))
        if self.kind(who, path) != "standard":
            return 3
        return self.pick((1, 2, 3))

    def own_watched(self, who):
        """A path that who watches, perhaps."""
        watched = sorted(self.guess.watched.get(who, ()))
        return self.pick(watched if watched and self.percent(70)
                         else self.guess.paths)

    def addWatch(self, who):
        path = self.path()
        kind = self.kind(who, path)
        if kind == "standard" or path is None or not is_clean(path) or \
                self.owner(path) not in (None, who):
            return self.getChildren(who)
        self.guess.watches(who, path)
        mode = 0 if kind == "persistent" else 1
        return ask("addWatch", path,
                   self.pick((2, -1)) if self.one_in(20) else mode)

    def removeWatches(self, who):
        path = self.own_watched(who)
        return ask("removeWatches", path, self.watch_type(who, path))

    def checkWatches(self, who):
        for _ in range(8):
            path = self.own_watched(who)
            if self.owner(path) == who and path.startswith(("$", "/")):
                return ask("checkWatches", path, self.watch_type(who, path))
        return ask("checkWatches", "$/never", 3)

    def watch_list(self, who, kind):
        paths = self.guess.here() if self.one_in(2) else self.guess.paths + [
            "$/s0000000000", "$/no"]
        chosen = tuple(p for p in self.some(paths, 5)
                       if self.may_watch(who, p, kind))
        for path in chosen:
            self.guess.watches(who, path)
        return chosen

    def relative(self):
        if self.one_in(8):
            return self.pick((0, -1, 2 ** 63 - 1, -2 ** 63))
        return Zxid(self.rng.randrange(60))

    def setWatches(self, who):
        lists = [self.watch_list(who, "standard") for _ in range(3)]
        if self.one_in(30):
            lists = [None, (), ()]
        return ask("setWatches", self.relative(), *lists)

    def setWatches2(self, who):
        lists = [self.watch_list(who, "standard") for _ in range(3)]
        lists += [self.watch_list(who, "persistent"),
                  self.watch_list(who, "recursive")]
        return ask("setWatches2", self.relative(), *lists)

    # --- creates ---

    def create_args(self, who, null=True):
        path = self.new_path()
        flags = self.pick((0, 0, 0, 0, 1, 1, 2, 3))
        if self.one_in(25):
            flags = self.pick(ODD_FLAGS + (4, 5, 6))
        if flags in (2, 3, 6) and self.percent(70):
            path = self.pick(self.guess.here()) + self.pick(("/s", "/"))
        if path in RESERVED:
            flags = 0
        acl = self.acl(path, who, null)
        self.guess.born(path, who, flags)
        if null:
            path = self.maybe_null(path)
        return path, self.data_for(path), acl, flags

    def create(self, who):
        return ask("create", *self.create_args(who))

    def create2(self, who):
        return ask("create2", *self.create_args(who))

    def createContainer(self, who):
        path, data, acl, flags = self.create_args(who)
        return ask("createContainer", path, data, acl,
                   4 if flags in (1, 3) or self.percent(70) else flags)

    def createTTL(self, who):
        path, data, acl, _ = self.create_args(who)
        flags = self.pick((5, 5, 6, 6, 5, 0, 1, 7, -1))
        ttl = self.pick((60000, 60000, 1, 0xFFFFFFFFFF, 2 ** 63 - 1, 0))
        if flags in (5, 6, 7) and self.one_in(8):
            ttl = -1
        return ask("createTTL", path, ttl, data, acl, flags)

    # --- other writes ---

    def victim(self):
        """A path to delete."""
        if self.one_in(4):
            return self.numbered()
        if self.one_in(40):
            return self.pick(RESERVED)
        path = self.path()
        leaves = [p for p in self.guess.here() if not any(
            q.startswith(p + "/") for q in self.guess.nodes)]
        return self.pick(leaves) if self.one_in(2) and leaves else path

    def delete(self, who):
        path, version = self.victim(), self.version()
        if version == -1:
            self.guess.died(path)
        return ask("delete", self.maybe_null(path), version)

    def setData(self, who):
        path = self.path()
        return ask("setData", self.maybe_null(path), self.data_for(path),
                   self.version())

    def setACL(self, who):
        path = self.path()
        if self.hidden and self.one_in(3):
            path = self.pick(self.hidden)
        return ask("setACL", self.maybe_null(path), self.acl(path, who),
                   self.version())

    def reconfig(self, who):
        return ask("reconfig", None, None, self.pick((None, "x")))

    # --- reads ---

    def read(self, name, who):
        path = self.path()
        if self.hidden and self.one_in(6):
            path = self.pick(self.hidden)
        return ask(name, self.maybe_null(path), self.watch(who, path))

    def exists(self, who):
        path = self.path()
        while self.may_be_hidden(path):
            path = self.pick(self.guess.paths + ["$/no"])
        return ask("exists", path, self.watch(who, path))

    def getData(self, who):
        return self.read("getData", who)

    def getChildren(self, who):
        return self.read("getChildren", who)

    def getChildren2(self, who):
        return self.read("getChildren2", who)

    def getACL(self, who):
        return ask("getACL", self.maybe_null(self.path()))

    def getAllChildrenNumber(self, who):
        return ask("getAllChildrenNumber", self.maybe_null(self.path()))

    def getEphemerals(self, who):
        path = self.path()
        return ask("getEphemerals", self.pick(
            ("/", "", None, " / ", "$", "$/", path if is_clean(path)
             else "/\x01")))

    def sync(self, who):
        path = self.path()
        return ask("sync", self.maybe_null(path if is_clean(path) else "/"))

    def ping(self, who):
        return ask("ping")

    def whoAmI(self, who):
        return ask("whoAmI")

    # --- multi ---

    OPS = (("create", 30), ("setData", 15), ("delete", 12), ("check", 10),
           ("createContainer", 4), ("createTTL", 4), ("setACL", 1))

    def op(self, who):
        """One write of a multi; nothing is null in it but data."""
        name = self.weighed(self.OPS)
        path = self.path()
        if name == "check":
            return ask(name, path, self.version())
        if name == "setData":
            return ask(name, path, self.data_for(path), self.version())
        if name == "delete":
            path = self.victim()
            self.guess.died(path)
            return ask(name, path, self.version())
        if name == "setACL":
            return ask(name, path, wire.OPEN)
        path, data, acl, flags = self.create_args(who, null=False)
        if name == "createContainer":
            return ask(name, path, data, acl, 4)
        if name == "createTTL":
            return ask(name, path, self.pick((60000, 1, 0)), data, acl,
                       self.pick((5, 6)))
        return ask(name, path, data, acl, flags)

    def multi(self, who):
        ops = [self.op(who)
               for _ in range(self.pick((0, 1, 1, 2, 2, 3, 4, 6)))]
        if self.one_in(25):
            ops.append(ask("getData", "$"))
        return ask("multi", *ops)

    def multiRead(self, who):
        ops = [ask(self.pick(("getData", "getChildren")), self.path())
               for _ in range(self.pick((0, 1, 2, 3)))]
        if ops and self.one_in(20):
            ops.append(self.pick((ask("check", "$"), ask("exists", "$"))))
        return ask("multiRead", *ops)

    # --- any ---

    KINDS = (
        ("create", 14), ("create2", 5), ("createContainer", 3),
        ("createTTL", 2), ("delete", 9), ("setData", 10), ("setACL", 5),
        ("exists", 7), ("getData", 6), ("getChildren", 4),
        ("getChildren2", 4), ("getACL", 3), ("getAllChildrenNumber", 2),
        ("getEphemerals", 3), ("sync", 1), ("ping", 1), ("whoAmI", 1),
        ("reconfig", 1), ("addWatch", 7), ("removeWatches", 3),
        ("checkWatches", 3), ("setWatches", 2), ("setWatches2", 2),
        ("multi", 10), ("multiRead", 3))

    def request(self, who):
        request = getattr(self, self.weighed(self.KINDS))(who)
        if self.one_in(60):
            tails = (b"",) if "Watches" in request.name else (b"", b"\1" * 20)
            return Cut(request, self.rng.randrange(60), self.pick(tails))
        return request

    def requests(self, who, count):
        return self.without_races([self.request(who) for _ in range(count)])

    def without_races(self, requests):
        """See the head: what Apache itself is not sure of goes."""
        kept, may_write = [], True
        for r in requests:
            whole = r.request if isinstance(r, Cut) else r
            if whole.name in WRITES:
                if not may_write:
                    continue
                may_write = whole.name != "setACL" and \
                    self.world != "quota" and not leaves_traces(whole)
            kept.append(r)
        return tuple(kept)


class Drawer(Requests):
    """Steps of clients; each kind is a method of that name."""

    def __init__(self, seed):
        super().__init__(seed)
        self.seed = seed

    def one(self, who):
        return Send(who, (self.request(who),))

    def pipeline(self, who):
        count = self.rng.randrange(2, 60 if self.one_in(20) else 9)
        return Send(who, self.requests(who, count))

    def odd(self, who):
        return Odd(who, self.request(who), self.pick(ODD_XIDS))

    def split(self, who):
        return Split(who, self.requests(who, self.rng.randrange(1, 5)),
                     self.rng.randrange(200))

    def auth(self, who):
        whom = self.weighed(((("digest", self.pick(USERS)), 8), (SUPER, 2),
                             (("ip", "x"), 1)))
        if self.world == "nodigest":
            whom = "ip", "x"
        if whom[0] == "digest":
            self.guess.known.setdefault(who, set()).add(whom)
        return Send(who, (ask("auth", *whom),
                          *self.requests(who, self.pick((0, 0, 1, 3)))))

    def sasl(self, who):
        return Send(who, (ask("sasl", self.pick((b"", b"token"))),))

    def fatal(self, who):
        self.guess.left(who, session=False)
        return Fatal(who, self.pick((
            ask("auth", "nope", "x"), ask("auth", "digest", None),
            ask("anyop", 99, b""), ask("anyop", -1, b"body"),
            ask("anyop", 0, b""), ask("auth", "world", "anyone"))))

    def raw(self, who):
        self.guess.left(who, session=False)
        return Raw(who, self.pick((
            wire.i32(-1), wire.i32(2 ** 30), wire.framed(b"\0\0\0"),
            b"ruok", wire.framed(b""))))

    def quit(self, who):
        requests = self.requests(who, self.pick((0, 0, 1, 4)))
        self.guess.left(who, session=True)
        return Quit(who, tuple(r for r in requests
                               if isinstance(r, Cut) or not leaves_traces(r)))

    def drop(self, who):
        self.guess.left(who, session=False)
        return Drop(who)

    def move(self, who):
        self.guess.left(who, session=False)
        options = (("timeout", self.pick((30000, 10000, 10 ** 6, 30001))),
                   ("zxid", self.pick((0, Zxid(0), -1))),
                   ("readonly", self.pick((0, 1, None))))
        return Move(who, options,
                    self.requests(who, self.pick((0, 0, 1, 3))))

    def refused(self, who):
        self.guess.left(who, session=False)
        return Refused(who, self.pick((
            (("password", bytes(16)),), (("password", b"short"),),
            (("password", b""),), (("zxid", Zxid(10 ** 6)),),
            (("zxid", 2 ** 63 - 1),))))

    def ghost(self, who):
        return Ghost(who)

    STEPS = (("one", 60), ("pipeline", 14), ("auth", 6), ("odd", 2),
             ("split", 2), ("sasl", 1), ("fatal", 1), ("raw", 1), ("quit", 2),
             ("drop", 2), ("move", 2), ("refused", 1), ("ghost", 1))

    # --- the whole ---

    def sowing(self):
        """Some nodes to begin with."""
        paths = [p for p in self.guess.paths[1:] if self.percent(40)]
        for path in paths:
            self.guess.born(path, "a", 0)
        there = [p for p in paths if p in self.guess.nodes]
        return [Send("a", (ask("multi", *[
            ask("create", p, self.pick(DATA), wire.OPEN, 0)
            for p in there]),))]

    def quota(self):
        """The nodes that limit some paths; parents first."""
        requests = []
        for path in self.quotas:
            names = path.split("/")
            requests += [ask("create", QUOTA + "".join(
                "/" + n for n in names[1:k])) for k in range(
                    1, len(names) + 1)]
            top = QUOTA + path[1:]
            requests += [
                ask("create", top + "/zookeeper_limits", self.pick(LIMITS)),
                ask("create", top + "/zookeeper_stats", self.pick(STATS))]
        return [Send("a", (r,)) for r in requests]

    def drawing(self):
        first = self.sowing() if self.percent(70) else []
        steps = first + self.quota() if self.one_in(2) \
            else self.quota() + first
        most = 200 if self.one_in(20) else 50
        for _ in range(self.rng.randrange(10, most)):
            step = self.weighed(self.STEPS)
            steps.append(getattr(self, step)(self.pick(self.clients)))
        return Drawing(self.seed, self.world, steps)
