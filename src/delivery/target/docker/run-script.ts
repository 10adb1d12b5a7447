/**
 * For `/bin/sh -c`: runs $1 as one process tree, and ends it after $2 seconds. When its first process ends, everything in the container does. So a
 * command ends in time also when nobody waits for it any more.
 */
export const RUN_SCRIPT = [
  'exec 2>&1',
  '/bin/sh -c "$1" &',
  'child=$!',
  '(sleep "$2"; kill -KILL "$child") >/dev/null 2>&1 &',
  'wait "$child"',
  'exit $?',
].join('\n');
