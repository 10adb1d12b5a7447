import type { Digest } from '../../base/digest.ts';
import type { BlobStore, TreeEntry, TreeManifest, TreePiece } from '../contract.ts';
import type { FileIndex, IndexPass } from './file-index.ts';
import { contentDigest, manifestText } from './manifest.ts';
import { knownParts, type Location, Packer } from './packer.ts';
import { ContentReader } from './read-content.ts';
import { readSelection } from './selection.ts';
import type { Slices } from './slices.ts';
import { type FoundEntry, walkTree } from './walk.ts';

export interface SaveRequest {
  readonly root: string;
  readonly select: readonly string[];
  /** What was recorded of this place before, or null. */
  readonly since: { readonly digest: Digest; readonly manifest: TreeManifest } | null;
}

export interface SaveResult {
  readonly digest: Digest;
  readonly manifest: TreeManifest;
  readonly addedBytes: number;
}

type FoundFile = FoundEntry & { readonly kind: 'file' };
type FileEntry = TreeEntry & { readonly kind: 'file' };
type FileParts = Omit<FileEntry, 'pieces'> & {
  readonly parts: readonly (readonly [Digest, Location])[];
};

/** Records a tree: walks it, reads what is not known, packs what is new, and at last stores the manifest. */
export async function saveTree(
  request: SaveRequest,
  blobs: BlobStore,
  index: FileIndex,
  slices: Slices,
): Promise<SaveResult> {
  const pass = index.begin();
  const found = await walkTree(request.root, request.select, slices);
  const work = await startWork(request, blobs, pass, slices);
  const entries: (FileParts | Exclude<TreeEntry, FileEntry>)[] = [];
  try {
    for (const entry of found) {
      if (entry.kind === 'link') entries.push(entry);
      else if (entry.kind === 'folder')
        entries.push({ kind: 'folder', path: entry.path, mode: entry.stats.mode & 0o777 });
      else {
        const file = knownFile(entry, work) ?? (await readFile(entry, work));
        if (file !== null) entries.push(file);
      }
      if (slices.isOver()) await slices.next();
    }
  } finally {
    // Also when reading failed: nothing may still be on its way to the store when the caller goes on.
    await work.packer.finish();
  }
  pass.save(readSelection(request.select).covers);
  const manifest = numbered(entries);
  const put = await blobs.put({ kind: 'bytes', bytes: Buffer.from(manifestText(manifest)) });
  return { digest: put.digest, manifest, addedBytes: work.packer.addedBytes + put.addedBytes };
}

interface Work {
  readonly root: string;
  readonly packer: Packer;
  readonly reader: ContentReader;
  readonly pass: IndexPass;
  readonly slices: Slices;
  /** By the digest of the whole content, those of its parts. */
  readonly partsOf: ReadonlyMap<Digest, readonly TreePiece[]>;
}

async function startWork(
  { root, since }: SaveRequest,
  blobs: BlobStore,
  pass: IndexPass,
  slices: Slices,
): Promise<Work> {
  const partsOf = new Map<Digest, readonly TreePiece[]>();
  for (const entry of since?.manifest.entries ?? [])
    if (entry.kind === 'file') partsOf.set(entry.digest, entry.pieces);
  const packer = new Packer(blobs, await knownParts(since?.manifest ?? null, blobs));
  return { root, packer, reader: new ContentReader(), pass, slices, partsOf };
}

/** A file whose content need not be read: it did not change, and its parts are stored. */
function knownFile(entry: FoundFile, work: Work): FileParts | null {
  const digest = work.pass.find(entry.path, entry.stats);
  const pieces = digest === null ? undefined : work.partsOf.get(digest);
  if (digest === null || pieces === undefined) return null;
  const parts: (readonly [Digest, Location])[] = [];
  for (const [part] of pieces) {
    const location = work.packer.find(part);
    if (location === undefined) return null;
    parts.push([part, location]);
  }
  return { ...described(entry), digest, size: entry.stats.size, parts };
}

/** Null: the file is gone. */
async function readFile(entry: FoundFile, work: Work): Promise<FileParts | null> {
  const parts: (readonly [Digest, Location])[] = [];
  const content = await work.reader.read(
    `${work.root}/${entry.path}`,
    entry.path,
    work.slices,
    (digest, bytes) => {
      const { location, full } = work.packer.add(digest, bytes);
      parts.push([digest, location]);
      return full;
    },
  );
  if (content === null) return null;
  work.pass.remember(entry.path, entry.stats, content.digest);
  return { ...described(entry), digest: content.digest, size: content.size, parts };
}

function described({ path, stats }: FoundFile) {
  return {
    kind: 'file',
    path,
    mode: stats.mode & 0o777,
    mtimeMs: Math.floor(stats.mtimeMs),
  } as const;
}

/** With the packs in the order of their first use, so that the same tree in the same packs has the same manifest. */
function numbered(found: readonly (FileParts | Exclude<TreeEntry, FileEntry>)[]): TreeManifest {
  const packs = new Map<Digest, number>();
  const numberOf = (digest: Digest) => {
    const number = packs.get(digest) ?? packs.size;
    packs.set(digest, number);
    return number;
  };
  const entries = found.map((entry): TreeEntry => {
    if (entry.kind !== 'file') return entry;
    const { parts, ...file } = entry;
    const pieces = parts.map(
      ([digest, { pack, offset, size }]): TreePiece => [digest, numberOf(pack.digest!), offset, size],
    );
    return { ...file, pieces };
  });
  return { schemaVersion: 1, content: contentDigest(entries), packs: [...packs.keys()], entries };
}
