import { readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import type { Digest } from '../../../base/digest.ts';
import { BlobDamageError } from '../../contract.ts';
import { isDigest } from '../names.ts';
import { referenceRecord } from '../reference-text.ts';
import { codeOf, ifThere } from './failure.ts';
import type { Layout } from './layout.ts';

export interface FoundReference {
  readonly name: string;
  readonly usedAtMs: number;
}

/** All references with the time of their last use, which looking does not change. */
export async function* foundReferences(layout: Layout, prefix = ''): AsyncIterable<FoundReference> {
  let entries: Awaited<ReturnType<typeof namesAndKinds>>;
  try {
    entries = await namesAndKinds(`${layout.references}/${prefix}`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    if (entry.isDirectory()) {
      yield* foundReferences(layout, `${prefix}${entry.name}/`);
    } else if (entry.name.endsWith('=')) {
      const name = `${prefix}${entry.name.slice(0, -1)}`;
      const usedAtMs = await usedAt(layout.reference(name));
      if (usedAtMs !== null) yield { name, usedAtMs };
    }
  }
}

/** When a file was last used; null when it is gone. */
export async function usedAt(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * What a reference keeps. A damaged one keeps everything that looks like a digest in it: a flipped bit must not cost what
 * somebody may still find by hand.
 */
export function keptBy(layout: Layout, name: string): readonly Digest[] {
  let text = '';
  if (
    !ifThere(() => {
      text = readFileSync(layout.reference(name), 'utf8');
    })
  )
    return [];
  try {
    const { keeps } = referenceRecord(name, text, '');
    return Array.isArray(keeps) ? keeps.filter(isDigest) : [];
  } catch (error) {
    if (!(error instanceof BlobDamageError)) throw error;
    return [...text.matchAll(/[0-9a-f]{64}/g)].map(([digits]) => digits).filter(isDigest);
  }
}

function namesAndKinds(folder: string) {
  return readdir(folder, { withFileTypes: true });
}
