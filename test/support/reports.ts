import { globSync, readFileSync } from 'node:fs';
import { FactCollector } from '../../src/gate/facts/collect.ts';
import type { Facts } from '../../src/gate/facts/facts.ts';
import { parserOf } from '../../src/gate/report/choose.ts';
import { type Figures, ReportError } from '../../src/gate/report/contract.ts';
import { readReport } from '../../src/gate/report/read-report.ts';

const FOLDER = new URL('../fixtures/reports/', import.meta.url);

/** A report of the fixtures: its kind, name and bytes, and what it must give. */
export interface Fixture {
  readonly kind: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly figures: Figures;
}

/** All reports that have their figures beside them. */
export function reportFixtures(): Fixture[] {
  const expected = globSync('*/*.figures.json', { cwd: FOLDER.pathname }).sort();
  return expected.map((path) => {
    const file = path.replace(/\.figures\.json$/, '');
    const [kind, name] = file.split('/') as [string, string];
    const figures = JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8')) as Figures;
    return { kind, name, bytes: readFileSync(new URL(file, FOLDER)), figures };
  });
}

/** What reading gave: facts and figures, or the error. */
export type Outcome =
  | { readonly facts: Facts; readonly figures: Figures; readonly error: null }
  | { readonly facts: null; readonly figures: Figures | null; readonly error: ReportError };

/** Reads a report that comes in pieces of `pieceBytes`. `kind` null lets it be told. Anything but a `ReportError` is thrown. */
export async function readBytes(
  name: string,
  bytes: Uint8Array | string,
  kind: string | null,
  pieceBytes = 65_536,
): Promise<Outcome> {
  const all = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  const collector = new FactCollector();
  try {
    const parser = kind === null ? null : parserOf(kind);
    const read = await readReport(name, pieces(all, pieceBytes), parser, collector);
    return { facts: collector.facts(name, read), figures: read.figures, error: null };
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    return { facts: null, figures: error.figures, error };
  }
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
