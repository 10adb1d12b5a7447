import { type Digest, digestOf } from '../../base/digest.ts';
import { type TreeEntry, TreeError, type TreeManifest, type TreePiece } from '../contract.ts';

/**
 * The canonical JSON text of a manifest. Written with its keys in order, and each entry once in the life of its object: a
 * snapshot after every step writes one, in which nearly all entries are those of the one before.
 */
export function manifestText({ content, packs, entries }: TreeManifest): string {
  const list = entries.map(entryText).join(',');
  return `{"content":"${content}","entries":[${list}],"packs":${JSON.stringify(packs)},"schemaVersion":1}`;
}

const entryText = remembered((entry) => {
  if (entry.kind === 'link') return JSON.stringify({ kind: 'link', path: entry.path, target: entry.target });
  if (entry.kind === 'folder') return JSON.stringify({ kind: 'folder', mode: entry.mode, path: entry.path });
  const { digest, mode, mtimeMs, path, pieces, size } = entry;
  return JSON.stringify({ digest, kind: 'file', mode, mtimeMs, path, pieces, size });
});

/** What equal trees have in common, in whatever packs they lie and whenever they were changed. */
export function contentDigest(entries: readonly TreeEntry[]): Digest {
  return digestOf(entries.map(contentLine).join(''));
}

const contentLine = remembered((entry) => {
  const path = JSON.stringify(entry.path);
  if (entry.kind === 'link') return `link ${path} ${JSON.stringify(entry.target)}\n`;
  if (entry.kind === 'folder') return `folder ${path} ${entry.mode}\n`;
  return `file ${path} ${entry.mode} ${entry.digest}\n`;
});

/** Entries are never changed, so what was made of one stays true as long as it is there. */
function remembered(make: (entry: TreeEntry) => string): (entry: TreeEntry) => string {
  const texts = new WeakMap<TreeEntry, string>();
  return (entry) => {
    let text = texts.get(entry);
    if (text === undefined) {
      text = make(entry);
      texts.set(entry, text);
    }
    return text;
  };
}

/**
 * Reads a manifest, which may come from a server: no path in it leads out of the target (where links
 * lead is looked at by who restores them). Throws a `TreeError` that names
 * the entry.
 */
export function readManifest(bytes: Uint8Array): TreeManifest {
  const manifest = parsed(bytes);
  const folders = new Set<string>();
  let before = '';
  for (const entry of manifest.entries) {
    const path: unknown = (entry as { path?: unknown } | null)?.path;
    if (typeof path !== 'string') throw new TreeError('.', 'the manifest has an entry without a path');
    const problem = pathProblem(path) ?? entryProblem(entry, manifest.packs.length);
    if (problem !== null) throw new TreeError(path, problem);
    if (path <= before) throw new TreeError(path, 'the manifest names it twice or out of order');
    before = path;
    if (entry.kind === 'folder') folders.add(path);
  }
  const others = new Set(manifest.entries.filter(({ kind }) => kind !== 'folder').map(({ path }) => path));
  const checked = new Set<string>(folders);
  for (const { path } of manifest.entries) {
    for (let parent = parentOf(path); parent !== '' && !checked.has(parent); parent = parentOf(parent)) {
      if (others.has(parent))
        throw new TreeError(path, `the manifest has it in "${parent}", which is no folder`);
      checked.add(parent);
    }
  }
  return manifest;
}

function parsed(bytes: Uint8Array): TreeManifest {
  let value: TreeManifest | null;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    value = null;
  }
  if (!Array.isArray(value?.entries) || !Array.isArray(value.packs) || !value.packs.every(isDigest))
    throw new TreeError('.', 'this is no manifest of a tree');
  if (value.schemaVersion !== 1)
    throw new TreeError('.', `the manifest has version ${value.schemaVersion}, and this Sluice reads 1`);
  return value;
}

/** The folder that a path is in; '' for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function pathProblem(path: string): string | null {
  if (path.includes('\0')) return 'the path has a NUL byte';
  // One expression for all: 30,000 paths are looked at for each tree.
  return /^$|^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)/.test(path) ? 'the path leads out of the folder' : null;
}

function entryProblem(entry: TreeEntry, packCount: number): string | null {
  if (entry.kind === 'link')
    return typeof entry.target === 'string' && !/^$|\0/.test(entry.target) ? null : 'the link has no target';
  if (entry.kind !== 'file' && entry.kind !== 'folder') return 'the manifest has an unknown kind of entry';
  if (!isCount(entry.mode) || entry.mode > 0o777) return 'the permissions are none';
  if (entry.kind === 'folder') return null;
  if (!isDigest(entry.digest) || !Number.isFinite(entry.mtimeMs)) return 'the manifest is not as it must be';
  if (!Array.isArray(entry.pieces) || !entry.pieces.every((piece) => isPiece(piece, packCount)))
    return 'the manifest does not say where its content is';
  const size = entry.pieces.reduce((sum, piece) => sum + piece[3], 0);
  return size === entry.size ? null : 'its parts do not have its size';
}

function isPiece(piece: TreePiece, packCount: number): boolean {
  if (!Array.isArray(piece)) return false;
  const [digest, pack, offset, size] = piece;
  return isDigest(digest) && isCount(pack) && pack < packCount && isCount(offset) && isCount(size);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
