# SPDX-License-Identifier: Apache-2.0
"""The checker: what tests/faults/verify.py demands of one server is demanded
of every member by itself; then no two members may differ, neither in the tree
that they show (`zab digest`) nor in the transactions on their disks
(`zab log`), and an image must be what it says it is (`zab image`)."""

import os
import re
import subprocess

import verify as single
from ensemble import ZAB
from load import client

TOOL_S = 120
single.GONE_S = 25        # ephemerals of dead sessions, elections included
ZXID = re.compile(r"0x[0-9a-f]+ ")
# A snapshot came between: Apache leaves its older log files as they are.
GAP = "A server starts only if a snapshot is newer than the gap"


def zab(*words):
    """(exit status, what it printed)."""
    done = subprocess.run([ZAB, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          timeout=TOOL_S)
    return done.returncode, done.stdout


def check_member(crowd, member):
    """The promises, as this member alone keeps them."""
    c = client(member.hosts)
    try:
        c.retry(c.sync, "/load")
        yield from single.check_dead(c, crowd.dead)
        tree = single.Tree(c)
        for book in crowd.books:
            yield from single.check_book(book, tree)
        yield from single.check_sequence_numbers(tree)
        yield from single.check_watcher(crowd.watcher, tree)
    finally:
        c.stop()
        c.close()


def same_trees(members):
    """One sentence for each line of differences."""
    status, text = zab("digest", *[m.hosts for m in members])
    if status != 0:
        for line in text.splitlines():
            if " digest=" not in line:      # not what it read, but a finding
                yield "zab digest: " + line


def verify(crowd, members):
    """All that is wrong while the members run and nobody writes."""
    seen, wrong = set(), []
    for member in members:
        for sentence in check_member(crowd, member):
            if sentence not in seen:
                seen.add(sentence)
                wrong.append("on %r: %s" % (member, sentence))
    wrong += single.check_real_time(crowd.books)
    for reader in crowd.readers:
        wrong += reader.wrong
    return wrong + list(same_trees(members))


def transactions(member):
    """{zxid: line} of a stopped member's log files."""
    status, text = zab("log", "--data", member.path("data"))
    if status != 0 and GAP not in text:
        raise RuntimeError("zab log of %r: %s" % (member, " ".join(
            line for line in text.splitlines() if not ZXID.match(line))))
    found = {}
    for line in text.splitlines():
        zxid = ZXID.match(line)
        if zxid:
            found[int(zxid.group(), 16)] = line
    return found


def same_logs(members):
    """What two members both have on disk is the same transaction."""
    known = {}
    for m in members:
        for zxid, line in transactions(m).items():
            first, theirs = known.setdefault(zxid, (m, line))
            if theirs != line:
                yield "transaction 0x%x on %r: %s; on %r: %s" % (
                    zxid, first, theirs, m, line)


def sound_images(members):
    for m in members:
        if m.kind == "zabd" and os.path.isdir(m.path("data")):
            status, text = zab("image", "--verify", "--data", m.path("data"))
            if status != 0:
                yield "the image of %r: %s" % (m, text)


def verify_disks(members):
    """All that is wrong on the disks of stopped members."""
    return list(same_logs(members)) + list(sound_images(members))
