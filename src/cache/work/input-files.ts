import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { type Digest, digestOf } from '../../base/digest.ts';
import type { Clock } from '../../base/port.ts';
import type { InputFile, InputFiles } from '../contract.ts';
import { FileIndex, type IndexPass } from '../tree/file-index.ts';
import { Slices } from '../tree/slices.ts';

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const BLOCK_BYTES = 256 * 1024;
/** Size, times, inode and mode. */
const STATE_NUMBERS = 5;

export interface InputFilesOptions {
  /** The folder that paths are relative to. */
  readonly root: string;
  /** Where digests are remembered between runs; null: nowhere. */
  readonly indexFile: string | null;
  readonly clock: Clock;
}

/** The files of a work tree as one run takes them: each is looked at once, and read only when it changed since the index was written. */
export function openInputFiles({ root, indexFile, clock }: InputFilesOptions): InputFiles {
  const known = new Map<string, InputFile | null>();
  const states = new Map<string, number>();
  /** Numbers of each state, one behind the other: ten thousand `Stats` would be moved about by the garbage collector. */
  let numbers = new Float64Array(1024 * STATE_NUMBERS);
  let pass: IndexPass | null = null;
  let block: Buffer | null = null;

  function look(path: string): Stats | null {
    try {
      return lstatSync(`${root}/${path}`, { throwIfNoEntry: false }) ?? null;
    } catch {
      return null; // A folder on its way is a file now, or may not be entered: the file cannot be read either.
    }
  }

  function note(path: string, { size, mtimeMs, ctimeMs, ino, mode }: Stats): void {
    const at = states.size * STATE_NUMBERS;
    if (at === numbers.length) {
      const larger = new Float64Array(numbers.length * 2);
      larger.set(numbers);
      numbers = larger;
    }
    states.set(path, at);
    numbers[at] = size;
    numbers[at + 1] = mtimeMs;
    numbers[at + 2] = ctimeMs;
    numbers[at + 3] = ino;
    numbers[at + 4] = mode;
  }

  async function read(path: string, slices: Slices): Promise<Digest | null> {
    let file: number;
    try {
      file = openSync(`${root}/${path}`, OPEN_FLAGS);
    } catch {
      return null;
    }
    block ??= Buffer.allocUnsafe(BLOCK_BYTES);
    try {
      const first = readSync(file, block, 0, BLOCK_BYTES, null);
      if (first < BLOCK_BYTES) return digestOf(block.subarray(0, first));
      const whole = createHash('sha256');
      for (let count = first; count > 0; count = readSync(file, block, 0, BLOCK_BYTES, null)) {
        whole.update(block.subarray(0, count));
        if (slices.isOver()) await slices.next();
      }
      return whole.digest('hex') as Digest;
    } finally {
      closeSync(file);
    }
  }

  async function take(path: string, slices: Slices): Promise<InputFile | null> {
    const found = look(path);
    if (found?.isSymbolicLink()) {
      const target = readlinkSync(`${root}/${path}`);
      const inside = posix.join(posix.dirname(path), target);
      const isInside = !target.startsWith('/') && inside !== '..' && !inside.startsWith('../');
      return { digest: digestOf(`link\0${target}`), isExecutable: false, leadsTo: isInside ? inside : null };
    }
    if (!found?.isFile()) return null;
    pass ??= indexFile === null ? null : FileIndex.open(indexFile).begin();
    let digest = pass?.find(path, found) ?? null;
    if (digest === null) {
      digest = await read(path, slices);
      if (digest === null) return null;
      pass?.remember(path, found, digest);
    }
    note(path, found);
    return { digest, isExecutable: (found.mode & 0o111) !== 0, leadsTo: null };
  }

  return {
    async look(paths) {
      const slices = new Slices(clock);
      for (const path of paths) {
        if (known.has(path)) continue;
        known.set(path, await take(path, slices));
        if (slices.isOver()) await slices.next();
      }
    },
    get: (path) => known.get(path),
    isUnchanged(path) {
      const then = states.get(path);
      const now = look(path);
      return (
        then !== undefined &&
        now !== null &&
        now.size === numbers[then] &&
        now.mtimeMs === numbers[then + 1] &&
        now.ctimeMs === numbers[then + 2] &&
        now.ino === numbers[then + 3] &&
        now.mode === numbers[then + 4]
      );
    },
    save: (isThere) => pass?.save((path) => !isThere(path)),
  };
}
