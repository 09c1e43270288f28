#!/usr/bin/env bash
# Run the part of the suite that touches SQL most against Debian's own PostgreSQL: siyu promises any from 15 on.
# Root: a private server of the user postgres. Ordinary user: a private server of one's own. Nothing is left.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
found=(/usr/lib/postgresql/*/bin/initdb)
if [ ${#found[@]} = 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -q=2
        DEBIAN_FRONTEND=noninteractive apt-get install -q=2 -y --no-install-recommends postgresql >/dev/null
        found=(/usr/lib/postgresql/*/bin/initdb)
    else
        echo "Debian's PostgreSQL is missing: sudo apt-get install --no-install-recommends postgresql" >&2
        exit 1
    fi
fi
bin=$(dirname "${found[0]}")
place=$(mktemp -d /tmp/siyu-own-pg.XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then as=(runuser -u postgres --); chown postgres "$place"; chmod 755 "$place"; fi
cd /tmp
"${as[@]}" "$bin/initdb" -D "$place/data" -U siyu -A trust -E UTF8 --locale=C --no-sync >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$place/data" -w -s -l "$place/log" \
    -o "-c listen_addresses='' -c fsync=off -k $place" start
trap '"${as[@]}" "$bin/pg_ctl" -D "$place/data" -s -m immediate stop; rm -rf "$place"' EXIT
"${as[@]}" "$bin/createdb" -h "$place" -U siyu siyu
cd - >/dev/null
"$bin/postgres" --version
export SIYU_DATABASE_URL="postgresql://siyu@/siyu?host=$place"
.venv/bin/pytest -q --create-db tests/foundation tests/facts tests/records "$@"
