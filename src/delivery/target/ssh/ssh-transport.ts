import { shellWord } from '../../../base/shell-word.ts';
import type { Ssh } from '../../../driver/ssh/ssh.ts';
import type { Exchanged, HostTransport } from '../host/transport.ts';

/** A shell ends with it when there is no such program. */
const NOT_FOUND = 127;
const NO_PERL = 'perl is missing on the host; install it there (Debian: `apt-get install perl-base`)';
const NOTHING = Buffer.alloc(0);

/** Agents at the other end of an SSH connection. */
export function sshTransport(ssh: Ssh): HostTransport {
  return {
    exchange: async (words, input, content, timeoutMs): Promise<Exchanged> => {
      const command = `exec perl ${words.map(shellWord).join(' ')}`;
      const end = await ssh.run(command, input, content, timeoutMs);
      if (end.outcome === 'unconnected')
        return { output: NOTHING, complaint: '', trouble: { isCertain: true, reason: end.reason } };
      if (end.outcome === 'broken')
        return { output: end.output, complaint: '', trouble: { isCertain: false, reason: end.reason } };
      const trouble = end.code === NOT_FOUND ? { isCertain: true, reason: NO_PERL } : null;
      return { output: end.output, complaint: end.complaint.trim().split('\n').at(-1)!, trouble };
    },
    close: () => ssh.close(),
  };
}
