# SPDX-License-Identifier: Apache-2.0
"""Persistent and recursive watches, checkWatches, removeWatches (7.6)."""

import wire
from harness import case


def life(t, a, b):
    """A node, a child and a grandchild live and die; b hears of it."""
    n = t.root + "/n"
    for change in (wire.create(n), wire.setData(n, "x"), wire.create(n +
                                                                     "/c"),
                   wire.setData(n + "/c", "y"), wire.create(n + "/c/g"),
                   wire.setACL(n), wire.delete(n + "/c/g"),
                   wire.delete(n + "/c"), wire.delete(n),
                   wire.create(n, flags=1), wire.delete(n)):
        a.do(change)
        b.drain()


for mode in (0, 1):
    for where in ("/n", "", "/n/c", "/no"):
        def hears(t, mode=mode, where=where):
            a, b = t.connect(), t.connect()
            b.addWatch(t.root + where, mode)
            life(t, a, b)
        case("addWatch mode %d at root%s hears a life"
             % (mode, where))(hears)

    def own(t, mode=mode):
        a = t.connect()
        a.addWatch(t.root, mode)
        life(t, a, a)
    case("addWatch mode %d hears one's own changes before the reply"
         % mode)(own)

    def again(t, mode=mode):
        a, b = t.connect(), t.connect()
        b.addWatch(t.root, mode)
        b.addWatch(t.root, mode)
        a.setData(t.root, "x")
        b.drain()
    case("addWatch mode %d twice fires once" % mode)(again)

    def ends(t, mode=mode):
        a, b = t.connect(), t.connect()
        b.addWatch(t.root, mode)
        b.drop()
        c = t.connect(sid=b.sid)
        a.setData(t.root, "x")
        c.drain()
        c.checkWatches(t.root)
    case("addWatch mode %d ends with the connection" % mode)(ends)

    def in_multi(t, mode=mode):
        a, b = t.connect(), t.connect()
        b.addWatch(t.root, mode)
        n = t.root + "/n"
        a.multi(wire.create(n), wire.create(n + "/c"), wire.setData(n, "x"),
                wire.setData(t.root, "y"), wire.delete(n + "/c"),
                wire.delete(n))
        b.drain()
    case("addWatch mode %d hears every step of a multi" % mode)(in_multi)

    def session_end(t, mode=mode):
        a, b = t.connect(), t.connect()
        b.addWatch(t.root, mode)
        a.create(t.root + "/e", flags=1)
        a.quit()
        b.drain()
    case("addWatch mode %d hears the end of a session" % mode)(session_end)

    def hidden(t, mode=mode):
        a, b = t.connect(), t.connect()
        a.auth("digest", "bob:pw")
        b.addWatch(t.root, mode)
        n = t.root + "/n"
        a.create(n, acl=[(31, "auth", "")])
        a.setData(n, "x")
        a.create(n + "/c")
        a.delete(n + "/c")
        a.delete(n)
        b.drain()
    case("addWatch mode %d and nodes without READ" % mode)(hidden)


    def closing(t, mode=mode):
        a, b = t.connect(), t.connect()
        for where in ("", "/e", "/none"):
            a.addWatch(t.root + where, mode)
        b.addWatch(t.root + "/e", mode)
        a.create(t.root + "/e", flags=1)
        a.quit()
        b.drain()
        b.create(t.root + "/e", flags=1)
    case("addWatch mode %d hears the end of its own session"
         % mode)(closing)

    def odd(t, mode=mode):
        a, b = t.connect(), t.connect()
        for where in ("/n/", "//n", "/n/.", "/", "/n//c", "/\1"):
            b.addWatch(t.root + where, mode)
            b.exists(t.root + where + "x", True)
        life(t, a, b)
    case("addWatch mode %d at paths that no node can have" % mode)(odd)

for mode in (-1, 2, 3, 2 ** 31 - 1):
    def bad_mode(t, mode=mode):
        a = t.connect()
        a.addWatch(t.root, mode)
        a.drain()
        a.checkWatches(t.root)
    case("addWatch mode %d does not exist" % mode)(bad_mode)

for path in ("", "nope", "/", "/\1", "//", "/a/", "/é"):
    def odd_path(t, path=path):
        a = t.connect()
        a.addWatch(path, 0)
        a.checkWatches(path)
        a.removeWatches(path)
        a.addWatch(path, 1)
        a.checkWatches(path)
        a.removeWatches(path)
        a.checkWatches(path)
    case("addWatch at the path %r" % path)(odd_path)


@case("addWatch at a null path")
def _(t):
    a = t.connect()
    a.addWatch(None, 0)
    a.drain()


@case("addWatch needs no right")
def _(t):
    a = t.connect()
    a.create(t.root + "/n", acl=[(0, "world", "anyone")])
    a.addWatch(t.root + "/n", 0)
    a.addWatch(t.root + "/n", 1)


@case("a recursive watch of / hears everything below")
def _(t):
    a, b = t.connect(), t.connect()
    b.addWatch("/", 1)
    a.create(t.root + "/n")
    a.setData(t.root + "/n", "x")
    a.delete(t.root + "/n")
    b.drain()
    b.removeWatches("/", 3)


@case("a persistent watch of / hears nothing from below")
def _(t):
    a, b = t.connect(), t.connect()
    b.addWatch("/", 0)
    a.create(t.root + "/n")
    a.setData(t.root, "x")
    b.drain()
    b.removeWatches("/", 3)


@case("a recursive watch does not match a name prefix")
def _(t):
    a, b = t.connect(), t.connect()
    b.addWatch(t.root + "/n", 1)
    a.create(t.root + "/n2")
    a.create(t.root + "/n")
    a.create(t.root + "/n/2")
    b.drain()


@case("nested recursive watches give one event")
def _(t):
    a, b = t.connect(), t.connect()
    a.create(t.root + "/n")
    b.addWatch(t.root, 1)
    b.addWatch(t.root + "/n", 1)
    b.addWatch(t.root + "/n/c", 0)
    a.create(t.root + "/n/c")
    a.setData(t.root + "/n/c", "x")
    a.delete(t.root + "/n/c")
    b.drain()


@case("nested persistent watches give one event a trigger")
def _(t):
    a, b = t.connect(), t.connect()
    a.create(t.root + "/n")
    b.addWatch(t.root, 0)
    b.addWatch(t.root + "/n", 0)
    a.create(t.root + "/n/c")
    a.delete(t.root + "/n/c")
    a.delete(t.root + "/n")
    b.drain()


for first, second in ((0, 1), (1, 0)):
    def replaces(t, first=first, second=second):
        a, b = t.connect(), t.connect()
        n = t.root + "/n"
        a.create(n)
        b.addWatch(n, first)
        b.addWatch(n, second)
        a.create(n + "/c")
        a.setData(n + "/c", "x")
        a.setData(n, "y")
        b.drain()
    case("addWatch mode %d, then mode %d on one path"
         % (first, second))(replaces)

for mode in (0, 1):
    for setter in ("exists", "getData", "getChildren"):
        def standard_over(t, mode=mode, setter=setter):
            a, b = t.connect(), t.connect()
            n = t.root + "/n"
            a.create(n)
            b.addWatch(n, mode)
            getattr(b, setter)(n, True)
            for _ in range(2):
                a.setData(n, "x")
                a.create(n + "/c")
                a.delete(n + "/c")
                b.drain()
        case("a %s watch over addWatch mode %d on one path"
             % (setter, mode))(standard_over)

        def persistent_over(t, mode=mode, setter=setter):
            a, b = t.connect(), t.connect()
            n = t.root + "/n"
            a.create(n)
            getattr(b, setter)(n, True)
            b.addWatch(n, mode)
            for _ in range(2):
                a.setData(n, "x")
                a.create(n + "/c")
                a.delete(n + "/c")
                b.drain()
        case("addWatch mode %d over a %s watch on one path"
             % (mode, setter))(persistent_over)


REGISTERED = {
    "a data watch": lambda b, n: b.getData(n, True),
    "a child watch": lambda b, n: b.getChildren(n, True),
    "a persistent watch": lambda b, n: b.addWatch(n, 0),
    "a recursive watch": lambda b, n: b.addWatch(n, 1),
    "no watch": lambda b, n: b.getData(n),
}
for what, register in REGISTERED.items():
    for kind in (1, 2, 3):
        def remove(t, register=register, kind=kind):
            a, b = t.connect(), t.connect()
            n = t.root + "/n"
            a.create(n)
            register(b, n)
            b.checkWatches(n, kind)
            b.removeWatches(n, kind)
            b.checkWatches(n, kind)
            b.removeWatches(n, kind)
            a.setData(n, "x")
            a.create(n + "/c")
            b.drain()
        case("removing type %d from %s" % (kind, what))(remove)
    for kind in (4, 5):
        def new_kind(t, register=register, kind=kind):
            a, b = t.connect(), t.connect()
            n = t.root + "/n"
            a.create(n)
            register(b, n)
            b.checkWatches(n, kind)
            b.removeWatches(n, kind)
            a.setData(n, "x")
            b.drain()
        case("removing type %d from %s" % (kind, what))(new_kind)

for kind in (0, 6, -1, 2 ** 31 - 1):
    def no_kind(t, kind=kind):
        a = t.connect()
        a.getData(t.root, True)
        a.checkWatches(t.root, kind)
        a.removeWatches(t.root, kind)
        a.checkWatches(t.root)
    case("watch type %d does not exist" % kind)(no_kind)


@case("removing the data watch leaves the child watch")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    a.create(n)
    b.getData(n, True)
    b.getChildren(n, True)
    b.removeWatches(n, 2)
    b.checkWatches(n, 1)
    a.setData(n, "x")
    a.create(n + "/c")
    b.drain()


@case("removing the child watch leaves the data watch")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    a.create(n)
    b.getData(n, True)
    b.getChildren(n, True)
    b.removeWatches(n, 1)
    b.checkWatches(n, 2)
    a.create(n + "/c")
    a.setData(n, "x")
    b.drain()


@case("removing any takes data and child watch")
def _(t):
    a, b = t.connect(), t.connect()
    n = t.root + "/n"
    a.create(n)
    b.getData(n, True)
    b.getChildren(n, True)
    b.removeWatches(n, 3)
    a.create(n + "/c")
    a.setData(n, "x")
    b.drain()


@case("watches of other connections are not seen")
def _(t):
    a, b = t.connect(), t.connect()
    a.getData(t.root, True)
    a.getChildren(t.root, True)
    for kind in (1, 2, 3):
        b.checkWatches(t.root, kind)
        b.removeWatches(t.root, kind)
    b.setData(t.root, "x")
    a.drain()


@case("a fired watch is gone for checkWatches")
def _(t):
    a = t.connect()
    a.getData(t.root, True)
    a.checkWatches(t.root, 2)
    a.setData(t.root, "x")
    a.checkWatches(t.root, 2)


@case("setWatches2 restores persistent watches without events")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    a.create(r + "/p")
    b.setWatches2(0, [], [], [], [r + "/p", r + "/no"], [r])
    b.checkWatches(r + "/p")
    b.checkWatches(r)
    a.setData(r + "/p", "x")
    a.create(r + "/no")
    a.create(r + "/p/c")
    b.drain()


@case("setWatches2 with every list at once")
def _(t):
    a, b = t.connect(), t.connect()
    r = t.root
    for name in "abcde":
        a.create(r + "/" + name)
    b.setWatches2(a.zxid, [r + "/a"], [r + "/x"], [r + "/c"], [r + "/d"],
                  [r + "/e"])
    for name in "abcdex":
        a.create("%s/%s/n" % (r, name))
        a.setData(r + "/" + name, "y")
    a.create(r + "/x")
    b.drain()


@case("a thousand watches of one connection")
def _(t):
    a = t.connect()
    paths = ["%s/%d" % (t.root, n) for n in range(1000)]
    for k in range(10):
        a.pipeline(*[wire.exists(p, True) for p in
                     paths[k * 100:k * 100 + 100]], label="watches 100")
    a.pipeline(*[wire.create(p) for p in paths[:100]],
               label="creates 100 of them")


@case("a recursive watch above is not a watch of the node")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.addWatch(t.root, 1)
    a.checkWatches(n, 2)
    a.checkWatches(n, 3)
    a.removeWatches(n, 2)
    a.removeWatches(n, 3)
    a.create(n)


@case("a node's own watch below a recursive one")
def _(t):
    a = t.connect()
    n = t.root + "/n"
    a.addWatch(t.root, 1)
    a.exists(n, True)
    a.create(n)
    a.setData(n, "x")
    a.exists(n, True)
    a.removeWatches(n, 2)
    a.setData(n, "y")
    a.checkWatches(t.root, 3)


@case("checkWatches alone tells the kinds apart")
def _(t):
    a = t.connect()
    names = "data", "child", "both"
    for name in names:
        a.create(t.root + "/" + name)
    a.exists(t.root + "/data", True)
    a.getChildren(t.root + "/child", True)
    a.getData(t.root + "/both", True)
    a.getChildren(t.root + "/both", True)
    for name in names:
        for kind in (1, 2, 3):
            a.checkWatches(t.root + "/" + name, kind)
