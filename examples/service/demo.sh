#!/bin/sh
# Takes this service through its life: built, tested and judged, to staging, by canary to production, and then a version that harms,
# while its users go on asking. Run it in a git repository of its own (npm run quickstart does); SLUICE: the program, if it is not
# on PATH. Ends with 0 when the bad version was found and taken back.
set -eu
sluice=${SLUICE:-sluice}
address=http://$(sed -n "/^  production:/,\$s/.*listen: '\([^']*\)'.*/\1/p" sluice.yaml)
load=

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
explain() { printf '%s\n' "$*" | fold -s -w 80; }
type_() { printf '\n$ sluice %s\n' "$*"; }
users_come() {
  node load.ts "$address" --rate 100 --seconds 120 --progress load.json >/dev/null &
  load=$!
}
users_leave() {
  kill "$load" 2>/dev/null || true
  wait "$load" || true
  load=
  node -e '
    const { answered, failed } = JSON.parse(require("node:fs").readFileSync("load.json", "utf8"));
    console.log(`\n   Users sent ${answered} requests meanwhile; ${failed} of them failed.`);
  '
}
trap '[ -z "$load" ] || kill "$load" 2>/dev/null || true' EXIT

# release VERSION FAULT: a commit, its pipeline, and staging.
release() {
  sed -i "s/\"version\": \".*\"/\"version\": \"$1\"/" package.json
  git add -A
  git -c user.name=demo -c user.email=demo@localhost commit -q --allow-empty -m "links: version $1"
  type_ "run --input fault=$2"
  "$sluice" run --input "fault=$2"
  type_ deploy staging
  "$sluice" deploy staging
}

say 'Version 1.0.0: the first one. There is nothing to compare it with, so health decides'
release 1.0.0 none
type_ deploy production
"$sluice" deploy production

say 'Version 1.1.0: a good one. Users ask all the time; both versions are compared'
explain 'It gets 10 % of the traffic, then 50 %, then all. E weighs the evidence: at 100 it is a proof.'
release 1.1.0 none
users_come
type_ deploy production
"$sluice" deploy production
users_leave

say 'Version 1.2.0: its tests pass, but it fails one request in six'
explain 'Nobody uses staging, so it gets through there. In production its users show it, and no command is typed.'
release 1.2.0 errors
users_come
type_ deploy production
outcome=0
"$sluice" deploy production || outcome=$?
# What serves after it was taken back must serve for a moment.
sleep 2
users_leave

say 'What happened'
type_ deployment show
"$sluice" deployment show || true
type_ environment list
"$sluice" environment list || true

serving=$(node -e 'fetch(process.argv[1]).then((answer) => answer.json()).then(({ version }) => console.log(version))' "$address/version")
case $outcome/$serving in
  1/1.1.0*) printf '\nVersion 1.2.0 was found to harm and taken back: production answers as %s.\n' "$serving" ;;
  *)
    printf '\nThis is not what should have happened: deploy ended with %s, and production answers as %s.\n' "$outcome" "$serving" >&2
    exit 1
    ;;
esac
