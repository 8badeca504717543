#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's command-line program of the C client, cli_mt, fed with commands as
# a person would type them.  Run by ./run with ZK_HOSTS.
set -u
cli=/usr/lib/zookeeper/bin/cli_mt
begin=$(date +%s%N)
out=$(mktemp)
trap 'rm -f "$out"' EXIT

type_commands() {
    sleep 0.5
    while read -r line; do
        echo "$line"
        sleep 0.15
    done
}

[ -x "$cli" ] || { echo "not ok cli_mt 0 $cli: install zookeeper-bin"; exit 1; }
type_commands <<'END' | timeout 30 "$cli" -h "$ZK_HOSTS" >"$out" 2>&1
create /cli
create +e /cli/eph
create +s /cli/seq-
create2 +es /cli/both-
set /cli hello
get /cli
ls /cli
ls2 /cli
wexists /cli/new
create /cli/new
acreate /cli/later
aget /cli
sync /cli
addauth digest ann:secret
config
delete /cli/new
delete /cli
delete /cli/nothing
quit
END

bad=
wants() {
    grep -qaE "$1" "$out" || bad="$bad; no line: $1"
}
wants 'state = CONNECTED_STATE'
wants '^	name = /cli$'
wants '^	name = /cli/eph$'
wants '^	name = /cli/seq-0000000001$'
wants '^	name = /cli/both-0000000002$'
wants 'value_len = 5'
wants '^hello'
wants '^	eph$'
wants 'numChildren = ?3|version=1'
wants 'CREATED_EVENT.*for path /cli/new'
wants '^	name = /cli/later$'
wants 'Error -111 for /cli$|/cli: rc = -111|^/cli.*not empty'
wants 'rc = -101|Error -101'
took=$(printf "%04d" $((($(date +%s%N) - begin) / 1000000)) | sed "s,...$,.&,")
if [ -z "$bad" ]; then
    printf 'ok cli_mt.a_typed_session %s\n' "$took"
else
    cat "$out" >&2
    printf 'not ok cli_mt.a_typed_session %s%s\n' "$took" "$bad"
    exit 1
fi
