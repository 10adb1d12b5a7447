#!/bin/sh
# npm run ok: everything a change must pass. Runs all of it and lists what failed.
set -u
cd "$(dirname "$0")/.."
. tools/packages.sh
failed=

check() {
  name=$1
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  "$@" || failed="$failed${failed:+, }$name"
}

check types tsc --noEmit -p .
check lint biome lint .
check format biome format .
check 'import table' node tools/check-imports.ts
check 'dead code' knip --no-progress
check tests vitest run

if [ -n "$failed" ]; then
  printf '\nnot ok, failed: %s\n' "$failed"
  exit 1
fi
printf '\nok: types, lint, format, import table, dead code, tests\n'
