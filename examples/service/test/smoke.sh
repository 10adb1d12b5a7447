#!/bin/sh
# Starts the built service as production would, asks it for its version, and stops it with grace.
set -eu
node dist/main.js > service.log &
service=$!
trap 'kill "$service" 2> /dev/null || true' EXIT

node --input-type=module -e '
  const address = `http://127.0.0.1:${process.env.PORT}`;
  const isReady = () => fetch(`${address}/health/ready`).then((answer) => answer.ok, () => false);
  const deadlineMs = Date.now() + 20_000;
  while (!(await isReady())) {
    if (Date.now() > deadlineMs) throw new Error("the service was not ready after 20 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { version } = await (await fetch(`${address}/version`)).json();
  if (version !== process.env.SERVICE_VERSION) throw new Error(`answers as version ${version}`);
  console.log(`version ${version} is ready`);
'

kill -TERM "$service"
wait "$service"
trap - EXIT
echo 'stopped with grace'
