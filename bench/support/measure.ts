import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** One run of a whole command. */
export interface Sample {
  readonly wallMs: number;
  /** Of the largest process, where GNU time is there to tell. */
  readonly memoryMib: number | null;
}

/** A command of a comparison. */
export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs the commands in rotation (A B C A B C ...), one round uncounted, so that a drift of the machine's speed touches all
 * alike. Gives the median of each by name. Throws when one fails.
 */
export async function compare(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of contestants) {
      const sample = await runOnce(contestant);
      if (round > 0) samples.get(contestant.name)!.push(sample);
    }
  }
  return new Map(
    [...samples].map(([name, list]) => [
      name,
      { wallMs: median(list.map((one) => one.wallMs)), memoryMib: maximum(list.map((one) => one.memoryMib)) },
    ]),
  );
}

function runOnce({ name, command, directory, environment }: Contestant): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const child = spawn(command[0]!, command.slice(1), {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(-2000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) reject(new Error(`${name} ended with ${code}: ${errors}`));
      else resolve({ wallMs: performance.now() - startedMs, memoryMib: peakMemory(errors) });
    });
  });
}

/** What `/usr/bin/time -f 'peak %M'` said, in MiB. */
function peakMemory(errors: string): number | null {
  const kib = /peak (\d+)/.exec(errors)?.[1];
  return kib === undefined ? null : Number(kib) / 1024;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function maximum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** One line of a result: the ratio first, since only ratios travel between machines. */
export function line(what: string, ratio: number, goal: string, detail: string): void {
  console.log(`${what.padEnd(44)} ${ratio.toFixed(2).padStart(6)}x  goal ${goal.padEnd(8)} ${detail}`);
}
