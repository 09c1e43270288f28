#!/bin/sh
# Write requirements/*.txt from the .in files: every version pinned with its hashes, no registry address inside.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/.siyu/tools/bin/uv
for name in uv node base dev; do
    "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links "$@" "requirements/$name.in" -o "requirements/$name.txt"
done
"$uv" pip compile -q --no-deps --generate-hashes --no-header "$@" requirements/data.in -o requirements/data.txt
