# SPDX-License-Identifier: Apache-2.0
"""The only place where zabd may answer otherwise than Debian's Apache 3.8.

A row names a case and, for the steps that differ, the exact lines of both
(numbered and normalised as `run --show` prints them).  docs/differences.md
is written from here by `run --docs`; the suite fails when it is stale.
"""


class Row:
    def __init__(self, case, what, apache_says, zabd_says, why, zabd,
                 apache=None):
        self.case, self.what, self.why = case, what, why
        self.apache_says, self.zabd_says = apache_says, zabd_says
        self.zabd, self.apache = zabd, apache or {}


ROWS = [
]
