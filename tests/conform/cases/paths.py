# SPDX-License-Identifier: Apache-2.0
"""Path validation (sheet 4.1): one row of the table, every operation."""

import wire
from harness import case

TAILS = {
    "a plain name": b"/a",
    "a space": b"/ ",
    "a dot in front": b"/.a",
    "a dot behind": b"/a.",
    "three dots": b"/...",
    "one dot": b"/.",
    "two dots": b"/..",
    "one dot inside": b"/./a",
    "two dots inside": b"/../a",
    "a double slash": b"//a",
    "a slash behind": b"/a/",
    "two slashes behind": b"/a//",
    "a NUL": b"/a\0",
    "a NUL in front": b"/\0a",
    "a backslash": b"/a\\b",
    "a percent": b"/%2f",
    "a quote": b"/'\"",
    "U+007E": b"/~",
    "U+00A0": "/\u00a0".encode(),
    "U+00AD": "/\u00ad".encode(),
    "U+0300 combining": "/e\u0300".encode(),
    "U+07FF": "/\u07ff".encode(),
    "U+0800": "/\u0800".encode(),
    "U+2028": "/\u2028".encode(),
    "U+4E2D": "/\u4e2d".encode(),
    "U+D7FF": "/\ud7ff".encode(),
    "U+E000 private": "/\ue000".encode(),
    "U+F8FF private": "/\uf8ff".encode(),
    "U+F900": "/\uf900".encode(),
    "U+FEFF": "/\ufeff".encode(),
    "U+FFEF": "/\uffef".encode(),
    "U+FFF0": "/\ufff0".encode(),
    "U+FFFD": "/\ufffd".encode(),
    "U+FFFE": b"/\xef\xbf\xbe",
    "U+FFFF": b"/\xef\xbf\xbf",
    "U+10000": "/\U00010000".encode(),
    "an emoji": "/\U0001f600".encode(),
    "U+10FFFF": "/\U0010ffff".encode(),
    "U+110000": b"/\xf4\x90\x80\x80",
    "a surrogate": b"/\xed\xa0\x80",
    "a surrogate pair in CESU-8": b"/\xed\xa0\xbd\xed\xb8\x80",
    "an overlong slash": b"/\xc0\xaf",
    "an overlong NUL": b"/a\xc0\x80",
    "a lone continuation byte": b"/\x80",
    "a cut two-byte character": b"/\xc3",
    "a cut three-byte character": b"/\xe4\xb8",
    "a cut character inside": b"/\xe4\xb8x",
    "byte FF": b"/\xff",
    "byte FE": b"/a\xfeb",
    "latin-1": b"/\xe9t\xe9",
}
TAILS.update(("control U+%04X" % c, b"/" + chr(c).encode())
             for c in (1, 9, 10, 13, 0x1f, 0x7f, 0x80, 0x85, 0x9f))

WHOLE = {"empty": b"", "a slash": b"/", "two slashes": b"//",
         "no slash in front": b"a/b", "no slash at all": b"a",
         "a dot": b".", "slash dot": b"/.", "slash dots": b"/..",
         "slash NUL": b"/\0", "NUL": b"\0"}


def ask_everything(a, path):
    """All operations that take a path; the create is last but one."""
    a.setData(path, "x")
    a.setACL(path)
    a.delete(path)
    a.exists(path)
    a.getData(path)
    a.getChildren(path)
    a.getChildren2(path)
    a.getACL(path)
    a.getAllChildrenNumber(path)
    a.multi(wire.check(path))
    a.multi(wire.setData(path))
    a.multi(wire.delete(path))
    a.multiRead(wire.getData(path), wire.getChildren(path))


def ascii_echo(path):
    """sync echoes; other than Java-clean text has its own case."""
    try:
        return all(ord(c) < 0xd800 for c in path.decode())
    except UnicodeDecodeError:
        return False


for name, tail in TAILS.items():
    def child(t, tail=tail):
        a = t.connect()
        path = t.root.encode() + tail
        ask_everything(a, path)
        if ascii_echo(path):
            a.sync(path)
        a.create2(path, "d")
        a.multi(wire.create(path + b"2", "d"))
        a.getChildren(t.root)
        a.getData(path)
        a.delete(path)
    case("a path with %s" % name)(child)

for name, path in WHOLE.items():
    def alone(t, path=path):
        a = t.connect()
        a.create(path)
        a.multi(wire.create(path))
        a.sync(path)
        a.getEphemerals(path)
        if path not in (b"", b"/"):
            ask_everything(a, path)
    case("the path that is %s" % name)(alone)


@case("null paths")
def _(t):
    a = t.connect()
    for op in (a.create, a.create2, a.createContainer, a.delete, a.exists,
               a.getData, a.setData, a.getACL, a.setACL, a.getChildren,
               a.getChildren2, a.getAllChildrenNumber, a.getEphemerals,
               a.sync):
        op(None)
    a.multi(wire.create(None))
    a.multi(wire.delete(None))
    a.multi(wire.setData(None))
    a.multi(wire.check(None))
    a.multiRead(wire.getData(None))
    a.multiRead(wire.getChildren(None))
    a.drain()


@case("null paths for watches")
def _(t):
    a = t.connect()
    a.exists(None, True)
    a.getData(None, True)
    a.getChildren(None, True)
    a.checkWatches(None)
    a.removeWatches(None)
    a.drain()


@case("sync echoes a character outside the plane zero")
def _(t):
    a = t.connect()
    a.sync("/\U0001f600")


@case("sync echoes malformed UTF-8")
def _(t):
    a = t.connect()
    a.sync(b"/\xff")
