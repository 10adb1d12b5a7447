#!/bin/sh
# Installs what the quality pipeline of examples/service runs (vitest, ESLint, secretlint), for its test. Not in the example's own
# folder, which other tests copy.
set -eu
cd "$(dirname "$0")/.."
to=node_modules/.example
cmp -s examples/service/package-lock.json "$to/package-lock.json" && [ -d "$to/node_modules" ] && exit 0
rm -rf "$to"
mkdir -p "$to"
cp examples/service/package.json examples/service/package-lock.json "$to"
npm ci --prefix "$to" --no-audit --no-fund --loglevel=error
