import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Traffic } from '../../src/delivery/router/contract.ts';

/**
 * Lets a process of its own set the traffics by turns, and kills it in the midst of a change, after `changes` of them. `options` are what the kind of
 * router is opened with.
 */
export async function steerAndCrash(
  kind: 'proxy' | 'haproxy' | 'nginx',
  options: unknown,
  token: number,
  traffics: readonly Traffic[],
  changes: number,
): Promise<void> {
  const program = fileURLToPath(new URL('router-steer-process.ts', import.meta.url));
  const args = [program, kind, JSON.stringify(options), `${token}`, JSON.stringify(traffics)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let lines = 0;
  for await (const _ of createInterface({ input: child.stdout }))
    if (++lines === changes) child.kill('SIGKILL');
  await exited;
  if (lines < changes) throw new Error(`the controller ended after ${lines} changes`);
}
