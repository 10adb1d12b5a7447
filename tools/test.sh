#!/bin/sh
# npm test: installs the npm packages where needed and runs every test it can. Arguments go to vitest.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
exec vitest run "$@"
