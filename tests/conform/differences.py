# SPDX-License-Identifier: Apache-2.0
"""The only place where zabd may answer otherwise than Debian's Apache 3.8.

A difference names the cases that show it and, for their steps that differ,
the exact lines of Apache and of zabd, numbered and normalised as `run --show`
prints them (None: the case is unfit for Apache).  docs/differences.md is
written from here by `run --docs`; the suite fails when it is stale.
"""


class Difference:
    def __init__(self, what, apache, zabd, why, cases):
        self.what, self.apache, self.zabd, self.why = what, apache, zabd, why
        self.cases = cases      # case key -> step -> (Apache's, zabd's lines)


def alone(*steps):
    """All steps of a case that is unfit for Apache."""
    return {at + 1: (None, lines) for at, lines in enumerate(steps)}


# Lines that many rows share; what is watched is $/n and its child $/n/c.
SESSION = ("ConnectResponse version 0 timeout 30000 session s1 "
           "password right readonly 0")
DATA = "event zxid -1 OK: NodeDataChanged state 3 path '$/n'"
CHILDREN = "event zxid -1 OK: NodeChildrenChanged state 3 path '$/n'"
CREATED = "event zxid -1 OK: NodeCreated state 3 path '$/n/c'"
DELETED = "event zxid -1 OK: NodeDeleted state 3 path '$/n/c'"
CHILD_DATA = "event zxid -1 OK: NodeDataChanged state 3 path '$/n/c'"


def drained(zxid):
    """The answer to the read that ends a step (`drain`)."""
    return "xid 1000000 zxid +%d OK names []" % zxid


DIFFERENCES = [
    Difference(
        what='exists on a node that one may not READ',
        apache='OK with the Stat, and the watch is set',
        zabd='NOAUTH, no watch',
        why='bug fix of 3.8.4 and 3.9.2: it told of nodes behind an ACL',
        cases={
            'nodes: exists needs READ': {
                3: (['xid 2 zxid +2 OK stat{c+2 m+2 p+2 v0 cv0 av0 len1 '
                     'kids0}'],
                    ['xid 2 zxid +2 NOAUTH']),
            },
            'watch: exists without READ and its watch': {
                4: (['xid 1 zxid +3 OK stat{c+3 m+3 p+3 v0 cv0 av0 len0 '
                     'kids0}'],
                    ['xid 1 zxid +3 NOAUTH']),
                5: (['xid 2 zxid +3 OK'], ['xid 2 zxid +3 NOWATCHER']),
            },
        }),
    Difference(
        what='create2 and createContainer inside a multi',
        apache='a plain create result, without Stat, unless the container '
               'flag is set',
        zabd='a create2 result with Stat',
        why='bug fix of 3.8.2 (ZOOKEEPER-4026)',
        cases={
            'multi: create2 in a multi answers with a stat': {
                2: (["xid 1 zxid +2 OK results{create path '$/n'; create "
                     "path '$/s0000000001'; end}"],
                    ["xid 1 zxid +2 OK results{create2 path '$/n' stat{c+2 "
                     "m+2 p+2 v0 cv0 av0 len1 kids0}; create2 path "
                     "'$/s0000000001' stat{c+2 m+2 p+2 v0 cv0 av0 len0 "
                     "kids0}; end}"]),
            },
            'multi: createContainer with plain flags in a multi': {
                2: (["xid 1 zxid +2 OK results{create path '$/n0'; end}"],
                    ["xid 1 zxid +2 OK results{create2 path '$/n0' "
                     "stat{c+2 m+2 p+2 v0 cv0 av0 len0 kids0}; end}"]),
                3: (["xid 2 zxid +3 OK results{create path '$/n1'; end}"],
                    ["xid 2 zxid +3 OK results{create2 path '$/n1' "
                     "stat{c+3 m+3 p+3 v0 cv0 av0 len0 kids0 owner s1}; "
                     "end}"]),
                4: (["xid 3 zxid +4 OK results{create path "
                     "'$/n20000000002'; end}"],
                    ["xid 3 zxid +4 OK results{create2 path "
                     "'$/n20000000002' stat{c+4 m+4 p+4 v0 cv0 av0 len0 "
                     "kids0}; end}"]),
                5: (["xid 4 zxid +5 OK results{create path "
                     "'$/n30000000003'; end}"],
                    ["xid 4 zxid +5 OK results{create2 path "
                     "'$/n30000000003' stat{c+5 m+5 p+5 v0 cv0 av0 len0 "
                     "kids0 owner s1}; end}"]),
            },
            'stats: stats inside a multi are those of that moment': {
                2: (["xid 1 zxid +2 OK results{create path '$/n'; setData "
                     "stat{c+2 m+2 p+2 v1 cv0 av0 len1 kids0}; create path "
                     "'$/n/c'; setData stat{c+2 m+2 p+2 v2 cv1 av0 len2 "
                     "kids1}; delete; setData stat{c+2 m+2 p+2 v3 cv2 av0 "
                     "len0 kids0}; end}"],
                    ["xid 1 zxid +2 OK results{create2 path '$/n' stat{c+2 "
                     "m+2 p+2 v0 cv0 av0 len0 kids0}; setData stat{c+2 m+2 "
                     "p+2 v1 cv0 av0 len1 kids0}; create2 path '$/n/c' "
                     "stat{c+2 m+2 p+2 v0 cv0 av0 len0 kids0}; setData "
                     "stat{c+2 m+2 p+2 v2 cv1 av0 len2 kids1}; delete; "
                     "setData stat{c+2 m+2 p+2 v3 cv2 av0 len0 kids0}; end}"]),
            },
        }),
    Difference(
        what='a null path inside a multi; a multiRead with no read in it',
        apache='MARSHALLINGERROR with the previous zxid and the body of an '
               'empty multi; a zxid is skipped',
        zabd='MARSHALLINGERROR with its own zxid and no body, as for any '
             'unreadable multi',
        why='an accident (a Java null error in the middle of the work); '
            'clients skip the body of an error',
        cases={
            'multi: null paths and null ACLs spoil the whole multi': {
                2: (['xid 1 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 1 zxid +2 MARSHALLINGERROR']),
                3: (['xid 2 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 2 zxid +3 MARSHALLINGERROR']),
                4: (['xid 3 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 3 zxid +4 MARSHALLINGERROR']),
                5: (['xid 4 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 4 zxid +5 MARSHALLINGERROR']),
                6: (['xid 5 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 5 zxid +6 MARSHALLINGERROR']),
                7: (['xid 6 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 6 zxid +7 MARSHALLINGERROR']),
                8: (['xid 7 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 7 zxid +8 MARSHALLINGERROR']),
                9: (['xid 8 zxid +1 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 8 zxid +9 MARSHALLINGERROR']),
                10: (['xid 9 zxid +1 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 9 zxid +10 MARSHALLINGERROR']),
                11: (['xid 10 zxid +1 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 10 zxid +11 MARSHALLINGERROR']),
            },
            'paths: null paths': {
                16: (['xid 15 zxid +7 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 15 zxid +8 MARSHALLINGERROR']),
                17: (['xid 16 zxid +7 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 16 zxid +9 MARSHALLINGERROR']),
                18: (['xid 17 zxid +7 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 17 zxid +10 MARSHALLINGERROR']),
                19: (['xid 18 zxid +7 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 18 zxid +11 MARSHALLINGERROR']),
                20: (['xid 19 zxid +7 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 19 zxid +11 MARSHALLINGERROR']),
                21: (['xid 20 zxid +7 MARSHALLINGERROR and then '
                      'ffffffff01ffffffff'],
                     ['xid 20 zxid +11 MARSHALLINGERROR']),
                22: ([drained(7)], [drained(11)]),
                23: ([drained(7)], [drained(11)]),
            },
            'multi: reads do not mix with writes': {
                8: (['xid 7 zxid +5 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 7 zxid +5 MARSHALLINGERROR']),
                9: (['xid 8 zxid +5 MARSHALLINGERROR and then '
                     'ffffffff01ffffffff'],
                    ['xid 8 zxid +5 MARSHALLINGERROR']),
            },
        }),
    Difference(
        what='a reconnect with a wrong password, while the session has a '
             'connection',
        apache='refuses, and closes the rightful connection too',
        zabd='refuses; the rightful connection stays',
        why="an impostor could cut any session's connection",
        cases={
            'connect: an impostor without the password does not disturb '
            'the session': {
                3: (['closed'], [drained(1)]),
                4: (['closed'], ['xid 1 zxid +2 OK', 'closed']),
            },
        }),
    Difference(
        what='check (13) outside a multi',
        apache='nothing, ever; a zxid is taken',
        zabd='UNIMPLEMENTED with zxid -1, then close',
        why='bug fix after 3.8.0; a client waiting for its reply hung',
        cases={
            'malformed: check as a request of its own': {
                2: (['silence'], ['xid 1 zxid -1 UNIMPLEMENTED', 'closed']),
            },
        }),
    Difference(
        what='deleteContainer (20) from a client',
        apache='BADARGUMENTS by accident (3.9 deletes the node without any '
               'ACL check)',
        zabd='UNIMPLEMENTED with zxid -1, then close',
        why='an internal operation; an ACL bypass in newer releases',
        cases={
            'malformed: deleteContainer from a client': {
                4: (['xid 2 zxid +4 BADARGUMENTS', 'silence'],
                    ['xid 2 zxid -1 UNIMPLEMENTED', 'closed']),
                5: (['xid 1 zxid +4 OK stat{c+3 m+3 p+3 v0 cv0 av0 len0 '
                     'kids0}'],
                    ['xid 1 zxid +3 OK stat{c+3 m+3 p+3 v0 cv0 av0 len0 '
                     'kids0}']),
                6: ([drained(4)], [drained(3)]),
            },
        }),
    Difference(
        what='createSession (-10) from a client',
        apache='a second ConnectResponse',
        zabd='UNIMPLEMENTED with zxid -1, then close',
        why='an internal operation',
        cases={
            'session: the createSession opcode from a client': {
                2: (['again ConnectResponse version 0 timeout 30000 '
                     'session s1 password right readonly 0',
                     'silence'],
                    ['xid 99 zxid -1 UNIMPLEMENTED', 'closed']),
            },
        }),
    Difference(
        what='text that is no Java-clean UTF-8, where no path check '
             'applies (sync, ids)',
        apache='characters above U+FFFF come back as two surrogates, '
               'malformed bytes as U+FFFD',
        zabd="the client's own bytes",
        why="Java's writer spoils them; who gets other bytes back than it "
            "sent cannot compare them",
        cases={
            'paths: sync echoes a character outside the plane zero': {
                2: (["xid 1 zxid +1 OK path "
                     "'/\\xed\\xa0\\xbd\\xed\\xb8\\x80'"],
                    ["xid 1 zxid +1 OK path '/\\xf0\\x9f\\x98\\x80'"]),
            },
            'paths: sync echoes malformed UTF-8': {
                2: (["xid 1 zxid +1 OK path '/\\xef\\xbf\\xbd'"],
                    ["xid 1 zxid +1 OK path '/\\xff'"]),
            },
            'acl: an id with a character outside the plane zero': {
                3: (["xid 2 zxid +2 OK acl[31:'world':'anyone', "
                     "1:'digest':'\\xed\\xa0\\xbd\\xed\\xb8\\x80:x'] "
                     "stat{c+2 m+2 p+2 v0 cv0 av0 len0 kids0}"],
                    ["xid 2 zxid +2 OK acl[31:'world':'anyone', "
                     "1:'digest':'\\xf0\\x9f\\x98\\x80:x'] stat{c+2 m+2 "
                     "p+2 v0 cv0 av0 len0 kids0}"]),
            },
        }),
    Difference(
        what='an IPv6 address as ip id of an ACL',
        apache='INVALIDACL',
        zabd='accepted',
        why='bug fix of 3.9.4 (IPv6 clients could not be named)',
        cases={
            'acl: an ACL for the IPv6 address ::1': {
                2: (['xid 1 zxid +2 INVALIDACL'],
                    ["xid 1 zxid +2 OK path '$/n'"]),
                3: (['xid 2 zxid +2 NONODE'],
                    ["xid 2 zxid +2 OK acl[31:'ip':'::1', "
                     "31:'world':'anyone'] stat{c+2 m+2 p+2 v0 cv0 av0 "
                     "len0 kids0}"]),
            },
            'acl: an ACL for the IPv6 address 0:0:0:0:0:0:0:1': {
                2: (['xid 1 zxid +2 INVALIDACL'],
                    ["xid 1 zxid +2 OK path '$/n'"]),
                3: (['xid 2 zxid +2 NONODE'],
                    ["xid 2 zxid +2 OK acl[31:'ip':'0:0:0:0:0:0:0:1', "
                     "31:'world':'anyone'] stat{c+2 m+2 p+2 v0 cv0 av0 "
                     "len0 kids0}"]),
            },
            'acl: an ACL for the IPv6 address fe80::/10': {
                2: (['xid 1 zxid +2 INVALIDACL'],
                    ["xid 1 zxid +2 OK path '$/n'"]),
                3: (['xid 2 zxid +2 NONODE'],
                    ["xid 2 zxid +2 OK acl[31:'ip':'fe80::/10', "
                     "31:'world':'anyone'] stat{c+2 m+2 p+2 v0 cv0 av0 "
                     "len0 kids0}"]),
            },
            'acl: an ACL for the IPv6 address ::': {
                2: (['xid 1 zxid +2 INVALIDACL'],
                    ["xid 1 zxid +2 OK path '$/n'"]),
                3: (['xid 2 zxid +2 NONODE'],
                    ["xid 2 zxid +2 OK acl[31:'ip':'::', "
                     "31:'world':'anyone'] stat{c+2 m+2 p+2 v0 cv0 av0 "
                     "len0 kids0}"]),
            },
            'acl: an ACL for the IPv6 address ::1/128': {
                2: (['xid 1 zxid +2 INVALIDACL'],
                    ["xid 1 zxid +2 OK path '$/n'"]),
                3: (['xid 2 zxid +2 NONODE'],
                    ["xid 2 zxid +2 OK acl[31:'ip':'::1/128', "
                     "31:'world':'anyone'] stat{c+2 m+2 p+2 v0 cv0 av0 "
                     "len0 kids0}"]),
            },
        }),
    Difference(
        what='several kinds of watch on one path by one connection',
        apache='the last kind set replaces the others',
        zabd='each kind stands for itself',
        why="bug fix of 3.9.0 (ZOOKEEPER-4466): a getData with watch ended "
            "a cache's persistent watch",
        cases={
            'persist: addWatch mode 0, then mode 1 on one path': {
                9: ([CREATED, CHILD_DATA, DATA, drained(6)],
                    [CREATED, CHILDREN, CHILD_DATA, DATA, drained(6)]),
            },
            'persist: addWatch mode 1, then mode 0 on one path': {
                9: ([CHILDREN, DATA, drained(6)],
                    [CREATED, CHILDREN, CHILD_DATA, DATA, drained(6)]),
            },
            'persist: a exists watch over addWatch mode 0 on one path': {
                13: ([CHILDREN, CHILDREN, drained(9)],
                     [DATA, CHILDREN, CHILDREN, drained(9)]),
            },
            'persist: a getData watch over addWatch mode 0 on one path': {
                13: ([CHILDREN, CHILDREN, drained(9)],
                     [DATA, CHILDREN, CHILDREN, drained(9)]),
            },
            'persist: a getChildren watch over addWatch mode 0 on one path': {
                9: ([DATA, CHILDREN, drained(6)],
                    [DATA, CHILDREN, CHILDREN, drained(6)]),
                13: ([DATA, drained(9)],
                     [DATA, CHILDREN, CHILDREN, drained(9)]),
            },
            'persist: a exists watch over addWatch mode 1 on one path': {
                9: ([DATA, DELETED, drained(6)],
                    [DATA, CREATED, DELETED, drained(6)]),
                13: ([DELETED, drained(9)],
                     [DATA, CREATED, DELETED, drained(9)]),
            },
            'persist: a getData watch over addWatch mode 1 on one path': {
                9: ([DATA, DELETED, drained(6)],
                    [DATA, CREATED, DELETED, drained(6)]),
                13: ([DELETED, drained(9)],
                     [DATA, CREATED, DELETED, drained(9)]),
            },
            'persist: addWatch mode 1 over a getChildren watch on one path': {
                9: ([DATA, CREATED, DELETED, drained(6)],
                    [DATA, CREATED, CHILDREN, DELETED, drained(6)]),
            },
        }),
    Difference(
        what='checkWatches and removeWatches of type 1 (children) and 2 '
             '(data)',
        apache='find and take watches of any kind, a persistent watch by '
               'halves',
        zabd='find and take standard watches',
        why='bug fix of newer releases (ZOOKEEPER-4471)',
        cases={
            'persist: removing type 1 from a persistent watch': {
                5: (['xid 2 zxid +3 OK'], ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 OK'], ['xid 3 zxid +3 NOWATCHER']),
                11: ([DATA, drained(5)], [DATA, CHILDREN, drained(5)]),
            },
            'persist: removing type 2 from a persistent watch': {
                5: (['xid 2 zxid +3 OK'], ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 OK'], ['xid 3 zxid +3 NOWATCHER']),
                11: ([CHILDREN, drained(5)], [DATA, CHILDREN, drained(5)]),
            },
            'persist: removing type 1 from a recursive watch': {
                5: (['xid 2 zxid +3 OK'], ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 OK'], ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 2 from a recursive watch': {
                5: (['xid 2 zxid +3 OK'], ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 OK'], ['xid 3 zxid +3 NOWATCHER']),
                11: ([drained(5)], [DATA, CREATED, drained(5)]),
            },
        }),
    Difference(
        what='checkWatches and removeWatches of type 4 (persistent) and 5 '
             '(recursive)',
        apache='MARSHALLINGERROR',
        zabd='find and take those',
        why='bug fix of 3.9.0 (ZOOKEEPER-4472): without them a persistent '
            'watch beside others cannot be removed alone',
        cases={
            'persist: removing type 4 from a data watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 5 from a data watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 4 from a child watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 5 from a child watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 4 from a persistent watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'], ['xid 2 zxid +3 OK']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'], ['xid 3 zxid +3 OK']),
                8: ([DATA, drained(4)], [drained(4)]),
            },
            'persist: removing type 5 from a persistent watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 4 from a recursive watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 5 from a recursive watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'], ['xid 2 zxid +3 OK']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'], ['xid 3 zxid +3 OK']),
                8: ([DATA, drained(4)], [drained(4)]),
            },
            'persist: removing type 4 from no watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
            'persist: removing type 5 from no watch': {
                5: (['xid 2 zxid +3 MARSHALLINGERROR'],
                    ['xid 2 zxid +3 NOWATCHER']),
                6: (['xid 3 zxid +3 MARSHALLINGERROR'],
                    ['xid 3 zxid +3 NOWATCHER']),
            },
        }),
    Difference(
        what='checkWatches of a watch that another connection has',
        apache='OK',
        zabd='NOWATCHER',
        why="Apache looks at the path alone; removeWatches and newer "
            "releases look at the caller's own",
        cases={
            'persist: watches of other connections are not seen': {
                5: (['xid 1 zxid +2 OK'], ['xid 1 zxid +2 NOWATCHER']),
                7: (['xid 3 zxid +2 OK'], ['xid 3 zxid +2 NOWATCHER']),
                9: (['xid 5 zxid +2 OK'], ['xid 5 zxid +2 NOWATCHER']),
            },
        }),
    Difference(
        what='checkWatches of the empty path, or one without a slash in '
             'front',
        apache='NOWATCHER, MARSHALLINGERROR',
        zabd='OK if the caller has set one, else NOWATCHER',
        why="an accident of the walk over a path's parents; addWatch and "
            "removeWatches take such paths",
        cases={
            "persist: addWatch at the path ''": {
                3: (['xid 2 zxid +1 NOWATCHER'], ['xid 2 zxid +1 OK']),
                6: (['xid 5 zxid +1 NOWATCHER'], ['xid 5 zxid +1 OK']),
            },
            "persist: addWatch at the path 'nope'": {
                3: (['xid 2 zxid +1 MARSHALLINGERROR'], ['xid 2 zxid +1 OK']),
                6: (['xid 5 zxid +1 MARSHALLINGERROR'], ['xid 5 zxid +1 OK']),
                8: (['xid 7 zxid +1 MARSHALLINGERROR'],
                    ['xid 7 zxid +1 NOWATCHER']),
            },
        }),
    Difference(
        what='a null path in addWatch or removeWatches',
        apache='OK, NOWATCHER',
        zabd='MARSHALLINGERROR',
        why='as every other request with a null path; such a watch could '
            'never fire',
        cases={
            'persist: addWatch at a null path': {
                2: (['xid 1 zxid +1 OK err OK'],
                    ['xid 1 zxid +1 MARSHALLINGERROR']),
            },
            'paths: null paths for watches': {
                6: (['xid 5 zxid +1 NOWATCHER'],
                    ['xid 5 zxid +1 MARSHALLINGERROR']),
            },
        }),
    Difference(
        what='a setWatches with a null list behind good ones',
        apache='MARSHALLINGERROR, and the lists before it are done',
        zabd='MARSHALLINGERROR, nothing is done',
        why='an unreadable request has no effect',
        cases={
            'watch: a null list behind a good one: what of the good one is '
            'done': {
                3: ([DATA, 'xid -8 zxid +2 MARSHALLINGERROR'],
                    ['xid -8 zxid +2 MARSHALLINGERROR']),
                5: (['xid 2 zxid +2 OK'], ['xid 2 zxid +2 NOWATCHER']),
            },
        }),
    Difference(
        what='getAllChildrenNumber of the empty path',
        apache='one more than of /',
        zabd='the same as of /',
        why='Apache counts the second name of the root',
        cases={
            'reserved: the empty path is the root for reads': {
                6: (['xid 5 zxid +1 OK total 5'],
                    ['xid 5 zxid +1 OK total 4']),
            },
        }),
    Difference(
        what='wchs after a watch has fired',
        apache='counts connections that have no watch left',
        zabd='counts connections that have a watch',
        why='an empty entry is left behind',
        cases={
            'fourletter: wchs counts data watches': {
                10: (["text '2 connections watching 3 paths\\nTotal "
                      "watches:3\\n'",
                      'closed'],
                     ["text '1 connections watching 3 paths\\nTotal "
                      "watches:3\\n'",
                      'closed']),
            },
        }),
    Difference(
        what='a write right behind a setACL, in one pipeline',
        apache='a race: judged by the old list as long as the new one is '
               'not applied',
        zabd='judged by the new list',
        why='an ACL bypass: the pending state forgets the list',
        cases={
            'acl: a write behind a setACL in one pipeline obeys the new '
            'list': alone(
                [SESSION],
                ["xid 1 zxid +2 OK path '$/n'"],
                ['xid 2 zxid +3 OK stat{c+2 m+2 p+2 v0 cv0 av1 len1 kids0}',
                 'xid 3 zxid +4 NOAUTH',
                 'xid 4 zxid +5 OK stat{c+2 m+2 p+2 v0 cv0 av2 len1 kids0}',
                 'xid 5 zxid +6 NOAUTH',
                 "xid 6 zxid +6 OK data 'x' stat{c+2 m+2 p+2 v0 cv0 av2 "
                 "len1 kids0}"],
                [drained(6)]),
        }),
    Difference(
        what='an unknown opcode, or an auth packet, behind other requests '
             'in one pipeline',
        apache='a race: the answer may overtake theirs',
        zabd='all are answered in order',
        why='kazoo takes replies by order and breaks; the order is promised',
        cases={
            'malformed: an unknown opcode behind good requests: they are '
            'answered first': alone(
                [SESSION],
                ['ConnectResponse version 0 timeout 30000 session s2 '
                 'password right readonly 0'],
                ['xid 1 zxid +3 OK stat{c+0 m+3 p+0 v1 cv0 av0 len1 kids0}',
                 'xid 2 zxid +3 OK stat{c+0 m+3 p+0 v1 cv0 av0 len1 kids0}',
                 'xid 3 zxid -1 UNIMPLEMENTED', 'closed'],
                ['xid 1 zxid +3 OK stat{c+0 m+3 p+0 v1 cv0 av0 len1 kids0}'],
                [drained(3)]),
            'order: auth between writes is answered in its place': alone(
                [SESSION],
                ["xid 1 zxid +2 OK path '$/n'",
                 'xid 2 zxid +3 OK stat{c+2 m+3 p+2 v1 cv0 av0 len200000 '
                 'kids0}',
                 'xid 3 zxid +4 OK stat{c+2 m+4 p+2 v2 cv0 av0 len1 kids0}',
                 'xid -4 zxid 0 OK',
                 'xid 4 zxid +4 OK stat{c+2 m+4 p+2 v2 cv0 av0 len1 kids0}'],
                [drained(4)]),
        }),
    Difference(
        what='createTTL with flags that are no TTL flags, and a negative '
             'ttl',
        apache='no answer, and none to anybody ever after',
        zabd='BADARGUMENTS',
        why="Apache's request thread dies",
        cases=dict.fromkeys((
            'ttl: createTTL with flags 0 and a negative ttl',
            'ttl: createTTL with flags 1 and a negative ttl',
            'ttl: createTTL with flags 2 and a negative ttl',
            'ttl: createTTL with flags 3 and a negative ttl',
            'ttl: createTTL with flags 4 and a negative ttl',
        ), alone(
            [SESSION],
            ['xid 1 zxid +2 BADARGUMENTS'],
            ['xid 2 zxid +3 BADARGUMENTS'],
            ['xid 3 zxid +3 OK stat{c+0 m+0 p+0 v0 cv0 av0 len0 kids0}'],
            [drained(3)]))),
    Difference(
        what='a quota whose text cannot be read',
        apache='throws, when the limit is set or at every write below it',
        zabd='no limit; statistics are kept',
        why='a typing error must not stop writes',
        cases=dict.fromkeys((
            "quota: the limits '' are no limits",
            'quota: the limits None are no limits',
            "quota: the limits 'nonsense' are no limits",
            "quota: the limits 'count=x,bytes=y' are no limits",
            "quota: the limits 'count=' are no limits",
            "quota: the limits '=' are no limits",
            "quota: the limits ',;=,' are no limits",
            "quota: the limits 'count=1' are no limits",
            "quota: the limits 'count=99999999999999999999' are no limits",
        ), alone(
            [SESSION],
            ["xid 1 zxid +2 OK path '/zookeeper/quota$'"],
            ["xid 2 zxid +3 OK path '/zookeeper/quota$/zookeeper_limits'"],
            ["xid 3 zxid +4 OK path '/zookeeper/quota$/zookeeper_stats'"],
            ["xid 4 zxid +5 OK path '$/a'"],
            ['xid 5 zxid +6 OK stat{c+5 m+6 p+5 v1 cv0 av0 len6 kids0}'],
            ['xid 6 zxid +7 OK'],
            ['xid 7 zxid +7 OK stat{c+4 m+4 p+4 v0 cv0 av0 len15 kids0}'],
            [drained(7)]))),
    Difference(
        what="a quota's statistics that a client replaced by what cannot be "
             'read',
        apache='throws at every write below it',
        zabd='counts on from -1, until a client or the next start puts them '
             'right',
        why='a typing error must not stop writes',
        cases={
            'quota: statistics that a client spoils': alone(
                [SESSION],
                ["xid 1 zxid +2 OK path '/zookeeper/quota$'"],
                ["xid 2 zxid +3 OK path "
                 "'/zookeeper/quota$/zookeeper_limits'"],
                ["xid 3 zxid +4 OK path '/zookeeper/quota$/zookeeper_stats'"],
                ["xid 4 zxid +5 OK path '$/a'"],
                ['xid 5 zxid +6 OK stat{c+4 m+6 p+4 v1 cv0 av0 len8 kids0}'],
                ["xid 6 zxid +7 OK path '$/b'"],
                ["xid 7 zxid +7 OK data 'count=0,bytes=4' stat{c+4 m+6 p+4 "
                 "v1 cv0 av0 len15 kids0}"],
                ['xid 8 zxid +8 OK stat{c+4 m+8 p+4 v2 cv0 av0 len16 kids0}'],
                ['xid 9 zxid +9 OK'],
                ["xid 10 zxid +9 OK data 'count=2,bytes=5' stat{c+4 m+8 p+4 "
                 "v2 cv0 av0 len15 kids0}"],
                [drained(9)]),
        }),
    Difference(
        what='a quota on the root (zookeeper_limits directly under '
             '/zookeeper/quota)',
        apache='dies, and again at every start',
        zabd='no quota',
        why='one client could end the service for good',
        cases={
            'quota: a quota on the root is a plain node': alone(
                [SESSION],
                ["xid 1 zxid +2 OK path '/zookeeper/quota/zookeeper_limits'"],
                ["xid 2 zxid +3 OK path '/zookeeper/quota/zookeeper_stats'"],
                ["xid 3 zxid +4 OK path '$/a'"],
                ["xid 4 zxid +4 OK data 'count=1,bytes=1' stat{c+2 m+2 p+2 "
                 "v0 cv0 av0 len15 kids0}"],
                ["xid 5 zxid +4 OK data 'count=7,bytes=19' stat{c+3 m+3 "
                 "p+3 v0 cv0 av0 len16 kids0}"],
                [drained(4)]),
        }),
    Difference(
        what='a version or ACL version that would become -1',
        apache='-1',
        zabd='0',
        why='newer releases: -1 means any version in a request',
        cases={
            'brink: a version that would become -1': {
                2: (['xid 1 zxid +2 OK stat{c0 m+2 p0 v-1 cv-4 av-2 len1 kids0}'],
                    ['xid 1 zxid +2 OK stat{c0 m+2 p0 v0 cv-4 av-2 len1 kids0}']),
                4: (['xid 3 zxid +4 BADVERSION'],
                    ['xid 3 zxid +4 OK stat{c0 m+4 p0 v1 cv-4 av-2 len1 kids0}']),
            },
            'brink: an ACL version that would become -1': {
                2: (['xid 1 zxid +2 OK stat{c0 m0 p0 v-2 cv-4 av-1 len0 kids0}'],
                    ['xid 1 zxid +2 OK stat{c0 m0 p0 v-2 cv-4 av0 len0 kids0}']),
                4: (['xid 3 zxid +4 BADVERSION'],
                    ['xid 3 zxid +4 OK stat{c0 m0 p0 v-2 cv-4 av1 len0 kids0}']),
            },
        }),
]

# What no sequence shows: (what, Apache 3.8, zabd, why).
NOT_COMPARED = [
    ("a create, a growing setData, a setACL or a new watch at memory.limit",
     "dies of memory", "SYSTEMERROR; reads, deletes and pings go on",
     "every client knows that code; QUOTAEXCEEDED is unknown to kazoo 2.8 "
     "and ends its connection loop"),
    ("a session with more than 8,192 ephemerals ends",
     "one closeSession, of any size",
     "the excess is deleted in multis just before its closeSession",
     "a committed transaction must always be readable and sendable"),
    ("an ACL of more than 4,096 entries, or one that `auth` expands beyond "
     "the room of its transaction", "stored", "INVALIDACL", "the same"),
    ("an auth packet with which the identities of a connection take more than "
     "16 KiB: a digest with such a user, whatever its password", "accepted",
     "AUTHFAILED, then close", "each request carries them to the leader"),
    ("a multiRead whose answer is longer than some 64 MB", "sent, or dies of "
     "memory", "the connection is closed", "a request of a megabyte could ask "
     "for a terabyte; who wants so much can ask more than once"),
    ("the order of a node's children",
     "that of Java's hashes: names that differ in one digit come sorted by "
     "accident, sequential ones do not",
     "the newest first; after a start, another",
     "nobody promises an order; Net::ZooKeeper's own tests expect one all the "
     "same"),
    ("several identities for one `auth` entry of an ACL",
     "in the order of Java's hashes", "in the order they were given",
     "nothing depends on it"),
    ("a sync on the leader of an ensemble", "answered as a read: the leader "
     "may not have applied what its followers acknowledged already",
     "answered behind all that is proposed",
     "who asks for a sync wants to see that"),
    ("the old connection of a session that went on at another member",
     "a read closes it on the leader, on a follower it is answered; so is a "
     "multi of nothing, or that cannot be read", "reads are answered, any "
     "write closes it, everywhere", "one rule for all members"),
    ("a multi that cannot be read, of a local session that may become "
     "global", "answered as one of no operations", "MARSHALLINGERROR, as for "
     "any session", "an accident: it was read twice"),
    ("session ids of a restarted server", "from the monotonic clock",
     "from the wall clock", "ids must not come back after a reboot"),
    ("connection_throttle_tokens", "one bucket", "one for each client "
     "process, with its share of the tokens",
     "who takes one waits for nobody"),
    ("a container that never had a child", "kept for ever",
     "removed after znode.container.maxNeverUsedIntervalMs (5 minutes)",
     "newer releases"),
    ("TTL nodes on a server without extendedTypesEnabled",
     "show a session as their owner, and go at its next start",
     "stay what they are; no more can be made",
     "they were made with the option: who loses it, loses no nodes"),
    ("autopurge without a key in zoo.cfg", "off", "every hour, 3 snapshots",
     "disks filled because nobody switched it on"),
    ("an empty server with db.autocreate=false",
     "alone it refuses every client; a member that started without the file "
     "`initialize` does not start with it later",
     "alone it serves; the file helps whenever it comes",
     "its zxid -1 is below every client's, and its epoch -1 below its zxid 0"),
    ("the port while the server loads", "refuses connections",
     "accepts them; words answer that it does not serve, sessions are closed",
     "an operator can ask a starting server"),
    ("local sessions while the leader changes", "end",
     "go on with their connections, if there is a leader within two seconds",
     "clients are held through a change of leader"),
    ("a session that comes back at a follower or an observer",
     "is let in at the leader's word, ahead of what it asked elsewhere and is "
     "only proposed",
     "is let in behind that",
     "a client that numbers its requests anew, as kazoo does, could be given "
     "the answers of its last connection"),
    ("a connection to a member that is cut off, or stood still",
     "stays for syncLimit, whatever its session's timeout",
     "is closed two thirds of that behind the last moment at which a quorum, "
     "or the leader, is known to have heard of the member; who stood still "
     "answers nothing before",
     "a client must know that it may own nothing before another does"),
    ("a new session in read-only mode without localSessionsEnabled",
     "a ReplyHeader with NOTREADONLY, which clients misread as a "
     "ConnectResponse", "a local session",
     "the mode is of no use otherwise"),
    ("a write refused in read-only mode, behind reads in one pipeline",
     "the refusal may overtake the reads' answers", "all in order",
     "kazoo takes replies by order and breaks; the order is promised"),
    ("a session nobody knows, in read-only mode without "
     "localSessionsEnabled", "let in", "refused, as with it",
     "anybody could take any id"),
    ("a wrong password for a global session in read-only mode",
     "closes the connection", "refuses the session",
     "the password is checked first, everywhere"),
]
