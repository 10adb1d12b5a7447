/**
 * For `/bin/sh -c`: runs $1 as one process tree, and ends it with code 124 after $2 seconds, or when it is asked to. When the first process ends,
 * everything in the container does. So a command ends in time also when nobody waits for it any more.
 */
export const RUN_SCRIPT = [
  'exec 2>&1',
  "trap 'exit 124' TERM",
  '/bin/sh -c "$1" &',
  'child=$!',
  '(sleep "$2"; kill -TERM "$$") >/dev/null 2>&1 &',
  'wait "$child"',
  'exit $?',
].join('\n');
