# SPDX-License-Identifier: Apache-2.0
"""Cases from seeds: draw.py's steps as cases that run and judge.py know."""

import draw
import harness
import play
import shrink
import wire

SUBJECT = "drawn"


class DrawnCase(harness.Case):
    """One seed's case; any list of steps makes another of that seed."""

    player = play.Player

    def __init__(self, seed, world, steps):
        super().__init__(SUBJECT, "seed %d" % seed, self.play, world, None,
                         seed)
        self.seed, self.steps = seed, list(steps)
        self.again = "--drawn %d 1" % seed

    def play(self, t):
        t.also("/zookeeper/quota" + t.root)
        self.player(t).play(self.steps)

    def of(self, steps):
        """The same seed's case of other steps."""
        return type(self)(self.seed, self.world, steps)

    def shrink(self, differs):
        """Plays ever fewer steps, as long as differs(case) says so."""
        if differs(self):
            shrink.shrink(self.steps, lambda steps: differs(self.of(steps)))

    def story(self):
        return list(map(play.text_of, self.steps))


def cases(first, count):
    drawings = map(draw.draw, range(first, first + count))
    return [DrawnCase(d.seed, d.world, d.steps) for d in drawings]


# --- what a campaign must reach ----------------------------------------------

# Too few cases say nothing about what is never drawn.
ENOUGH = 200
# By play.py itself, or as other bytes; and what draw.py's head excludes.
NEVER = {"closeSession", "anyop", "check", "deleteContainer"}


def names_in(value):
    """The kinds of request in a step, however deep."""
    if isinstance(value, play.Request):
        yield value.name
        value = value.args
    if isinstance(value, tuple):
        for one in value:
            yield from names_in(one)


def faults(drawn_cases):
    """Kinds of request and of step that no case has."""
    if len(drawn_cases) < ENOUGH:
        return []
    steps = [s for c in drawn_cases for s in c.steps]
    names = {n for s in steps for n in names_in(s)}
    kinds = {type(s).__name__ for s in steps}
    missing = set(wire.BUILDERS) - NEVER - names
    missing |= {n[3:].capitalize() for n in dir(play.Player)
                if n.startswith("on_")} - kinds
    return ["never drawn: " + name for name in sorted(missing)]
