import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { userError } from '../../../base/diagnostic.ts';
import { visible } from '../../../base/text.ts';
import type { Backend, RouterState } from '../contract.ts';
import { openProxyRouter } from './proxy-router.ts';

const START_TIMEOUT_MS = 15_000;

/**
 * Sees to it that the proxy of `folder` runs, and resolves with what it does. It outlives the caller and its terminal. `command`
 * is a program with arguments that calls `runProxy` with the folder, host and port that are put behind. Throws `UserError` when it
 * does not come up, such as for a port that is taken.
 */
export async function ensureProxy(
  folder: string,
  listen: Backend,
  command: readonly string[],
): Promise<RouterState> {
  const router = openProxyRouter(folder);
  const before = await router.state();
  if (before.outcome === 'known') return before;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = join(folder, 'proxy.log');
  const output = openSync(log, 'a', 0o600);
  const [program, ...args] = command;
  const child = spawn(program!, [...args, folder, listen.host, `${listen.port}`], {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
  });
  closeSync(output);
  let isGone = false;
  child.on('exit', () => {
    isGone = true;
  });
  child.on('error', () => {
    isGone = true;
  });
  child.unref();
  const deadline = performance.now() + START_TIMEOUT_MS;
  // Another command may have started one at the same moment; then ours ended because the port was taken.
  for (let last = false; performance.now() < deadline && !last; await wait(25)) {
    last = isGone;
    const state = await router.state();
    if (state.outcome === 'known') return state;
  }
  const place = `${visible(listen.host)}:${listen.port}`;
  throw userError(
    'proxy-start',
    `the proxy for ${place} did not start: ${lastLine(log)}`,
    `end what uses the port, or choose another one as \`listen\`; all that it said: ${visible(log)}`,
  );
}

function lastLine(log: string): string {
  const line = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
  return line ? visible(line) : 'it said nothing';
}
