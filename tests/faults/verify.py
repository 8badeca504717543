# SPDX-License-Identifier: Apache-2.0
"""The checker.  Compares the ledger's books with what the server has when all
is quiet and returns a list of sentences, each one a broken promise:

- every acknowledged write is there, exactly once;
- no unacknowledged one is half there;
- a session's writes took effect in the order sent; zxids never go back;
- sessions that should live do, ephemerals of dead sessions are gone;
- nothing is there that nobody wrote."""

import collections
import re
import time

GONE_S = 30            # for ephemerals of dead sessions, outages included
SEEN_S = 30            # until the watcher knows the last value


class Tree:
    """All nodes below /load, read once."""

    def __init__(self, client):
        self.client = client
        self.nodes = {}
        for base in client.get_children("/load"):
            parent = "/load/" + base
            names = client.get_children(parent)
            for start in range(0, len(names), 500):
                asked = [(n, client.get_async(parent + "/" + n))
                         for n in names[start:start + 500]]
                for n, a in asked:
                    self.nodes[base + "/" + n] = a.get(30)

    def below(self, base, writer):
        """{rest of the name: (data, stat)} of one writer's nodes."""
        start = "%s/%s-" % (base, writer)
        return {path[len(start):]: node for path, node in self.nodes.items()
                if path.startswith(start)}

    def get(self, path):
        return self.nodes.get(path)


def check_book(book, tree):
    """One session's writes against the tree."""
    yield from ("%s: %s" % (book.writer, w) for w in book.wrong)
    for check in (check_refusals, check_creates, check_counter, check_both,
                  check_pairs, check_sequence, check_ephemerals):
        for sentence in check(book, tree):
            yield "%s: %s" % (book.writer, sentence)


def check_refusals(book, tree):
    """No write of ours can be refused; a refused one was done twice."""
    for op in book.ops:
        if op.outcome == "failed":
            yield "%s %d was refused: %s" % (op.kind, op.n, op.answer)


def fate(made, removed):
    """Must it be there?  True, False, or None when nobody knows."""
    if removed is not None and removed.outcome == "ok":
        return False
    if removed is not None and removed.outcome == "unknown":
        return None
    return {"ok": True, "unknown": None, "failed": False}[made.outcome]


def check_creates(book, tree):
    there = tree.below("c", book.writer)
    removed = {op.n: op for op in book.of("delete")}
    for op in book.of("create"):
        node = there.pop(str(op.n), None)
        must = fate(op, removed.get(op.n))
        if must is True and node is None:
            yield "acknowledged create %d is lost" % op.n
        if must is False and node is not None:
            yield "create %d is there, but was %s" % (
                op.n, "deleted" if op.n in removed else "refused")
        if node and node[0] != book.token(op):
            yield "create %d has the data %r" % (op.n, node[0])
        if node and node[1].version != 0:
            yield "create %d was changed" % op.n
    for name in there:
        yield "c/%s-%s is there, but nobody wrote it" % (book.writer, name)


def check_counter(book, tree):
    """The sets took effect in order, each acknowledged one exactly once."""
    node = tree.get("s/" + book.writer)
    if node is None:
        yield "the counter is gone"
        return
    ops = book.of("set")
    value, version, doubt = 0, 0, 0
    zxid = 0
    for op in ops:
        if op.outcome == "unknown":
            doubt += 1
        elif op.outcome == "ok":
            more = op.answer.version - version
            if not 1 <= more <= 1 + doubt:
                yield ("set %d was acknowledged as version %d after %d with"
                       " %d unknown between" % (op.n, op.answer.version,
                                                version, doubt))
            if op.answer.mzxid <= zxid:
                yield "set %d has zxid 0x%x after 0x%x" % (
                    op.n, op.answer.mzxid, zxid)
            value, version, doubt = op.n, op.answer.version, 0
            zxid = op.answer.mzxid
    late = [op.n for op in ops if op.outcome == "unknown" and op.n > value]
    got, stat = int(node[0]), node[1]
    if got != value and got not in late:
        yield "the counter is %d, the last acknowledged set was %d" % (
            got, value)
    if not version <= stat.version <= version + doubt:
        yield "the counter's version is %d, not %d to %d" % (
            stat.version, version, version + doubt)
    if stat.mzxid < zxid:
        yield "the counter's zxid is behind the acknowledged one"


def check_both(book, tree):
    """Two nodes that every multi sets together."""
    ops = book.of("both")
    a, b = (tree.get("m/%s-%s" % (book.writer, half)) for half in "ab")
    if book.writer == "pipe":
        return
    if a is None or b is None:
        yield "a node of the twins is gone"
        return
    if (a[0], a[1].mzxid, a[1].version) != (b[0], b[1].mzxid, b[1].version):
        yield "half of a multi: %r version %d and %r version %d" % (
            a[0], a[1].version, b[0], b[1].version)
    acked = [op for op in ops if op.outcome == "ok"]
    last = acked[-1].n if acked else 0
    late = [op.n for op in ops if op.outcome == "unknown" and op.n > last]
    if int(a[0]) != last and int(a[0]) not in late:
        yield "the twins are %s, the last acknowledged was %d" % (a[0], last)
    known = len(acked)
    doubt = sum(op.outcome == "unknown" for op in ops)
    if not known <= a[1].version <= known + doubt:
        yield "the twins' version is %d, not %d to %d" % (
            a[1].version, known, known + doubt)


def check_pairs(book, tree):
    there = tree.below("p", book.writer)
    removed = {op.n: op for op in book.of("unpair")}
    for op in book.of("pair"):
        a, b = (there.pop("%d-%s" % (op.n, half), None) for half in "ab")
        if (a is None) != (b is None):
            yield "half of pair %d" % op.n
        elif a and a[1].czxid != b[1].czxid:
            yield "pair %d was made in two parts" % op.n
        must = fate(op, removed.get(op.n))
        if must is True and a is None:
            yield "acknowledged pair %d is lost" % op.n
        if must is False and a is not None:
            yield "pair %d is there, but should not" % op.n
    for name in there:
        yield "p/%s-%s is there, but nobody wrote it" % (book.writer, name)


def check_sequence(book, tree):
    there = tree.below("q", book.writer)
    times = collections.Counter(node[0] for node in there.values())
    for op in book.of("next"):
        count = times.pop(book.token(op), 0)
        if op.outcome == "ok":
            name = op.answer.rpartition("-")[2]
            node = there.get(name)
            if node is None or node[0] != book.token(op):
                yield "acknowledged %s is lost" % op.answer
            if not re.fullmatch(r"\d{10}", name):
                yield "a sequential node was called %s" % op.answer
        if count > (op.outcome != "failed"):
            yield "sequential create %d was done %d times" % (op.n, count)
    for data in times:
        yield "a sequential node with %r is there" % data


def check_ephemerals(book, tree):
    there = tree.below("e", book.writer)
    for op in book.of("eph"):
        node = there.pop(str(op.n), None)
        if op.outcome == "ok" and node is None:
            yield "ephemeral %d of a living session is gone" % op.n
        if node and node[1].ephemeralOwner != book.session:
            yield "ephemeral %d belongs to session 0x%x" % (
                op.n, node[1].ephemeralOwner)
    for name in there:
        yield "e/%s-%s is there, but nobody wrote it" % (book.writer, name)


def check_real_time(books):
    """A write sent after another was acknowledged has the greater zxid."""
    sets = [op for book in books for op in book.of("set")
            if op.outcome == "ok"]
    by_done = sorted(sets, key=lambda op: op.done)
    greatest, i = 0, 0
    for op in sorted(sets, key=lambda op: op.sent):
        while i < len(by_done) and by_done[i].done < op.sent:
            greatest = max(greatest, by_done[i].answer.mzxid)
            i += 1
        if op.answer.mzxid <= greatest:
            yield ("a set got zxid 0x%x after 0x%x had been acknowledged" %
                   (op.answer.mzxid, greatest))


def check_sequence_numbers(tree):
    """Of all children of q, no two with one number."""
    numbers = collections.Counter(
        path[-10:] for path in tree.nodes if path.startswith("q/"))
    for number, count in numbers.items():
        if count > 1:
            yield "sequence number %s was given %d times" % (number, count)


def check_dead(client, dead):
    """The ephemerals of killed processes go."""
    end = time.monotonic() + GONE_S
    left = set(dead)
    while left and time.monotonic() < end:
        left &= set(client.get_children("/load/d"))
        time.sleep(0.05 if left else 0)
    for name in sorted(left):
        yield "the ephemeral of %s, which died, is still there" % name
    for name in set(client.get_children("/load/d")) - set(dead):
        if not name.startswith("lodger-"):
            yield "d/%s is there, but nobody wrote it" % name


def check_watcher(watcher, tree):
    """After a reconnect nothing was missed."""
    yield from watcher.wrong
    for path, (data, _) in tree.nodes.items():
        if path.startswith("s/"):
            name = path[2:]
            end = time.monotonic() + SEEN_S
            while watcher.last.get(name) != int(data) and \
                    time.monotonic() < end:
                time.sleep(0.02)
            if watcher.last.get(name) != int(data):
                yield "the watcher of %s knows %s, the value is %s" % (
                    name, watcher.last.get(name), data.decode())


def verify(load):
    """All that is wrong, as sentences."""
    client = load.top
    client.retry(client.sync, "/load")
    wrong = list(check_dead(client, load.dead))
    tree = Tree(client)
    for book in load.books:
        wrong += check_book(book, tree)
    wrong += check_real_time(load.books)
    wrong += check_sequence_numbers(tree)
    wrong += check_watcher(load.watcher, tree)
    for reader in load.readers:
        wrong += reader.wrong
    return wrong
