# SPDX-License-Identifier: Apache-2.0
"""Compares two recorded runs of one case, step by step.

The second server must say what the first said, except in the steps that
differences.py names: there each must say exactly what is stated for it, so
that an excused case can still fail.
"""

from differences import DIFFERENCES
from normal import lines_of

# case key -> step -> (Apache's lines, zabd's lines)
EXCUSED = {key: steps for d in DIFFERENCES for key, steps in d.cases.items()}
MISSING = ["(no such step)"]


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
    excused = EXCUSED.get(case.key, {})
    heard = lines_of(other)
    labels = labels_of(other)
    reference = lines_of(apache) if apache else [[] for _ in heard]
    faults = []

    def demand(step, who, wanted, got):
        if got != wanted:
            label = labels[step - 1] if step <= len(labels) else MISSING[0]
            faults.append(Fault(step, label, who, wanted, got))

    for at in range(max(len(heard), len(reference))):
        theirs = reference[at] if at < len(reference) else MISSING
        ours = heard[at] if at < len(heard) else MISSING
        excuse = excused.get(at + 1)
        if excuse and apache:
            demand(at + 1, "apache, in differences.py", excuse[0], theirs)
        if excuse and other_kind == "zabd":
            demand(at + 1, other_kind, excuse[1], ours)
        elif case.only:
            demand(at + 1, other_kind, ["(differences.py says nothing)"],
                   ours)
        else:
            demand(at + 1, other_kind, theirs, ours)
    return Verdict(case, faults)


def explain(verdict, me):
    """The failure as a reader wants it: case, step, both answers."""
    out = ["FAILED %s" % verdict.case.key]
    out.extend("  " + line[:600] for line in verdict.case.story())
    for f in verdict.faults[:4]:
        out.append("  step %d, %s" % (f.step, f.label[:150]))
        out.append("    must be:")
        out.extend("      " + line[:600] for line in f.wanted or ["nothing"])
        out.append("    %s says:" % f.who)
        out.extend("      " + line[:600] for line in f.got or ["nothing"])
    if len(verdict.faults) > 4:
        out.append("  and %d more steps" % (len(verdict.faults) - 4))
    out.append("  again: %s %s --show" % (me, verdict.case.again))
    return "\n".join(out)


def show(run):
    """A whole run, for reading and for writing rows of differences.py."""
    out = []
    for number, (label, lines) in enumerate(zip(labels_of(run),
                                                lines_of(run)), 1):
        out.append("%3d %s" % (number, label[:150]))
        out.extend("      %s" % line for line in lines)
    return "\n".join(out)
