# SPDX-License-Identifier: Apache-2.0
"""docs/differences.md: the rows of differences.py as a table for people."""

import os

from differences import ROWS
from server import TOP

PATH = os.path.join(TOP, "docs", "differences.md")

HEAD = """\
# Where zabd answers otherwise than Apache ZooKeeper 3.8

zabd answers a client as Debian's Apache ZooKeeper 3.8.0 does, byte for byte.
The exceptions are the rows below: newer releases fixed a bug, or copying a
fault would harm the operator.  `tests/conform/run` starts both servers,
holds each of them to the exact answers behind every row
(`tests/conform/differences.py`), and everything else to equality.

Written by `tests/conform/run --docs`; do not edit by hand.

| case | Apache 3.8 answers | zabd answers | why |
| --- | --- | --- | --- |
"""


def text():
    rows = ["| %s | %s | %s | %s |\n" % (r.what, r.apache_says, r.zabd_says,
                                        r.why) for r in ROWS]
    # one row may stand for several cases of the same kind
    return HEAD + "".join(dict.fromkeys(rows))


def write():
    with open(PATH, "w", encoding="utf-8") as f:
        f.write(text())


def faults(cases):
    """Rows without a case, and a stale document."""
    keys = {c.key for c in cases}
    out = ["differences.py names no case: " + r.case
           for r in ROWS if r.case not in keys]
    try:
        with open(PATH, encoding="utf-8") as f:
            stale = f.read() != text()
    except OSError:
        stale = True
    if stale:
        out.append("docs/differences.md is not what differences.py says: "
                   "tests/conform/run --docs")
    return out
