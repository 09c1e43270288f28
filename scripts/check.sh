#!/bin/sh
# Everything that can be said about the code without running the whole suite. Runs all, then fails if one failed.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=""
step() {
    name=$1; shift
    printf '== %s\n' "$name"
    "$@" || failed="$failed $name"
}
step ruff "$bin/ruff" check .
step format "$bin/ruff" format --check .
step mypy "$bin/mypy"
[ -f .importlinter ] && step imports env PYTHONPATH=src:. "$bin/lint-imports"
[ -d tests/architecture ] && step architecture "$bin/pytest" -q tests/architecture
step migrations "$bin/siyu" makemigrations --check --dry-run
if [ -n "$failed" ]; then echo "FAILED:$failed"; exit 1; fi
echo "all good"
