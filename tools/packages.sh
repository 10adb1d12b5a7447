# Sourced by the other scripts, from the repository's root: installs the npm packages when they are missing or older
# than the lockfile, and puts the Node that the lockfile pins first on PATH.

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo 'Installing the npm packages (half a minute the first time) ...'
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
PATH=$PWD/node_modules/.bin:$PATH
export PATH

if ! node -e 'process.exit(process.versions.node.split(".")[0] >= 24 ? 0 : 1)'; then
  echo "Sluice needs Node 24; this is $(node --version), and npm has no pinned Node for this machine." >&2
  echo 'Install Node 24 or newer: https://nodejs.org/en/download' >&2
  exit 3
fi
