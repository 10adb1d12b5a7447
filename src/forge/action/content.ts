import { createHash, type Hash } from 'node:crypto';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import process from 'node:process';

/**
 * The digest of all files of a folder: names, kinds, whether they may be executed, contents. `.git` does not count.
 * Links are told by where they lead; of anything else the name is told.
 */
export function contentDigest(folder: string): string {
  const hash = createHash('sha256');
  for (const path of pathsBelow(folder, '')) add(hash, folder, path);
  return `sha256:${hash.digest('hex')}`;
}

/** Copies a folder and digests what was copied, so that what is used is what was digested. */
export function copyContent(from: string, to: string): string {
  mkdirSync(dirname(to), { recursive: true });
  const partial = `${to}.${process.pid}.${process.hrtime.bigint()}`;
  mkdirSync(partial, { recursive: true });
  for (const path of pathsBelow(from, '')) copy(from, partial, path);
  const digest = contentDigest(partial);
  try {
    renameSync(partial, to);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another one of us was quicker; equal names have equal contents.
    if (!lstatSync(to, { throwIfNoEntry: false })) throw error;
  }
  return digest;
}

function add(hash: Hash, folder: string, path: string): void {
  const file = join(folder, path);
  const status = lstatSync(file);
  const tell = (kind: string, content: Uint8Array | string) => {
    const bytes = Buffer.from(content);
    hash.update(`${kind}\0${path}\0${bytes.length}\0`).update(bytes);
  };
  if (status.isFile()) tell((status.mode & 0o100) === 0 ? 'file' : 'program', readFileSync(file));
  else if (status.isSymbolicLink()) tell('link', readlinkSync(file));
}

function copy(from: string, to: string, path: string): void {
  const source = join(from, path);
  const target = join(to, path);
  const status = lstatSync(source);
  mkdirSync(dirname(target), { recursive: true });
  if (status.isFile()) copyFileSync(source, target);
  else if (status.isSymbolicLink() && staysInside(path, readlinkSync(source)))
    symlinkSync(readlinkSync(source), target);
}

/** A link that leads out of an action has no business in it. */
function staysInside(path: string, link: string): boolean {
  return !link.startsWith('/') && !normalize(join(dirname(path), link)).startsWith('..');
}

function* pathsBelow(root: string, folder: string): Generator<string> {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name === '.git') continue;
    if (entry.isDirectory()) yield* pathsBelow(root, path);
    else yield path;
  }
}
