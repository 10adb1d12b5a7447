import { readFileSync } from 'node:fs';

/** In the order in which perl reads them; host-base.pl documents them all. */
const PARTS = [
  'base',
  'tree',
  'change',
  'output',
  'release',
  'supervise',
  'instance',
  'systemd',
  'ask',
  'main',
];

/**
 * Reads the agent's script and the request, whose lengths are its arguments, from standard input, and goes on with the script. So
 * nothing has to be installed on a host, and the agent is always that of the Sluice that asks. It holds no single quote.
 */
export const BOOTSTRAP =
  'sub t{my($n)=@_;my$b="";while(length$b<$n){sysread(STDIN,$b,$n-length$b,length$b)or exit 9}$b}' +
  'our$s=t(shift);my$r=t(shift);eval$s;die$@ if$@;main($r)';

let script: Buffer | null = null;

/** The agent's script. It may be kept on a host under its digest. */
export function agentScript(): Buffer {
  script ??= Buffer.concat(PARTS.map((name) => readFileSync(new URL(`./host-${name}.pl`, import.meta.url))));
  return script;
}
