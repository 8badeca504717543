# SPDX-License-Identifier: Apache-2.0
"""docs/differences.md: differences.py as a table for people."""

import os

from differences import DIFFERENCES, NOT_COMPARED
from worlds import TOP

PATH = os.path.join(TOP, "docs", "differences.md")

HEAD = """\
# Where zabd answers otherwise than Apache ZooKeeper 3.8

zabd answers a client as Debian's Apache ZooKeeper 3.8.0 does, byte for byte.
The exceptions are the rows below: newer releases fixed a bug, or copying a
fault would harm the operator.  `tests/conform/run` starts both servers,
holds each of them to the exact answers behind every row
(`tests/conform/differences.py`), and everything else to equality.

Written by `tests/conform/run --docs`; do not edit by hand.

| what | Apache 3.8 answers | zabd answers | why |
| --- | --- | --- | --- |
"""


TAIL = """
## What the suite does not compare

Limits and numbers that have no counterpart in Apache, or depend on load.

| what | Apache 3.8 | zabd | why |
| --- | --- | --- | --- |
"""


def rows(table):
    return "".join("| %s | %s | %s | %s |\n" % row for row in table)


def text():
    return (HEAD + rows((d.what, d.apache, d.zabd, d.why)
                        for d in DIFFERENCES)
            + TAIL + rows(NOT_COMPARED))


def write():
    with open(PATH, "w", encoding="utf-8") as f:
        f.write(text())


def faults(cases):
    """Excuses for no case, and a stale document."""
    keys = {c.key for c in cases}
    out = ["differences.py names no case: " + key
           for d in DIFFERENCES for key in d.cases if key not in keys]
    try:
        with open(PATH, encoding="utf-8") as f:
            stale = f.read() != text()
    except OSError:
        stale = True
    if stale:
        out.append("docs/differences.md is not what differences.py says: "
                   "tests/conform/run --docs")
    return out
