# SPDX-License-Identifier: Apache-2.0
"""Steps that are data, and the clients who play them on one server.

A drawn case is a list of these.  A step names its client; the client
connects when it first acts and comes back to its session when its
connection went, so any part of a list can be played as well (shrink.py
lives on that).  In every text "$" is the case's root.  As everywhere in
this folder, nothing here looks at a reply to decide what comes next.
"""

import collections

import wire

# wire.NAME(*args), packed when it is sent.
Request = collections.namedtuple("Request", "name args")
# A zxid by its distance from the case's base.
Zxid = collections.namedtuple("Zxid", "distance")
# The first bytes of another request's body, then other bytes.
Cut = collections.namedtuple("Cut", "request size tail")

Send = collections.namedtuple("Send", "who requests")       # in one write
Odd = collections.namedtuple("Odd", "who request xid")
Split = collections.namedtuple("Split", "who requests at")  # in two writes
Fatal = collections.namedtuple("Fatal", "who request")      # and is closed
Raw = collections.namedtuple("Raw", "who data")             # and is closed
Quit = collections.namedtuple("Quit", "who requests")       # then closeSession
Drop = collections.namedtuple("Drop", "who")
Move = collections.namedtuple("Move", "who options behind")
Refused = collections.namedtuple("Refused", "who options")
Ghost = collections.namedtuple("Ghost", "who")      # of a session that ended

SOURCES = {"a": "127.0.0.1", "b": "127.0.0.2"}      # others: the first
# What is answered without a look at what others did: drained before.
INLINE = {"auth", "sasl"}


def ask(name, *args):
    return Request(name, args)


def text_of(value):
    """A step, or what is in it, as its reader wants it."""
    if value == wire.OPEN:
        return "OPEN"
    if isinstance(value, Request):
        return "%s(%s)" % (value.name, ", ".join(map(text_of, value.args)))
    if isinstance(value, Zxid):
        return "%+d" % value.distance
    if hasattr(value, "_fields"):
        name, who = type(value).__name__.lower(), getattr(value, "who", None)
        fields = [text_of(v) for v in value[1 if who else 0:] if v != ()]
        return " ".join([name if who is None else "%s: %s" % (who, name)]
                        + fields)
    if isinstance(value, tuple):
        return "[%s]" % ", ".join(map(text_of, value))
    if isinstance(value, bytes) and len(value) >= 20:
        return "%r * %d" % (value[:1], len(value))      # all are alike
    return repr(value)


def watched(text):
    """wchs: paths and watches; Apache counts connections without any."""
    return text.partition(b" connections ")[2]


def counts(text):
    """mntr: of recursive watches Apache counts two."""
    keys = b"zk_ephemerals_count", b"zk_znode_count"
    return b"; ".join(sorted(line for line in text.split(b"\n")
                             if line.split(b"\t")[0] in keys))


class Player:
    """The clients of a drawn case, on one server."""

    def __init__(self, t):
        self.t = t
        self.conns = {}         # who -> its last connection
        self.up = set()         # who has a connection now
        self.at_home = set()    # who has a session
        self.count = collections.Counter()
        self.last = None        # who acted last
        self.dropped = False    # did a client go without a word?

    def play(self, steps):
        for step in steps:
            getattr(self, "on_" + type(step).__name__.lower())(step)
        self.look()

    def look(self):
        """What is left; when a connection that was dropped is gone, and its
        watches with it, nobody knows."""
        for who in sorted(self.up):
            self.conns[who].drain()
        if self.dropped:
            return
        self.t.socket(name="w").text(b"wchs", "what is watched", watched)
        self.t.socket(name="w").text(b"mntr", "how much there is", counts)

    # --- values ---

    def value(self, v):
        """A drawn value as wire.py takes it."""
        if isinstance(v, str):
            return v.replace("$", self.t.root)
        if isinstance(v, bytes):
            return v.replace(b"$", self.t.root.encode())
        if isinstance(v, Zxid):
            return self.t.z(v.distance)
        if isinstance(v, Request):
            return wire.BUILDERS[v.name](*map(self.value, v.args))
        if isinstance(v, Cut):
            op, body, label = self.value(v.request)
            return (op, body[:v.size] + v.tail,
                    "%s, cut to %d" % (label, v.size))
        if isinstance(v, (tuple, list)):
            return [self.value(one) for one in v]
        return v

    # --- connections ---

    def dial(self, who, stranger=False, **options):
        """A new connection: of the client's session, if it has one."""
        if who in self.at_home:
            options.setdefault("sid", self.conns[who].sid)
        self.count[who] += 1
        conn = self.t.socket(SOURCES.get(who, "127.0.0.1"),
                             "%s%d" % (who, self.count[who]))
        if not stranger:
            self.conns[who] = conn
            self.up.add(who)
            self.at_home.add(who)
        conn.hello(**options)
        return conn

    def conn(self, who):
        return self.conns[who] if who in self.up else self.dial(who)

    def turn(self, who, inline=False):
        """The connection of who acts next.

        What others did before is on its way to it: a request that is
        answered inline would be a race with that.
        """
        conn = self.conn(who)
        if inline and self.last not in (None, who):
            conn.drain()
        self.last = who
        return conn

    def lost(self, who):
        self.up.discard(who)

    # --- steps ---

    def on_send(self, step):
        name = getattr(step.requests[0], "name", None)
        conn = self.turn(step.who, name in INLINE)
        conn.pipeline(*map(self.value, step.requests))

    def on_odd(self, step):
        self.turn(step.who).do(self.value(step.request), step.xid)

    def on_split(self, step):
        self.turn(step.who).pipeline(*map(self.value, step.requests),
                                     split=step.at)

    def on_fatal(self, step):
        conn = self.turn(step.who, inline=True)
        conn.fatal(self.value(step.request))
        self.lost(step.who)

    def on_raw(self, step):
        conn = self.turn(step.who, inline=True)
        conn.raw(step.data, "sends " + step.data[:20].hex(), closes=True)
        self.lost(step.who)

    def on_quit(self, step):
        """Which ephemeral of a session goes first is Java's hash order."""
        conn = self.turn(step.who)
        conn.fatal(*map(self.value, step.requests), wire.closeSession())
        conn.ended = True
        self.t.run.steps[-1].unordered = True
        self.lost(step.who)
        self.at_home.discard(step.who)
        self.all_see_end()

    def all_see_end(self):
        """What a session's end tells those who are left: in any order."""
        for who in sorted(self.up):
            self.see_end(self.conns[who])
            self.t.run.steps[-1].unordered = True

    def see_end(self, conn):
        """Of another's session: all that was due because of it."""
        conn.drain()

    def on_drop(self, step):
        """What is on its way to it is lost, not a race."""
        self.turn(step.who, inline=True).drop()
        self.dropped = True
        self.lost(step.who)

    def on_move(self, step):
        """The session goes on with a new connection; the old one ends."""
        old = self.turn(step.who, inline=True) if step.who in self.up else None
        self.last = step.who
        self.dial(step.who, behind=[self.value(r) for r in step.behind],
                  **{k: self.value(v) for k, v in step.options})
        if old:
            old.gone()

    def on_refused(self, step):
        """Somebody who is not let in; the session has no connection then."""
        self.on_drop(step)
        self.dial(step.who, stranger=True, closes=True,
                  **{k: self.value(v) for k, v in step.options})

    def on_ghost(self, step):
        if step.who in self.conns and step.who not in self.at_home:
            self.dial(step.who, stranger=True, closes=True,
                      sid=self.conns[step.who].sid)
