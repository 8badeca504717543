# SPDX-License-Identifier: Apache-2.0
"""What a history of registers must look like.  A register is a node that
several sessions set, plainly or if it has the version that they know
(`cas`), and read.  No server is asked here: all is in the list of Ops.

No search is needed to see whether there is an order that explains it all, as
for registers without versions: each answer tells version and zxid, which say
what the order was.  It remains to see that all tell of one order:

- a version has one value and one zxid, whoever tells; a value, each of which
  is written once, has one version; what was refused is nowhere;
- what was acknowledged is there; what nobody knows the outcome of may be;
- zxids grow with the versions, and along the writes of a session;
- what is asked after an answer came is done after what that told of: a write,
  and a read behind a sync or a write of its own.  Other reads may be late,
  but no session is shown less than it has seen, on whatever server."""

import bisect
import collections

WRITES = ("set", "cas")
LATEST = ("synced", "fenced")    # reads that may not be late
TOLD_MAX = 10                    # sentences of one kind


class Op:
    """One request.  version and zxid are what was answered, or, of a write
    that nobody answered, what readers saw later."""
    __slots__ = ("session", "kind", "name", "value", "expected", "sent",
                 "done", "outcome", "version", "zxid")

    def __init__(self, session, kind, name, value=None, expected=None,
                 sent=0.0):
        self.session, self.kind, self.name = session, kind, name
        self.value, self.expected, self.sent = value, expected, sent
        self.done, self.outcome = None, "unknown"
        self.version = self.zxid = None

    def settle(self, outcome, done, value=None, stat=None):
        """Answered: `ok` with a Stat, or `refused` for its version."""
        self.outcome, self.done = outcome, done
        if value is not None:
            self.value = value
        if stat is not None:
            self.version, self.zxid = stat.version, stat.mzxid

    def copy(self):
        """What is known of it now."""
        other = Op(self.session, self.kind, self.name)
        for slot in Op.__slots__:
            setattr(other, slot, getattr(self, slot))
        return other

    @property
    def is_write(self):
        return self.kind in WRITES

    def __repr__(self):
        return "%s of %s by %s, %s%s" % (
            self.kind, self.name, self.session, self.outcome,
            "" if self.version is None else " as version %d, 0x%x" % (
                self.version, self.zxid))


class Register:
    """All that was told of one node: its versions in their order."""

    def __init__(self, name, ops):
        self.name, self.ops = name, ops
        self.told = {}           # version: (value, zxid)
        self.by_value = {op.value: op for op in ops if op.is_write}
        self.versions, self.zxids = [], []

    def gather(self):
        """Collect what the answers tell; sentences where two disagree."""
        for op in self.ops:
            if op.outcome != "ok":
                continue
            now = (op.value, op.zxid)
            before = self.told.setdefault(op.version, now)
            if before != now:
                yield "version %d is %r with 0x%x, and to %r it is %r" % (
                    op.version, before[0], before[1], op, op.value)
        self.versions = sorted(self.told)
        self.zxids = [self.told[v][1] for v in self.versions]
        yield from self.attribute()

    def attribute(self):
        """Whose write made each version?"""
        made = {}
        for version in self.versions:
            value, zxid = self.told[version]
            op = self.by_value.get(value)
            if op is None:
                if version > 0:
                    yield "version %d is %r, which nobody wrote" % (version,
                                                                    value)
                continue
            if value in made:
                yield "%r was done twice, as version %d, too" % (op, version)
            made[value] = op
            if op.outcome == "refused":
                yield "%r is there as version %d" % (op, version)
            if op.outcome == "unknown":
                op.version, op.zxid = version, zxid

    def newest(self, zxid):
        """The newest version that somebody saw, as of this zxid."""
        at = bisect.bisect_right(self.zxids, zxid)
        return self.versions[at - 1] if at else -1

    def order(self):
        for a, b in zip(self.versions, self.versions[1:]):
            if self.told[b][1] <= self.told[a][1]:
                yield "version %d has 0x%x, version %d before it 0x%x" % (
                    b, self.told[b][1], a, self.told[a][1])

    def holes(self):
        """A version nobody saw is a write's whose outcome nobody knows."""
        last = self.versions[-1] if self.versions else 0
        unseen = last - sum(version > 0 for version in self.versions)
        doubt = sum(op.is_write and op.outcome == "unknown" and
                    op.version is None for op in self.ops)
        if unseen > doubt:
            yield "%d versions up to %d are of no write, with %d unknown" % (
                unseen, last, doubt)

    def comparisons(self):
        """A cas is done on the version it names, and refused for another."""
        last = self.versions[-1] if self.versions else 0
        for op in self.ops:
            if op.kind != "cas":
                continue
            if op.version is not None and op.version != op.expected + 1:
                yield "%r was done on version %d, not %d" % (
                    op, op.version - 1, op.expected)
            if op.outcome == "refused" and not self.had_moved(op, last):
                yield "%r: the version was %d" % (op, op.expected)

    def had_moved(self, op, last):
        """Was there a write behind the version it names, in time?"""
        behind = self.told.get(op.expected + 1)
        if behind is None:
            return last > op.expected
        writer = self.by_value.get(behind[0])
        return writer is None or writer.sent < op.done

    def from_the_future(self):
        for op in self.ops:
            writer = self.by_value.get(op.value)
            if op.outcome == "ok" and writer and writer.sent > op.done:
                yield "%r has what was sent later: %r" % (op, writer)

    def check(self):
        for look in (self.gather, self.order, self.holes, self.comparisons,
                     self.from_the_future):
            for sentence in look():
                yield "%s: %s" % (self.name, sentence)


def is_late(op, registers, zxid):
    """Does this read show less than what this zxid left?"""
    return op.version < registers[op.name].newest(zxid)


def may_be_deposed(op, registers):
    """Is all that it lacks of a later epoch?  A sync asks no quorum: a leader
    that was cut off answers it until it finds out.  Within an epoch there is
    one leader, which knows of everything."""
    register = registers[op.name]
    lacks = bisect.bisect_right(register.versions, op.version)
    return op.kind == "synced" and \
        register.zxids[lacks] >> 32 > op.zxid >> 32


def check_sessions(ops, registers):
    """Each session by itself, in the order in which it asked."""
    seen, written = collections.Counter(), {}
    for op in ops:
        if op.is_write and op.zxid is not None:
            before = written.get(op.session)
            if before and op.zxid <= before.zxid:
                yield "%r came before what was asked earlier: %r" % (op,
                                                                     before)
            written[op.session] = op
        if op.outcome != "ok":
            continue
        if not op.is_write and is_late(op, registers, seen[op.session]):
            yield "%r: the session had seen 0x%x" % (op, seen[op.session])
        seen[op.session] = max(seen[op.session], op.zxid)


def check_real_time(ops, registers, excused):
    """What was asked after an answer is done after what that told of."""
    answers = sorted((op for op in ops if op.outcome == "ok"),
                     key=lambda op: op.done)
    greatest, i = 0, 0
    for op in sorted(ops, key=lambda op: op.sent):
        while i < len(answers) and answers[i].done < op.sent:
            greatest = max(greatest, answers[i].zxid)
            i += 1
        if op.zxid is None:
            continue
        if op.is_write and op.zxid <= greatest:
            yield "%r: 0x%x had been told before it was asked" % (op, greatest)
        if op.kind in LATEST and is_late(op, registers, greatest) and \
                not may_be_deposed(op, registers) and not excused(op):
            yield "%r: 0x%x had been told before it was asked" % (op, greatest)


def registers_of(ops):
    by_name = collections.defaultdict(list)
    for op in ops:
        by_name[op.name].append(op)
    return {name: Register(name, some) for name, some in by_name.items()}


def check(ops, excused=lambda op: False):
    """All that is wrong with it, as sentences.  `ops` are in the order in
    which each session asked; `excused` says of a read that is late after all
    whether it may be."""
    registers = registers_of(ops)
    wrong = []
    for register in registers.values():
        wrong += list(register.check())[:TOLD_MAX]
    wrong += list(check_sessions(ops, registers))[:TOLD_MAX]
    wrong += list(check_real_time(ops, registers, excused))[:TOLD_MAX]
    return wrong
