# SPDX-License-Identifier: Apache-2.0
"""The C programs that tests drive from outside, and what is loaded into a
server: the Makefile knows how each is built."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))


def built(name):
    """The path of tests/NAME, up to date: built("faults/client").
    tests/check has built them all, and may be building something else."""
    build = os.path.relpath(BUILD, ROOT)
    path = os.path.join(build, "tests", name)
    if "TESTS_BUILT" not in os.environ:
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        subprocess.run(["make", "--no-print-directory", "-s", "-C", ROOT,
                        "BUILD=" + build, path], check=True, env=env)
    return os.path.join(ROOT, path)
