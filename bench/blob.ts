import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '../src/base/digest.ts';
import type { Storage } from '../src/cache/contract.ts';
import { openFolderStorage } from '../src/cache/storage/folder/folder-storage.ts';
import { machineClock } from '../src/machine/clock.ts';
import { machineOwners } from '../src/machine/owners.ts';
import { line, median } from './support/measure.ts';

/*
 * How quick blobs are, beside what the system's own commands need to copy (and flush) or to check the same files in the same
 * run. Prints ratios; the milliseconds belong to this machine. `node bench/blob.ts [rounds]`
 */

const rounds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-blob-'));
const owners = machineOwners();

interface Files {
  readonly name: string;
  readonly paths: readonly string[];
  readonly source: string;
}

/** Half of it text, half of it noise, as in a tree of sources and images. */
function makeFiles(name: string, count: number, bytes: number): Files {
  const source = join(folder, name);
  mkdirSync(source);
  const words = readFileSync(import.meta.filename, 'utf8').repeat(Math.ceil(bytes / 4000));
  for (let i = 0; i < count; i++) {
    const content = i % 2 === 0 ? randomBytes(bytes) : `${i} ${words}`.slice(0, bytes);
    writeFileSync(join(source, `file-${i}`), content);
  }
  return { name, source, paths: readdirSync(source).map((file) => join(source, file)) };
}

async function timed(action: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await action();
  return performance.now() - startedAt;
}

const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'ignore' });
const putAll = (storage: Storage, paths: readonly string[]) =>
  storage.blobs.putMany(paths.map((path) => ({ kind: 'file', path })));

async function readAll(storage: Storage, digests: readonly Digest[]): Promise<void> {
  for (const digest of digests) {
    for await (const _ of (await storage.blobs.open(digest))!);
  }
}

try {
  for (const files of [
    makeFiles('1,000 files of 10 KB', 1000, 10_000),
    makeFiles('4 files of 32 MB', 4, 32e6),
  ]) {
    const times: Record<'copy' | 'put' | 'again' | 'sum' | 'read', number[]> = {
      copy: [],
      put: [],
      again: [],
      sum: [],
      read: [],
    };
    for (let round = 0; round <= rounds; round++) {
      const directory = join(folder, `storage-${files.paths.length}-${round}`);
      const storage = openFolderStorage({ directory, clock: machineClock, owners });
      const copy = join(folder, 'copy');
      let digests: readonly Digest[] = [];
      const measured = {
        copy: await timed(() => {
          run('cp', '-r', files.source, copy);
          run('sync', '-f', copy);
        }),
        put: await timed(async () => {
          digests = (await putAll(storage, files.paths)).map(({ digest }) => digest);
        }),
        again: await timed(() => putAll(storage, files.paths)),
        sum: await timed(() => run('sha256sum', '--', ...files.paths)),
        read: await timed(() => readAll(storage, digests)),
      };
      for (const name of ['copy', 'put', 'again', 'sum', 'read'] as const) {
        // The first round warms up.
        if (round > 0) times[name].push(measured[name]);
      }
      await storage.close();
      rmSync(copy, { recursive: true });
      rmSync(directory, { recursive: true });
    }
    const against = (what: string, name: keyof typeof times, floor: keyof typeof times, goal: string) => {
      const ratio = median(times[name].map((ms, i) => ms / times[floor][i]!));
      const detail = `${median(times[name]).toFixed(0)} ms, floor ${median(times[floor]).toFixed(0)} ms`;
      line(`${files.name}, ${what}`, ratio, goal, detail);
    };
    against('put / cp and sync', 'put', 'copy', '<= 2.00');
    against('put again / sha256sum', 'again', 'sum', '<= 1.00');
    against('verified read / sha256sum', 'read', 'sum', '<= 2.00');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
