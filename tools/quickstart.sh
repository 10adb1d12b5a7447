#!/bin/sh
# npm run quickstart: takes a copy of the example service through its pipeline and shows what was recorded.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
sluice=$PWD/bin/sluice

folder=$(mktemp -d "${TMPDIR:-/tmp}/sluice-quickstart.XXXXXX")
cp -R examples/service "$folder/links"
cd "$folder/links"
rm -rf node_modules dist
git init -q -b main
git add -A
git -c user.name=quickstart -c user.email=quickstart@localhost commit -q -m 'links: first version'

printf '\nA copy of examples/service is in %s\n\n$ sluice plan\n' "$PWD"
"$sluice" plan
printf '\n$ sluice run\n'
outcome=0
"$sluice" run || outcome=$?
printf '\n$ sluice show latest\n'
"$sluice" show latest || true

cat <<END

What to type next:
  cd $PWD && PATH=${sluice%/sluice}:\$PATH
  sluice logs --timestamps      # every line that was printed, with its time
  sed -i 's/302/301/' test/http/app.test.ts && sluice run      # break a test, and see a failing run
  sluice --help
END
exit "$outcome"
