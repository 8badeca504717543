# SPDX-License-Identifier: Apache-2.0
"""Compares two recorded runs of one case, step by step.

The second server must say what the first said, except in the steps that a
row of differences.py names: there each must say exactly what the row states
for it, so that an excused case can still fail.
"""

from differences import ROWS
from normal import lines_of

ROW_OF = {row.case: row for row in ROWS}


class Verdict:
    def __init__(self, case, faults):
        self.case, self.faults = case, faults

    @property
    def passed(self):
        return not self.faults


class Fault:
    """One step on which a server did not say what it had to say."""

    def __init__(self, step, label, who, wanted, got):
        self.step, self.label, self.who = step, label, who
        self.wanted, self.got = wanted, got


def labels_of(run):
    return ["%s: %s" % (s.conn, s.label) for s in run.steps]


def judge(case, apache, other, other_kind):
    """apache is None for a case that is unfit for it."""
    row = ROW_OF.get(case.key)
    heard = lines_of(other)
    labels = labels_of(other)
    reference = lines_of(apache) if apache else [[] for _ in heard]
    faults = []
    for at in range(max(len(heard), len(reference))):
        label = labels[at] if at < len(labels) else "(no such step)"
        theirs = reference[at] if at < len(reference) else ["(no such step)"]
        ours = heard[at] if at < len(heard) else ["(no such step)"]
        wanted = theirs
        if row and apache and at + 1 in row.apache:
            if theirs != row.apache[at + 1]:
                faults.append(Fault(at + 1, label, "the row of "
                                    "differences.py on apache",
                                    row.apache[at + 1], theirs))
        if row and other_kind == "zabd" and at + 1 in row.zabd:
            wanted = row.zabd[at + 1]
        elif case.only:
            wanted = ["(differences.py states no answer)"]
        if ours != wanted:
            faults.append(Fault(at + 1, label, other_kind, wanted, ours))
    return Verdict(case, faults)


def explain(verdict, me):
    """The failure as a reader wants it: case, step, both answers."""
    out = ["FAILED %s" % verdict.case.key]
    for f in verdict.faults[:4]:
        out.append("  step %d, %s" % (f.step, f.label[:150]))
        out.append("    must be:")
        out.extend("      " + line[:600] for line in f.wanted or ["nothing"])
        out.append("    %s says:" % f.who)
        out.extend("      " + line[:600] for line in f.got or ["nothing"])
    if len(verdict.faults) > 4:
        out.append("  and %d more steps" % (len(verdict.faults) - 4))
    out.append("  again: %s --only '%s' --show" % (me, verdict.case.key))
    return "\n".join(out)


def show(run):
    """A whole run, for reading and for writing rows of differences.py."""
    out = []
    for number, (label, lines) in enumerate(zip(labels_of(run),
                                                lines_of(run)), 1):
        out.append("%3d %s" % (number, label[:150]))
        out.extend("      %s" % line for line in lines)
    return "\n".join(out)
