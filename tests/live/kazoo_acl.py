#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo: who may do what.  ACLs of the schemes world, auth, digest and ip;
add_auth; the super user."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from kz import (  # noqa: E402
    KIND, drop_connection, main, raises, states, until)

from kazoo.exceptions import (  # noqa: E402
    BadVersionError, InvalidACLError, NoAuthError)
from kazoo.security import (  # noqa: E402
    ACL, CREATOR_ALL_ACL, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, Id, Permissions,
    make_acl, make_digest_acl, make_digest_acl_credential)

ANN = make_digest_acl("ann", "secret", all=True)
WORLD = Id("world", "anyone")


def test_default_is_open(t):
    c = t.client()
    c.create("/a")
    acls, stat = c.get_acls("/a")
    assert acls == OPEN_ACL_UNSAFE and stat.aversion == 0


def test_digest_keeps_others_out(t):
    ann, bob = t.client(), t.client()
    ann.add_auth("digest", "ann:secret")
    bob.add_auth("digest", "bob:guess")
    ann.create("/a", b"private", acl=[ANN])
    assert ann.get("/a")[0] == b"private"
    for forbidden in (lambda: bob.get("/a"),
                      lambda: bob.set("/a", b"x"),
                      lambda: bob.get_children("/a"),
                      lambda: bob.create("/a/b"),
                      lambda: bob.set_acls("/a", OPEN_ACL_UNSAFE),
                      lambda: bob.get_acls("/a")):
        with raises(NoAuthError):
            forbidden()
    if KIND == "apache":            # later releases want READ, and so do we
        assert bob.exists("/a")
    else:
        with raises(NoAuthError):
            bob.exists("/a")
    bob.add_auth("digest", "ann:secret")
    assert bob.get("/a")[0] == b"private"


def test_auth_scheme_means_whoever_i_am(t):
    c = t.client()
    with raises(InvalidACLError):
        c.create("/early", acl=CREATOR_ALL_ACL)
    c.add_auth("digest", "ann:secret")
    c.create("/a", acl=CREATOR_ALL_ACL)
    acls, _ = c.get_acls("/a")
    assert acls == [ANN], acls
    assert acls[0].id.id == make_digest_acl_credential("ann", "secret")


def test_each_permission(t):
    ann, other = t.client(), t.client()
    ann.add_auth("digest", "ann:secret")
    does = {
        Permissions.READ: lambda p: (other.get(p), other.get_children(p)),
        Permissions.WRITE: lambda p: other.set(p, b"w"),
        Permissions.CREATE: lambda p: other.create(p + "/new"),
        Permissions.DELETE: lambda p: other.delete(p + "/old"),
        Permissions.ADMIN: lambda p: other.set_acls(
            p, [ACL(Permissions.ALL, WORLD)]),
    }
    for right in does:
        path = "/right%d" % right
        ann.create(path, acl=[ANN, ACL(right, WORLD)])
        ann.create(path + "/old", acl=OPEN_ACL_UNSAFE)
        for tried, action in does.items():
            if tried == right:
                continue
            with raises(NoAuthError):
                action(path)
        does[right](path)


def test_set_acls_and_versions(t):
    c = t.client()
    c.create("/a")
    stat = c.set_acls("/a", READ_ACL_UNSAFE, version=0)
    assert stat.aversion == 1
    assert c.get_acls("/a")[0] == READ_ACL_UNSAFE
    assert c.get("/a")[0] == b""
    with raises(NoAuthError):
        c.set("/a", b"")
    c.create("/b")
    with raises(BadVersionError):
        c.set_acls("/b", READ_ACL_UNSAFE, version=3)


def test_several_entries(t):
    c = t.client()
    c.add_auth("digest", "ann:secret")
    acl = [ANN, make_digest_acl("bob", "b", read=True),
           make_acl("world", "anyone", read=True)]
    c.create("/a", acl=acl)
    assert c.get_acls("/a")[0] == acl


def test_ip_scheme(t):
    c = t.client()
    c.create("/here", b"h", acl=[make_acl("ip", "127.0.0.1", all=True)])
    c.create("/net", b"n", acl=[make_acl("ip", "127.0.0.0/8", all=True)])
    c.create("/far", b"f", acl=[make_acl("ip", "10.0.0.0/8", all=True)])
    assert c.get("/here")[0] == b"h" and c.get("/net")[0] == b"n"
    with raises(NoAuthError):
        c.get("/far")
    with raises(InvalidACLError):
        c.create("/bad", acl=[make_acl("ip", "not-an-address", all=True)])


def test_refused_entries(t):
    c = t.client()
    for scheme, who in (("world", "nobody"), ("digest", "no-colon"),
                        ("nosuch", "x")):
        with raises(InvalidACLError):
            c.create("/bad", acl=[make_acl(scheme, who, all=True)])


def test_super_user(t):
    ann, root = t.client(), t.client()
    ann.add_auth("digest", "ann:secret")
    ann.create("/a", b"private", acl=[ANN])
    with raises(NoAuthError):
        root.get("/a")
    root.add_auth("digest", "super:admin")
    assert root.get("/a")[0] == b"private"
    root.set_acls("/a", OPEN_ACL_UNSAFE)
    assert t.client().get("/a")[0] == b"private"


def test_auth_data_of_the_client_survives_reconnect(t):
    c = t.client(auth_data=[("digest", "ann:secret")])
    c.create("/a", b"private", acl=CREATOR_ALL_ACL)
    seen = states(c)
    drop_connection(c)
    until(lambda: "CONNECTED" in seen, "connected again")
    assert c.get("/a")[0] == b"private"


def test_acl_of_a_transaction(t):
    c = t.client()
    c.create("/locked", acl=READ_ACL_UNSAFE)
    tx = c.transaction()
    tx.create("/other")
    tx.create("/locked/child")
    r = tx.commit()
    assert isinstance(r[1], NoAuthError), r
    assert c.exists("/other") is None


if __name__ == "__main__":
    main(globals())
