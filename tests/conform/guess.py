# SPDX-License-Identifier: Apache-2.0
"""What a drawer takes for so while it draws: chance, and a sketch of a tree.

The sketch only makes draws hit something; nobody is told when it is wrong.
"""

import random

# The case's root and three levels below it: few, so that requests meet.
NAMES = (("a", "b", "c"), ("a", "b"), ("a", "n"))


def all_paths():
    paths, level = ["$"], ["$"]
    for names in NAMES:
        level = ["%s/%s" % (p, n) for p in level for n in names]
        paths += level
    return paths


def parent_of(path):
    return path.rpartition("/")[0]


class Chance:
    """A seeded generator; every choice of a drawing is made here."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def one_in(self, n):
        return self.rng.randrange(n) == 0

    def percent(self, n):
        return self.rng.randrange(100) < n

    def pick(self, items):
        return items[self.rng.randrange(len(items))]

    def some(self, items, most):
        """Up to `most` of them, each once."""
        items = list(items)
        self.rng.shuffle(items)
        return items[:self.rng.randrange(most + 1)]

    def weighed(self, rows):
        """The key of one (key, weight)."""
        at = self.rng.randrange(sum(w for _, w in rows))
        for key, weight in rows:
            at -= weight
            if at < 0:
                return key
        return None


class Sketch:
    """Nodes, identities and watches as they probably are."""

    def __init__(self):
        self.paths = all_paths()
        self.nodes = {"$": None}    # path -> who owns it, if an ephemeral
        self.births = {}            # parent -> children ever made
        self.known = {}             # who -> digests said
        self.watched = {}           # who -> paths

    def here(self):
        return list(self.nodes)

    def open_places(self):
        """Paths that could be created now."""
        return [p for p in self.paths if p not in self.nodes and
                self.nodes.get(parent_of(p), p) is None]

    def born(self, path, who, flags):
        if not isinstance(path, str):
            return
        parent = parent_of(path)
        if self.nodes.get(parent, path) is not None:
            return      # not there, or an ephemeral
        self.births[parent] = self.births.get(parent, 0) + 1
        if path in self.paths and flags not in (2, 3, 6):
            self.nodes.setdefault(path, who if flags == 1 else None)

    def died(self, path):
        if path != "$" and path in self.nodes and not any(
                p.startswith(path + "/") for p in self.nodes):
            del self.nodes[path]
            self.births.pop(path, None)

    def left(self, who, session):
        """A connection ended, or even its session."""
        self.known.pop(who, None)
        self.watched.pop(who, None)
        if session:
            for path in [p for p, w in self.nodes.items() if w == who]:
                del self.nodes[path]

    def watches(self, who, path):
        self.watched.setdefault(who, set()).add(path)

    def all_watched(self):
        return sorted(set().union(*self.watched.values()))
