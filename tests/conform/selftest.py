# SPDX-License-Identifier: Apache-2.0
"""Proves that the judge can say no.

Recorded runs of a real server are perturbed in one place: a byte of a frame,
a frame lost, doubled, cut, lengthened or exchanged with its neighbour, a time
moved by an hour.  Every perturbation must show in the normalised lines.  A
flipped byte of a time may be the clock's own: times are moved as a field.
"""

import copy
import struct

import draw
import drawn
import harness
import normal
import play
import shrink
from worlds import Server

SAMPLES = [
    "connect: a reconnect with a wrong password is refused with zeroes",
    "connect: a request without the readOnly byte gets a reply without it",
    "stats: setData moves mzxid, mtime and version",
    "stats: an ephemeral shows its owner, others show 0",
    "multi: every result type of a good multi",
    "multi: setData of nothing fails a multi at every place",
    "multi: multiRead answers each on its own",
    "acl: getACL masks digests from readers",
    "identity: whoAmI of the super user",
    "watch: a multi's events come in the order of its operations",
    "watch: setWatches answers the lists in order, then itself",
    "persist: addWatch mode 1 at root hears a life",
    "session: ephemerals at many depths go in one transaction",
    "order: every kind of request in one pipeline",
    "malformed: opcode 99 is unknown",
]


def flips(run):
    """Every bit position of every frame, one changed byte at a time."""
    for s, step in enumerate(run.steps):
        for f, (kind, data) in enumerate(step.got):
            if kind != "frame":
                continue
            for at in range(len(data)):
                other = copy.deepcopy(run)
                changed = bytearray(data)
                changed[at] ^= 0x41
                other.steps[s].got[f] = (kind, bytes(changed))
                yield "byte %d of frame %d in step %d" % (at, f + 1,
                                                         s + 1), other


def moves(run):
    """Frames lost, doubled, exchanged, cut, lengthened; a close lost."""
    for s, step in enumerate(run.steps):
        for f, (kind, data) in enumerate(step.got):
            where = "%s %d of step %d" % (kind, f + 1, s + 1)

            def put(*items):
                other = copy.deepcopy(run)
                other.steps[s].got[f:f + 1] = items
                return other
            yield where + " lost", put()
            yield where + " doubled", put((kind, data), (kind, data))
            if kind != "frame":
                continue
            yield where + " cut", put((kind, data[:-1]))
            yield where + " longer", put((kind, data + b"\0"))
            later = step.got[f + 1:f + 2]
            if later and later[0] != (kind, data):
                other = copy.deepcopy(run)
                got = other.steps[s].got
                got[f], got[f + 1] = got[f + 1], got[f]
                yield where + " behind the next", other


def late(run):
    """Every time field of every stat, an hour off."""
    for s, step in enumerate(run.steps):
        for f, (kind, data) in enumerate(step.got):
            for at in range(16, len(data) - 15) if kind == "frame" else ():
                value = struct.unpack(">q", data[at:at + 8])[0]
                low, high = run.clock
                if low - 5000 <= value <= high + 5000:
                    other = copy.deepcopy(run)
                    shifted = struct.pack(">q", value + 3600000)
                    other.steps[s].got[f] = (
                        kind, data[:at] + shifted + data[at + 8:])
                    yield "time at %d of frame %d in step %d" % (
                        at, f + 1, s + 1), other


def in_a_time(run, what):
    """True when a flipped byte lies in a plausible time: `late` has it."""
    words = what.split()
    at, f, s = int(words[1]), int(words[4]) - 1, int(words[7]) - 1
    data = run.steps[s].got[f][1]
    for start in range(max(16, at - 7), at + 1):
        if start + 8 <= len(data):
            value = struct.unpack(">q", data[start:start + 8])[0]
            if run.clock[0] - 5000 <= value <= run.clock[1] + 5000:
                return True
    return False


def unnoticed(run):
    """(number of perturbations, those that did not show)."""
    truth = normal.lines_of(run)
    count, missed = 0, []
    for kind in (flips, moves, late):
        for what, other in kind(run):
            count += 1
            if normal.lines_of(other) == truth and not (
                    kind is flips and in_a_time(run, what)):
                missed.append(what)
    return count, missed


def unshrunk():
    """A request planted in drawn cases must be all that is left of them."""
    out = []
    planted = play.ask("planted")

    def fails(steps):
        return "planted" in {n for s in steps for n in drawn.names_in(s)}
    for drawing in map(draw.draw, range(20)):
        steps = drawing.steps + [play.Quit("b", (planted, play.ask("ping")))]
        steps.insert(len(steps) // 2, play.Send("a", (planted, planted)))
        best = shrink.shrink(steps, fails)
        if best not in ([play.Send("a", (planted,))],
                        [play.Quit("b", (planted,))]):
            out.append("self-test: a fault in seed %d shrinks to %d steps"
                       % (drawing.seed, len(best)))
    return out


def faults(verbose=False):
    """Records the samples on Apache, perturbs them; what went unnoticed."""
    server = Server("apache", "default")
    out = []
    try:
        server.start()
        by_key = {c.key: c for c in harness.load_cases()}
        for key in SAMPLES:
            run = harness.Scenario(server, by_key[key]).execute()
            count, missed = unnoticed(run)
            if verbose:
                print("%6d perturbations, %d unnoticed: %s"
                      % (count, len(missed), key))
            out.extend("self-test: unnoticed in '%s': %s" % (key, what)
                       for what in missed)
    finally:
        server.stop()
    return out + unshrunk()


def main():
    out = faults(verbose=True)
    print("\n".join(out[:20] + ["%d unnoticed" % len(out)]))
    return 1 if out else 0
