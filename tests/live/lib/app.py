# SPDX-License-Identifier: Apache-2.0
"""The main of a test of an application: what its tests act on is started
once, and they stand on each other's shoulders.  The servers are those beside
us (tests/ensemble/beside.py)."""

import os
import subprocess
import sys

from script import attempt


def servers(verb, *who):
    """kill, stop, freeze, replace a server beside us, or mend them all."""
    subprocess.run([sys.executable, os.environ["ZK_SERVER"], verb,
                    os.environ["ZK_DIR"], *who], check=True,
                   stdout=subprocess.DEVNULL)


def run_in_order(word, module, subject):
    """The functions test_* of `module`, until one fails; then the end of the
    log of each of `subject`'s instances.  Returns the exit status."""
    tests = [(n, f) for n, f in module.items() if n.startswith("test_")]
    try:
        for name, body in tests:
            if not attempt("%s.%s" % (word, name[len("test_"):]),
                           lambda: body(subject)):
                for instance in subject.all:
                    sys.stderr.write("--- the end of the log of %r\n%s" % (
                        instance, instance.log()[-5000:]))
                return 1
        return 0
    finally:
        subject.close()
