import type { Digest } from '../../base/digest.ts';
import type { BlobStore, TreeEntry, TreeManifest } from '../contract.ts';
import { type Earlier, readEarlier } from './earlier.ts';
import type { FileIndex, IndexPass } from './file-index.ts';
import { checkLinks } from './link.ts';
import { manifestText } from './manifest.ts';
import { type FileParts, numbered } from './numbered.ts';
import { type Location, Packer } from './packer.ts';
import { ContentReader } from './read-content.ts';
import { readSelection } from './selection.ts';
import type { Slices } from './slices.ts';
import { type FoundEntry, walkTree } from './walk.ts';

export interface SaveRequest {
  readonly root: string;
  readonly select: readonly string[];
  readonly links: 'inside' | 'any';
  /** What was recorded of this place before, or null. */
  readonly since: { readonly digest: Digest; readonly manifest: TreeManifest } | null;
  /** Gets the paths of sockets, devices and FIFOs; null: they are refused. */
  readonly leftOut: string[] | null;
}

export interface SaveResult {
  readonly digest: Digest;
  readonly manifest: TreeManifest;
  readonly addedBytes: number;
}

type FoundFile = FoundEntry & { readonly kind: 'file' };

/** Records a tree: walks it, reads what is not known, packs what is new, and at last stores the manifest. */
export async function saveTree(
  request: SaveRequest,
  blobs: BlobStore,
  index: Pick<FileIndex, 'begin'>,
  slices: Slices,
): Promise<SaveResult> {
  const { root, select, since, links, leftOut } = request;
  const pass = index.begin();
  const found = await walkTree(root, select, slices, leftOut);
  if (links === 'inside') checkLinks(found);
  const earlier = await readEarlier(since, blobs);
  const packer = new Packer(blobs, earlier.parts);
  const work: Work = { root, packer, reader: new ContentReader(), pass, slices, earlier };
  const entries: (FileParts | TreeEntry)[] = [];
  try {
    for (const entry of found) {
      const recorded =
        entry.kind === 'file'
          ? // Nearly all files of a snapshot are known, and 30,000 promises for them take as long as the walk.
            (knownFile(entry, work) ?? (await readFile(entry, work)))
          : recordOther(entry, earlier);
      if (recorded !== null) entries.push(recorded);
      if (slices.isOver()) await slices.next();
    }
  } catch (error) {
    // Nothing may still be on its way to the store when the caller goes on.
    await packer.abandon();
    throw error;
  }
  if (since !== null && earlier.isAllOf(entries)) {
    pass.save(readSelection(select).covers);
    return { ...since, addedBytes: 0 };
  }
  let manifest: TreeManifest | null = null;
  const { digest } = await packer.finish(() => {
    manifest = numbered(entries, earlier);
    return Buffer.from(manifestText(manifest));
  });
  pass.save(readSelection(select).covers);
  return { digest, manifest: manifest!, addedBytes: packer.addedBytes };
}

interface Work {
  readonly root: string;
  readonly packer: Packer;
  readonly reader: ContentReader;
  readonly pass: IndexPass;
  readonly slices: Slices;
  readonly earlier: Earlier;
}

function recordOther(found: Exclude<FoundEntry, FoundFile>, earlier: Earlier): TreeEntry {
  const old = earlier.at(found.path);
  if (found.kind === 'link') return old?.kind === 'link' && old.target === found.target ? old : found;
  const mode = found.stats.mode & 0o777;
  return old?.kind === 'folder' && old.mode === mode ? old : { kind: 'folder', path: found.path, mode };
}

/** Null: it must be read. */
function knownFile(found: FoundFile, work: Work): FileParts | TreeEntry | null {
  const digest = work.pass.find(found.path, found.stats);
  if (digest === null) return null;
  const old = work.earlier.at(found.path);
  if (old?.kind === 'file' && old.digest === digest && work.earlier.isStored(old)) {
    const now = described(found);
    return old.mode === now.mode && old.mtimeMs === now.mtimeMs ? old : { ...old, ...now };
  }
  return movedFile(found, digest, work);
}

/** A file that did not change, but is not in the earlier tree, where another has the same content. */
function movedFile(found: FoundFile, digest: Digest, { earlier, packer }: Work): FileParts | null {
  const pieces = earlier.piecesOf(digest);
  if (pieces === null) return null;
  const parts: (readonly [Digest, Location])[] = [];
  for (const [part] of pieces) {
    const location = packer.find(part);
    if (location === undefined) return null;
    parts.push([part, location]);
  }
  return { ...described(found), digest, size: found.stats.size, parts };
}

/** Null: the file is gone. */
async function readFile(found: FoundFile, work: Work): Promise<FileParts | null> {
  const parts: (readonly [Digest, Location])[] = [];
  const content = await work.reader.read(
    `${work.root}/${found.path}`,
    found.path,
    work.slices,
    (digest, bytes) => {
      const { location, full } = work.packer.add(digest, bytes);
      parts.push([digest, location]);
      return full;
    },
  );
  if (content === null) return null;
  work.pass.remember(found.path, found.stats, content.digest);
  return { ...described(found), digest: content.digest, size: content.size, parts };
}

function described({ path, stats }: FoundFile) {
  return { kind: 'file', path, mode: stats.mode & 0o777, mtimeMs: Math.floor(stats.mtimeMs) } as const;
}
