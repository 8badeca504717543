# SPDX-License-Identifier: Apache-2.0
"""A snapshot in Apache's format whose nodes have counters near their ends,
where no client could bring them in its life; both servers start on it.

Its zxids and times are 0.  A node's name says what is near the end, and a
number makes it a node of its own for each case that needs one.
"""

import os
import struct
import zlib

from wire import buf, i32, i64

MOST = 2 ** 31 - 1
ZXID = 100
# What is near its end: version, internal cversion, aversion.
KINDS = {"version": (MOST - 1, 0, 0), "children": (0, MOST - 2, 0),
         "acl": (0, 0, MOST - 1), "minus": (-2, -2, -2),
         "least": (-2 ** 31, -2 ** 31, -2 ** 31)}
EACH = 6
ANYONE = -1     # Apache's index of the list that lets everybody do all


def path_of(kind, number):
    return "/brink/%s%d" % (kind, number)


def nodes():
    """(path, version, internal cversion, aversion), parents first."""
    for path in "", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", \
            "/brink":
        yield path, 0, 0, 0
    for kind, counters in KINDS.items():
        for number in range(EACH):
            yield (path_of(kind, number), *counters)


def snapshot():
    """Its bytes: header, no sessions, no ACLs of its own, nodes, Adler-32."""
    body = b"ZKSN" + i32(2) + i64(-1) + i32(0) + i32(0)
    for path, version, cversion, aversion in nodes():
        stat = struct.pack(">qqqqiiiqq", 0, 0, 0, 0, version, cversion,
                           aversion, 0, 0)
        body += buf(path) + buf(b"") + i64(ANYONE) + stat
    body += buf("/")
    return body + i64(zlib.adler32(body)) + buf("/")


def lay(data):
    """Into a data directory that has nothing yet."""
    folder = os.path.join(data, "version-2")
    os.mkdir(folder)
    with open(os.path.join(folder, "snapshot.%x" % ZXID), "wb") as f:
        f.write(snapshot())
