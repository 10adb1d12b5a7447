import { spawn } from 'node:child_process';

import type { HostTransport, Trouble } from '../host/transport.ts';

const NO_PERL = {
  isCertain: true,
  reason: 'perl is not on the PATH; install it (Debian: `apt-get install perl-base`)',
};
const LATE = { isCertain: false, reason: 'this machine did not answer in time' };
/** What the agent, and so everything that it starts, gets of the caller's environment. */
const PASSED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ'];

/** Agents as processes of this machine, in a session of their own: no signal of the caller's terminal reaches them. */
export function localTransport(environment: Readonly<Record<string, string | undefined>>): HostTransport {
  const passed = PASSED.flatMap((name) =>
    environment[name] === undefined ? [] : [[name, environment[name]]],
  );
  return {
    exchange: (words, input, content, timeoutMs) =>
      new Promise((resolve) => {
        const child = spawn('perl', words, {
          cwd: '/',
          detached: true,
          env: Object.fromEntries(passed),
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        const chunks: Buffer[] = [];
        let complaint = '';
        const end = (trouble: Trouble | null) => {
          clearTimeout(timer);
          content?.destroy();
          resolve({
            output: Buffer.concat(chunks),
            complaint: complaint.trim().split('\n').at(-1)!,
            trouble,
          });
        };
        const timer = setTimeout(() => {
          for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
          child.unref();
          end(LATE);
        }, timeoutMs);
        child.stderr.on('data', (chunk: Buffer) => {
          complaint = (complaint + chunk).slice(-1000);
        });
        child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
        child.on('error', () => end(NO_PERL));
        child.on('close', () => end(null));
        // The agent may have ended without reading it all.
        child.stdin.on('error', () => {});
        child.stdin.write(input);
        if (content === null) child.stdin.end();
        else {
          content.on('error', () => child.stdin.destroy());
          content.pipe(child.stdin);
        }
      }),
    close: async () => {},
  };
}
