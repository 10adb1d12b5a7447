import { exchange, passedEnvironment } from '../../../driver/exchange.ts';
import type { HostTransport, Trouble } from '../host/transport.ts';

const NO_PERL: Trouble = {
  isCertain: true,
  reason: 'perl is not on the PATH; install it (Debian: `apt-get install perl-base`)',
};
const LATE: Trouble = { isCertain: false, reason: 'this machine did not answer in time' };
/** What the agent, and so everything that it starts, gets of the caller's environment. */
const PASSED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ'];

/** Agents as processes of this machine. One whose caller does not wait any more goes on. */
export function localTransport(environment: Readonly<Record<string, string | undefined>>): HostTransport {
  const passed = passedEnvironment(environment, PASSED);
  return {
    exchange: async (words, input, content, timeoutMs) => {
      const options = { environment: passed, input, content, timeoutMs, onLate: 'leave' } as const;
      const { output, complaint, outcome } = await exchange('perl', words, options);
      const trouble = outcome === 'missing' ? NO_PERL : outcome === 'late' ? LATE : null;
      return { output, complaint: complaint.trim().split('\n').at(-1)!, trouble };
    },
    close: async () => {},
  };
}
