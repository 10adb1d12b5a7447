#!/bin/sh
# npm run soak: the long versions of the crash, process-tree, leak and fuzz tests. Writes docs/soak.md: what ran, with
# which seed, on which commit. SLUICE_SEED repeats a run.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
SLUICE_SOAK=1
SLUICE_SEED=${SLUICE_SEED:-$(date +%s)}
export SLUICE_SOAK SLUICE_SEED
# shellcheck disable=SC2046 # file names of this repository hold no spaces
exec vitest run --reporter=default --reporter=./tools/soak-reporter.ts --testTimeout=7200000 "$@" \
  $(grep -rl --include='*.test.ts' SLUICE_SOAK src test)
