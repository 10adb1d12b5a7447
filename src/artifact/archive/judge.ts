import { refusal } from './refusal.ts';
import type { TarEntry } from './tar-reader.ts';

/** How much is taken of one archive. */
export interface ArchiveLimits {
  readonly entriesMax: number;
  /** Of all contents together. */
  readonly bytesMax: number;
  /** Unpacked bytes for each packed one, from the first 64 MiB on. */
  readonly ratioMax: number;
}

/** An entry that may be written: its path is relative, plain and its own. */
export interface GoodEntry {
  readonly path: string;
  /** Of a hard link: the file that it is a copy of. Of a link: as the archive has it. */
  readonly target: string;
}

const PART_BYTES_MAX = 255;
const PATH_BYTES_MAX = 4096;
const PARTS_MAX = 256;
const LINKS_FOLLOWED_MAX = 40;

/** Judges the entries of one archive in their order. Throws an `ArtifactError` at the first bad one. */
export class Judge {
  readonly #limits: ArchiveLimits;
  readonly #kinds = new Map<string, TarEntry['kind']>();
  /** Paths as a file system sees them that takes upper and lower case, or composed and decomposed letters, for the same. */
  readonly #spellings = new Map<string, string>();
  readonly #links = new Map<string, { readonly name: string; readonly target: string }>();
  readonly #sizes = new Map<string, number>();
  #entries = 0;
  #bytes = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** null: the root itself, which is there already. */
  take(entry: TarEntry): GoodEntry | null {
    const { name, kind, size } = entry;
    this.#entries += 1;
    if (this.#entries > this.#limits.entriesMax)
      throw refusal(name, `is one more than the ${this.#limits.entriesMax} that are taken`);
    const parts = readParts(name);
    if (parts.length === 0) {
      if (kind === 'folder') return null;
      throw refusal(name, 'has no name');
    }
    const path = parts.join('/');
    for (let depth = 1; depth < parts.length; depth++)
      this.#takeParent(parts.slice(0, depth).join('/'), name);
    this.#takeSpelling(path, name);
    const known = this.#kinds.get(path);
    if (known !== undefined && !(known === 'folder' && kind === 'folder'))
      throw refusal(name, 'is there twice');
    this.#kinds.set(path, kind === 'hardlink' ? 'file' : kind);
    if (kind === 'link') return { path, target: this.#takeLink(path, entry) };
    const source = kind === 'hardlink' ? this.#sourceOf(entry) : '';
    const bytes = kind === 'hardlink' ? this.#sizes.get(source)! : size;
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.bytesMax)
      throw refusal(name, `brings the contents to more than ${this.#limits.bytesMax} bytes`);
    if (kind !== 'folder') this.#sizes.set(path, bytes);
    return { path, target: source };
  }

  /** To be called after the last entry: links may lead over each other, in any order. */
  end(): void {
    for (const [path, { name }] of this.#links) this.#follow(path, name);
  }

  #takeParent(path: string, name: string): void {
    const kind = this.#kinds.get(path);
    if (kind === 'link') throw refusal(name, `goes through the link "${path}"`);
    if (kind === 'file') throw refusal(name, `lies in "${path}", which is a file`);
    if (kind !== undefined) return;
    this.#takeSpelling(path, name);
    this.#kinds.set(path, 'folder');
  }

  #takeSpelling(path: string, name: string): void {
    const same = path.normalize('NFC').toLowerCase();
    const known = this.#spellings.get(same) ?? path;
    if (known !== path) throw refusal(name, `differs from "${known}" only in how it is spelled`);
    this.#spellings.set(same, path);
  }

  #sourceOf({ name, target }: TarEntry): string {
    const path = readParts(target, name).join('/');
    if (!this.#sizes.has(path))
      throw refusal(name, `is a hard link to "${target}", which is no file before it`);
    return path;
  }

  #takeLink(path: string, { name, target }: TarEntry): string {
    if (target === '' || target.includes('\0')) throw refusal(name, 'is a link to nowhere');
    if (target.startsWith('/') || target.includes('\\') || /^[a-z]:/i.test(target))
      throw refusal(name, `is a link to "${target}", outside of the archive`);
    this.#links.set(path, { name, target });
    return target;
  }

  /** Walks as a file system would, from the link's folder over every other link. */
  #follow(path: string, name: string): void {
    const place = path.split('/').slice(0, -1);
    const left = this.#links.get(path)!.target.split('/');
    let followed = 0;
    while (left.length > 0) {
      const part = left.shift()!;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (place.length === 0)
          throw refusal(name, `is a link to "${this.#links.get(path)!.target}", outside of the archive`);
        place.pop();
        continue;
      }
      const next = this.#links.get([...place, part].join('/'));
      if (!next) place.push(part);
      else {
        followed += 1;
        if (followed > LINKS_FOLLOWED_MAX) throw refusal(name, 'is a link that leads in a circle');
        left.unshift(...next.target.split('/'));
      }
    }
  }
}

/** The parts of a path. `entry`: the entry that names it, when it is not its own name. */
function readParts(path: string, entry = path): readonly string[] {
  if (path.startsWith('/'))
    throw refusal(entry, `has an absolute path${entry === path ? '' : ` as its target`}`);
  if (path.includes('\\') || /^[a-z]:/i.test(path))
    throw refusal(entry, 'has a path that another system takes for an absolute one or for folders');
  if (/[\u0000-\u001f\u007f]/.test(path)) throw refusal(entry, 'has a control character in its name');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refusal(entry, 'leads out of the archive with ".."');
  if (parts.some((part) => Buffer.byteLength(part) > PART_BYTES_MAX))
    throw refusal(entry, `has a name of more than ${PART_BYTES_MAX} bytes`);
  if (parts.length > PARTS_MAX || Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw refusal(
      entry,
      `lies deeper than ${PARTS_MAX} folders, or its path has more than ${PATH_BYTES_MAX} bytes`,
    );
  return parts;
}
