import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Chance that is the same in every run (xorshift). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export function randomBytes(length: number, next: () => number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = next() * 256;
  return bytes;
}

/** Text that compresses about as source code does, to a third or a quarter. */
export function randomText(length: number, next: () => number): string {
  const words: string[] = [];
  for (let filled = 0; filled < length; ) {
    const word =
      next() < 0.2 ? Math.floor(next() * 1e9).toString(36) : WORDS[Math.floor(next() * WORDS.length)]!;
    words.push(word);
    filled += word.length + 1;
  }
  return words.join(' ').slice(0, length);
}

const WORDS = readFileSync(new URL('../../src/cache/contract.ts', import.meta.url), 'utf8').split(/\s+/);

/** `count` files of `bytes` bytes in `folders` folders, two deep; gives their paths. */
export function writeFiles(root: string, count: number, folders: number, bytes: number): string[] {
  const next = chance(4711);
  const paths: string[] = [];
  const perFolder = Math.ceil(count / folders);
  for (let number = 0; number < count; number++) {
    const folder = Math.floor(number / perFolder);
    const directory = `${root}/${Math.floor(folder / 40)}/${folder}`;
    if (number % perFolder === 0) mkdirSync(directory, { recursive: true });
    const path = `${directory}/file-${number}.ts`;
    writeFileSync(path, randomText(bytes, next));
    paths.push(path);
  }
  return paths;
}
