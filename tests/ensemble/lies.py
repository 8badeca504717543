# SPDX-License-Identifier: Apache-2.0
"""Histories of registers that no right server makes: each lie changes a true
one, and history.py must notice.  Names are of what a server would have done."""

LAST = "r0"


def acked(ops, *kinds):
    return [op for op in ops if op.outcome == "ok" and op.kind in kinds]


def first_half(ops):
    return ops[:len(ops) // 2]


def as_before(op, ops, zxid):
    """Let the read show what its register was before this zxid."""
    older = max((o for o in ops if o.name == op.name and o.outcome == "ok" and
                 o.zxid < zxid), key=lambda o: o.zxid)
    op.value, op.version, op.zxid = older.value, older.version, older.zxid


def nothing(ops):
    """the truth"""


def a_lost_write(ops):
    """The last one is not there in the end, on any member."""
    last = max((op for op in ops if op.name == LAST and op.is_write and
                op.version is not None), key=lambda op: op.version)
    for op in ops:
        if op.name == LAST and not op.is_write and op.version == last.version:
            as_before(op, ops, last.zxid)


def a_write_that_was_replaced(ops):
    """Two were acknowledged as the same version."""
    a, b = [op for op in acked(ops, "set", "cas") if op.name == LAST][-2:]
    b.version, b.zxid = a.version, a.zxid


def a_write_done_twice(ops):
    """Whoever reads in the end finds it once more."""
    last = max(op.version for op in ops if op.name == LAST and op.version)
    for op in ops:
        if op.name == LAST and op.kind == "synced" and op.version == last:
            op.version, op.zxid = op.version + 1, op.zxid + 1


def a_refused_write_that_is_done(ops):
    acked(ops, "cas")[-1].outcome = "refused"


def a_cas_on_another_version(ops):
    acked(ops, "cas")[-1].expected -= 1


def a_cas_refused_for_nothing(ops):
    """It names the version that the last write made."""
    op = [op for op in ops if op.outcome == "refused"][-1]
    op.expected = max(o.version for o in ops
                      if o.name == op.name and o.version is not None)


def a_value_nobody_wrote(ops):
    acked(ops, "read")[-1].value = b"mine"


def a_version_nobody_made(ops):
    """From one write on, all versions of a register are one more."""
    middle = [op for op in acked(ops, "set") if op.name == LAST][-3].version
    for op in ops:
        if op.name == LAST and op.version is not None and \
                op.version >= middle:
            op.version += 1
        if op.name == LAST and op.expected is not None and \
                op.expected >= middle:
            op.expected += 1


def a_late_read(ops, kind):
    op = acked(ops, kind)[-1]
    told = max((o for o in ops if o.name == op.name and o.is_write and
                o.outcome == "ok" and o.done < op.sent),
               key=lambda o: o.zxid)
    op.session = "somebody who had seen nothing"
    as_before(op, ops, told.zxid)


def a_late_read_behind_a_sync(ops):
    a_late_read(first_half(ops), "synced")


def a_late_read_behind_a_write(ops):
    a_late_read(ops, "fenced")


def a_read_that_goes_back(ops):
    """In its session, and among the reads that may be late."""
    for op in reversed(acked(ops, "read")):
        if any(o.session == op.session and o.zxid == op.zxid and
               o.done and o.done < op.sent for o in ops):
            return as_before(op, ops, op.zxid)
    raise AssertionError("nobody read what he knew")


def a_read_older_than_another_register(ops):
    """The session has seen what was done later, though not here."""
    for op in reversed(acked(ops, "read")):
        seen = max((o.zxid for o in ops if o.session == op.session and
                    o.outcome == "ok" and o.done < op.sent), default=0)
        here = max((o.zxid for o in ops if o.session == op.session and
                    o.name == op.name and o.outcome == "ok" and
                    o.done < op.sent), default=0)
        if here < op.zxid <= seen:
            return as_before(op, ops, op.zxid)
    raise AssertionError("every read is of something new")


def a_read_of_what_was_sent_later(ops):
    op = acked(ops, "set")[-1]
    read = acked(ops, "read")[0]
    read.name, read.value = op.name, op.value
    read.version, read.zxid = op.version, op.zxid


def writes_of_a_session_out_of_order(ops):
    a, b = next((a, b) for b in reversed(acked(ops, "set"))
                for a in reversed(acked(ops, "set", "cas"))
                if a.session == b.session and a.zxid < b.zxid)
    for op in ops:
        if op.version is not None and op.zxid in (a.zxid, b.zxid):
            op.zxid = a.zxid + b.zxid - op.zxid


def a_zxid_behind_real_time(ops):
    """A write of another session, asked after it was answered."""
    b = acked(ops, "set")[-1]
    a = [op for op in acked(ops, "set") if op.session != b.session and
         op.done < b.sent][-1]
    for op in ops:
        if op.version is not None and op.zxid in (a.zxid, b.zxid):
            op.zxid = a.zxid + b.zxid - op.zxid


def a_doubtful_write_that_came_too_late(ops):
    """Nobody answered it, its session went on, and then it was done: who
    read it tells."""
    for op in acked(ops, "set"):
        later = [o for o in acked(ops, "set", "cas")
                 if o.session == op.session and o.zxid > op.zxid]
        readers = [o for o in ops if o.zxid == op.zxid and o is not op]
        if later and readers:
            op.outcome, op.done = "unknown", None
            for o in readers:
                o.zxid = later[0].zxid + 1
            return
    raise AssertionError("no session went on")


LIES = [nothing, a_lost_write, a_write_that_was_replaced, a_write_done_twice,
        a_refused_write_that_is_done, a_cas_on_another_version,
        a_cas_refused_for_nothing, a_value_nobody_wrote,
        a_version_nobody_made, a_late_read_behind_a_sync,
        a_late_read_behind_a_write, a_read_that_goes_back,
        a_read_older_than_another_register, a_read_of_what_was_sent_later,
        writes_of_a_session_out_of_order, a_zxid_behind_real_time,
        a_doubtful_write_that_came_too_late]
