#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The whole line on one machine: a node's metadata on the server, the collector polling it twice (CloudFormation,
# signed, and a request that waits), the hooks, the rendered file; then a change, how long it takes to arrive, and where the
# time of the hooks went.
# Usage: demo.sh DIRECTORY-OF-PROGRAMS [FILE-FOR-A-DRAWING]
set -eu -o pipefail

programs=$(cd "$1" && pwd)
drawing=${2:-}
here=$(mktemp -d "${TMPDIR:-/tmp}/os-config-demo.XXXXXX")
started=()

clean_up() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    for process in "${started[@]}"; do wait "$process" 2>/dev/null || true; done
    rm -rf "$here"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
else bold='' dim='' green='' plain=''; fi

heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
show() { sed 's/^/    /' "$1"; }
fail() {
    printf 'demo: %s\n' "$1" >&2
    for log in "$here"/*.log; do [ ! -s "$log" ] || { printf -- '--- %s\n' "${log##*/}" >&2; tail -n 20 "$log" >&2; }; done
    exit 1
}
# Tries a condition for ten seconds.
await() {
    local tries=0
    until eval "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 2000 ] || fail "$2"
        sleep 0.005
    done
}

# --- What an operator keeps on the server -------------------------------------------------------------------------
mkdir -p "$here"/{nodes,bin,cache,hooks/{pre-configure,configure,post-configure}.d,templates/etc/mysql,root}
chmod 0700 "$here/nodes"
node() {
    cat > "$here/node.new" <<END
metadata:
  mysql:
    root-password: $1
credentials:
  request:
    token: demo-token
  cfn:
    access_key_id: demo-key
    secret_access_key: demo-secret
END
    mv "$here/node.new" "$here/nodes/demo.yaml"
}
node Heifs23jk3

# --- What an element author puts into an image --------------------------------------------------------------------
cat > "$here/templates/etc/mysql/mysql.conf" <<'END'
[client]
user = root
{{#mysql.root-password}}password = {{.}}{{/mysql.root-password}}
END
printf 'mode: 0600\nchanged: mysql\n' > "$here/templates/etc/mysql/mysql.conf.oac"
hook() {
    { printf '#!/bin/sh\n'; cat; } > "$here/hooks/$1"
    chmod +x "$here/hooks/$1"
}
hook pre-configure.d/10-disk-space <<'END'
df / > /dev/null
END
hook configure.d/20-os-apply-config <<END
exec "$here/bin/os-apply-config" -t "$here/templates" -o "$here/root" --log-file none
END
# What starts a service again takes a while.
hook post-configure.d/50-mysql <<END
"$here/bin/os-apply-config" changed mysql || exit 0
sleep 0.04
END
hook post-configure.d/90-report <<'END'
sleep 0.01
END
for name in os-apply-config os-refresh-config os-collect-config; do ln -s "$programs/os-config" "$here/bin/$name"; done

# --- The server, then the collector -------------------------------------------------------------------------------
"$programs/os-metadata-server" --nodes "$here/nodes" --listen 127.0.0.1:0 > "$here/server.log" 2>&1 &
started+=($!)
await "grep -qs '^listening on ' '$here/server.log'" 'the server does not start'
url=$(sed -n 's/^listening on //p' "$here/server.log")

cat > "$here/os-collect-config.conf" <<END
[DEFAULT]
command = $here/bin/os-refresh-config --lockfile $here/lock
collectors = cfn
collectors = request
cachedir = $here/cache
backup_cachedir = $here/backup

[cfn]
metadata_url = $url/v1/
stack_name = demo
access_key_id = demo-key
secret_access_key = demo-secret
path = demo.Metadata

[request]
metadata_url = $url/v1/nodes/demo/metadata
token = demo-token
END
chmod 0600 "$here/os-collect-config.conf"
export OS_REFRESH_CONFIG_BASE_DIR="$here/hooks" OS_REFRESH_CONFIG_STATE_DIR="$here/state"
"$here/bin/os-collect-config" \
    --config-file "$here/os-collect-config.conf" > "$here/collector.log" 2>&1 &
started+=($!)

file="$here/root/etc/mysql/mysql.conf"
await "[ -f '$file' ]" 'the file is not rendered'
await "[ -f '$here/cache/request.json.last' ]" 'the first run does not end'

heading 'template      templates/etc/mysql/mysql.conf'
show "$here/templates/etc/mysql/mysql.conf"
heading "metadata      $url/v1/nodes/demo/metadata"
show "$here/cache/request.json"
echo
heading "file          /etc/mysql/mysql.conf  ${dim}$(stat -c %a "$file")$plain"
show "$file"

# --- A change -----------------------------------------------------------------------------------------------------
# The server has the collector's waiting request before the change is made.
sleep 0.2
before=$(date +%s%N)
node n3w-Passw0rd
await "grep -qs n3w-Passw0rd '$file'" 'the change does not arrive'
after=$(date +%s%N)
heading 'after a change of the password on the server'
show "$file"
printf '\n%s%d ms%s from the change to the file\n' "$green" "$(((after - before) / 1000000))" "$plain"

await "[ -e '$here/state/runs/00000002.jsonl' ] && '$here/bin/os-refresh-config' status > '$here/status.log'" \
    'the second run does not end'
heading 'os-refresh-config analyze'
"$here/bin/os-refresh-config" analyze > "$here/analyze"
show "$here/analyze"
[ -z "$drawing" ] || "$here/bin/os-refresh-config" analyze --plot > "$drawing"
