/**
 * What runs inside of a container, in the words of any POSIX shell, and with nothing but what a shell has itself: an image need
 * not have more. Receipts are lines in the folder that the container and Sluice share.
 */

/** Where the folder with receipts is in the container. */
export const INNER_FOLDER = '/run/sluice';
/** The receipt of the container itself. */
export const CONTAINER_RECEIPT = 'container';

/** How often the job's memory and process limits were met, into `sluice_counts`; in both versions of control groups. */
const COUNTS = `sluice_counts() {
  sluice_memory=0 sluice_processes=0
  for sluice_file in memory/memory.oom_control memory.events; do
    [ -r /sys/fs/cgroup/$sluice_file ] || continue
    while read -r sluice_word sluice_value; do
      [ "$sluice_word" = oom_kill ] && sluice_memory=$sluice_value
    done < /sys/fs/cgroup/$sluice_file
  done
  for sluice_file in pids/pids.events pids.events; do
    [ -r /sys/fs/cgroup/$sluice_file ] || continue
    while read -r sluice_word sluice_value; do
      [ "$sluice_word" = max ] && sluice_processes=$sluice_value
    done < /sys/fs/cgroup/$sluice_file
  done
}`;

/** The container's own process: tells what it may do, then waits for the end. Its standard input never comes to an end by itself. */
export const MAIN_SCRIPT = `umask 0
sluice_receipt=${INNER_FOLDER}/${CONTAINER_RECEIPT}
{
  while read -r line; do printf '%s\\n' "$line"; done < /proc/self/status
  while read -r line; do printf 'users %s\\n' "$line"; done < /proc/self/uid_map
  printf 'ready\\n'
} > $sluice_receipt
while read -r line; do :; done`;

/**
 * A step: \`NAME DIRECTORY TTY COMMAND...\`. Its receipt says \`failed STAGE\`, or \`began PID MEMORY PROCESSES\` and then
 * \`ended CODE MEMORY PROCESSES\`, with the counts of met limits. The shell stays beside the program, so that the receipt is
 * written whatever becomes of the command line outside. A signal of the step is not for this shell, and what a shell says of
 * a program that died of one is not the step's output.
 */
export const STEP_SCRIPT = `${COUNTS}
sluice_receipt=${INNER_FOLDER}/$1 sluice_directory=$2 sluice_tty=$3
shift 3
for sluice_variable in $SLUICE_LONG; do
  sluice_name=\${sluice_variable%:*} sluice_left=\${sluice_variable##*:} sluice_text= sluice_part=0
  while [ $sluice_part -lt $sluice_left ]; do
    eval "sluice_text=\\$sluice_text\\$SLUICE_LONG_\${sluice_name}_$sluice_part"
    unset SLUICE_LONG_\${sluice_name}_$sluice_part
    sluice_part=$((sluice_part + 1))
  done
  sluice_text=$(printf '%bx' "$sluice_text")
  export "$sluice_name=\${sluice_text%x}"
done
unset SLUICE_LONG sluice_text
[ -w "$HOME" ] || export HOME="\${TMPDIR:-/tmp}"
[ -z "$sluice_tty" ] || stty rows 24 cols 80 2> /dev/null
if ! cd "$sluice_directory" 2> /dev/null; then
  printf 'failed directory\\n' >> $sluice_receipt
  exit 127
fi
if ! command -v "$1" > /dev/null 2>&1; then
  printf 'failed program\\n' >> $sluice_receipt
  exit 127
fi
sluice_counts
printf 'began %s %s %s\\n' $$ $sluice_memory $sluice_processes >> $sluice_receipt
trap : HUP INT QUIT TERM
exec 9>&2 2> /dev/null
("$@") 2>&9 9>&-
sluice_code=$?
sluice_counts
printf 'ended %s %s %s\\n' $sluice_code $sluice_memory $sluice_processes >> $sluice_receipt
exit $sluice_code`;

/**
 * \`PID SIGNAL\`: sends the signal to every process of the step whose shell has this number, but not to that shell: to those
 * of its session and to all below them. KILL is repeated until none is left. While there is none, the program is just about to
 * begin, so it is looked for again, for a while.
 */
export const SIGNAL_SCRIPT = `sluice_members() {
  others=
  while :; do
    before=$others
    for stat in /proc/[0-9]*/stat; do
      pid=\${stat#/proc/} pid=\${pid%/stat}
      case " $others $1 $$ " in *" $pid "*) continue ;; esac
      { read -r line < $stat; } 2> /dev/null || continue
      set -- $1 \${line##*) }
      # State, parent, group, session.
      case $2 in Z|X) continue ;; esac
      if [ "$5" = "$1" ]; then others="$others $pid"
      else case " $others $1 " in *" $3 "*) others="$others $pid" ;; esac
      fi
    done
    [ "$before" = "$others" ] && return
  done
}
shell=$1 signal=$2 round=0
while [ -d /proc/$shell ] && [ $round -lt 200 ]; do
  sluice_members $shell
  if [ -n "$others" ]; then
    kill -$signal $others 2> /dev/null
    kill -CONT $others 2> /dev/null
    [ $signal = KILL ] || exit 0
  fi
  round=$((round + 1))
done
exit 0`;

/** \`PID\`: exit code 0 when that shell is alive, 3 when not; prints the counts of met limits. */
export const ASK_SCRIPT = `${COUNTS}
sluice_counts
printf '%s %s\\n' $sluice_memory $sluice_processes
[ -d /proc/$1 ] || exit 3`;
