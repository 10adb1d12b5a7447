import { rmdirSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JsonObject } from '../../../base/json.ts';
import type { Clock } from '../../../base/port.ts';
import type { ReferenceStore } from '../../contract.ts';
import { checkReferenceName, prefixText } from '../names.ts';
import { referenceRecord, referenceText } from '../reference-text.ts';
import type { Committer } from './committer.ts';
import { codeOf, folderError } from './failure.ts';
import type { Layout } from './layout.ts';
import type { PartialFiles } from './partial-files.ts';
import { touchFile } from './stored-file.ts';

/** Records as files; the time of one is when it was last written or read. */
export class FolderReferences implements ReferenceStore {
  readonly #layout: Layout;
  readonly #partials: PartialFiles;
  readonly #committer: Committer;
  readonly #clock: Clock;

  constructor(layout: Layout, partials: PartialFiles, committer: Committer, clock: Clock) {
    this.#layout = layout;
    this.#partials = partials;
    this.#committer = committer;
    this.#clock = clock;
  }

  async write(name: string, record: JsonObject): Promise<void> {
    checkReferenceName(name);
    try {
      const partial = this.#partials.write([Buffer.from(referenceText(name, record))]);
      await this.#committer.move(partial, this.#layout.reference(name));
    } catch (error) {
      throw folderError(error, this.#layout.directory);
    }
  }

  async read(name: string): Promise<JsonObject | null> {
    checkReferenceName(name);
    const path = this.#layout.reference(name);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
    const record = referenceRecord(name, text, `the folder ${this.#layout.directory}`);
    touchFile(path, this.#clock.now());
    return record;
  }

  async list(prefix: string, limit = 1000): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of descend(this.#layout.references, prefixText(prefix))) {
      if (names.length >= limit) break;
      names.push(name);
    }
    return names;
  }

  async remove(name: string): Promise<void> {
    checkReferenceName(name);
    const path = this.#layout.reference(name);
    rmSync(path, { force: true });
    removeEmptied(dirname(path), this.#layout.references);
  }
}

/** The names below a folder, greatest first, without reading folders that come after what is asked for. `prefix` is empty or ends in `/`. */
async function* descend(root: string, prefix: string): AsyncIterable<string> {
  let entries: readonly { readonly text: string; readonly folder: boolean }[];
  try {
    const found = await readdir(`${root}/${prefix}`, { withFileTypes: true });
    entries = found
      .filter((entry) => entry.isDirectory() || entry.name.endsWith('='))
      .map((entry) => {
        const folder = entry.isDirectory();
        return { text: folder ? `${entry.name}/` : entry.name.slice(0, -1), folder };
      });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  // With the slash, since all names in the folder have it and it sorts between other characters.
  for (const { text, folder } of entries.toSorted((a, b) => (a.text < b.text ? 1 : -1))) {
    if (folder) yield* descend(root, `${prefix}${text}`);
    else yield `${prefix}${text}`;
  }
}

/** Removes the folder and those around it up to the root, as far as nothing is in them. */
export function removeEmptied(folder: string, root: string): void {
  try {
    for (let at = folder; at.length > root.length; at = dirname(at)) rmdirSync(at);
  } catch (error) {
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'ENOENT') throw error;
  }
}
