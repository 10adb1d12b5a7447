#!/bin/sh
# npm run quickstart: takes a copy of the example service from its first commit to production, and back from a version that harms.
# What it started is ended afterwards; KEEP=1 lets the service run on.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
sluice=$PWD/bin/sluice

folder=$(mktemp -d "${TMPDIR:-/tmp}/sluice-quickstart.XXXXXX")
cp -R examples/service "$folder/links"
cd "$folder/links"
rm -rf dist reports
SLUICE_HOME=$folder/home
export SLUICE_HOME

# Proxies, supervisors and what they run outlive every command, as they must; each has the folder of this demonstration in its
# command line or its environment.
end_all() {
  [ -z "${KEEP-}" ] || return 0
  for file in $(grep -ls "$SLUICE_HOME" /proc/[0-9]*/cmdline /proc/[0-9]*/environ); do
    process=${file#/proc/}
    kill "${process%/*}" 2>/dev/null || true
  done
}
trap end_all EXIT
trap 'exit 130' INT TERM

# Ports of its own, so that it can be run twice at the same time. Below those that the system gives away by itself.
ports=$(node -e '
  const { createServer } = require("node:net");
  const isFree = (port) => new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
  (async () => {
    for (let hundreds = 181 + process.pid % 140; ; hundreds = 181 + (hundreds - 180) % 140)
      if ((await isFree(hundreds * 100 + 1)) && (await isFree(hundreds * 100 + 2))) return console.log(hundreds);
  })();
')
sed -i "s/\b181\([0-9][0-9]\)\b/$ports\1/g" sluice.yaml

git init -q -b main
git add -A
git -c user.name=quickstart -c user.email=quickstart@localhost commit -q -m 'links: first commit'

printf '\nA copy of examples/service is in %s\n' "$PWD"
outcome=0
SLUICE=$sluice ./demo.sh || outcome=$?

cat <<END

What to type next:
  cd $PWD
  export SLUICE_HOME=$SLUICE_HOME
  export PATH=${sluice%/sluice}:\$PATH
  sluice deployment list
  sluice list && sluice show latest
  sluice --help
END
[ -n "${KEEP-}" ] || printf '\nWhat was started is ended now. KEEP=1 npm run quickstart lets it run on.\n'
exit "$outcome"
