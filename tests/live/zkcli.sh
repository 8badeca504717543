#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's zkCli.sh types the same commands at Apache ZooKeeper and at the
# server under test; the two transcripts must be equal, apart from times,
# zxids, session ids and ports.  Run by ./run with ZK_HOSTS, ZK_SERVER.
set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/commands" <<'END'
create /a hello
create /a again
create /a/b
create -s /a/seq- one
create -s /a/seq- two
create -e /a/eph mine
create -e -s /a/both-
create -c /a/box
create -t 600000 /a/ttl kept
create /x/y/z
create /a/eph/child
get /a
get -s /a
get /nothing
set /a changed
set -s /a "two words"
set -v 1 /a x
set -v 2 /a checked
stat /a
stat /nothing
ls /
ls /a
ls -s /a
ls -R /a
ls /nothing
getAllChildrenNumber /a
getEphemerals
getEphemerals /a
getAcl /a
getAcl -s /a
create /locked secret world:anyone:r
set /locked x
setAcl /locked world:anyone:cdrwa
whoami
addauth digest ann:secret
whoami
create /mine private auth::cdrwa
getAcl /mine
setAcl /a world:anyone:rwcda,ip:127.0.0.1:r
getAcl /a
setAcl /a nosuch:x:r
setAcl -v 7 /a world:anyone:cdrwa
setquota -n 5 /a
setquota -b 100 /a
listquota /a
listquota /x
ls -R /zookeeper
get /zookeeper/quota/a/zookeeper_limits
get /zookeeper/quota/a/zookeeper_stats
delquota -n /a
listquota /a
delquota /a
listquota /a
setquota -N 3 /a/b
delquota -N /a/b
sync /a
config
get -w /a
set /a fires
ls -w /a
create /a/new
stat -w /a/unborn
create /a/unborn
addWatch /a/b
create /a/b/c
create /a/b/c/d
set /a/b/c x
removewatches /a/b
delete /a
delete -v 9 /a/new
delete /a/new
delete /nothing
create /deep
create /deep/1
create /deep/1/2
create /deep/1/2/3
create /deep/1/4
ls -R /deep
deleteall /deep
ls /deep
deleteall /a
ls /
set /zookeeper x
delete /zookeeper/quota
create / x
create relative x
create /double//slash x
create /end/ x
history
END

# Feed the commands one by one: zkCli answers a line before it reads the next,
# and prints watch events from another thread, so every watch gets a moment.
type_at() {
    sleep 1.2
    while read -r line; do
        echo "$line"
        case $line in
        set*|create*|delete*|removewatches*) sleep 0.04 ;;
        esac
    done <"$tmp/commands"
    sleep 0.3
    echo quit
}

transcript() {
    type_at | CLIENT_JVMFLAGS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" \
        timeout 90 /usr/share/zookeeper/bin/zkCli.sh -server "$ZK_HOSTS" \
        >"$tmp/raw" 2>&1
    echo "exit status $?" >>"$tmp/raw"
    grep -v -e '^SLF4J' -e '^log4j' -e 'JLine' -e '^[0-9-]* [0-9:,]* ' \
            "$tmp/raw" |
        sed -E -e 's/(ctime|mtime) = .*/\1 = TIME/' \
            -e 's/0x[0-9a-f]{6,}/SESSION/g' \
            -e 's/([cmp]Zxid) = 0x[0-9a-f]+/\1 = ZXID/' \
            -e 's/127\.0\.0\.1:[0-9]+/SERVER/g' \
            -e '/^$/d' |
        /usr/bin/python3 -c '
import re, sys
text = re.sub("(?:(?:ip|digest): .*\\n)+", lambda ids: "".join(
    sorted(ids[0].splitlines(True))), sys.stdin.read())
lines = text.replace("WATCHER::\n", "").splitlines()
events = [x for x in lines if x.startswith("WatchedEvent")]
# The two are printed by different threads; each has its own order.
for x in [x for x in lines if x not in events] + events:
    # The sets of ephemerals and of identities have no order.
    print("[%s]" % ", ".join(sorted(x[1:-1].split(", ")))
          if x.startswith("[/") else x)'
}

if [ "${1-}" = transcript ]; then
    transcript
    exit
fi

begin=$(date +%s%N)
/usr/bin/python3 "$ZK_SERVER" with apache -- bash "$0" transcript \
    >"$tmp/apache" &
bash "$0" transcript >"$tmp/ours"
wait $!
took=$(printf "%04d" $((($(date +%s%N) - begin) / 1000000)) |
    sed 's,...$,.&,')

lines=$(wc -l <"$tmp/apache")
if [ "$lines" -lt 150 ]; then
    cat "$tmp/apache" >&2
    echo "not ok zkcli.transcript $took Apache's has only $lines lines"
    exit 1
elif diff -u "$tmp/apache" "$tmp/ours" >"$tmp/diff"; then
    echo "ok zkcli.transcript $took"
else
    cat "$tmp/diff" >&2
    echo "not ok zkcli.transcript $took $(grep -c '^[-+][^-+]' "$tmp/diff")" \
        "of $lines lines differ"
    exit 1
fi

# One command on the command line: its exit status is the operation's.
once() {
    /usr/share/zookeeper/bin/zkCli.sh -server "$ZK_HOSTS" "$@" \
        >"$tmp/once" 2>&1
}
begin=$(date +%s%N)
bad=
once create /once data || bad="create failed"
once get /once && grep -q '^data$' "$tmp/once" || bad="$bad get failed"
once get /nothing && bad="$bad get of nothing succeeded"
once deleteall /once || bad="$bad deleteall failed"
took=$(printf "%04d" $((($(date +%s%N) - begin) / 1000000)) |
    sed 's,...$,.&,')
if [ -z "$bad" ]; then
    echo "ok zkcli.exit_status $took"
else
    echo "not ok zkcli.exit_status $took $bad"
    exit 1
fi
