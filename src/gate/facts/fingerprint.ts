import { digestOf } from '../../base/digest.ts';
import type { Finding } from './finding.ts';

/** What is known of the sources when fingerprints are made. */
export interface FingerprintSources {
  /** The path that a file has now, or had at the base: both sides must map to the same one. */
  renamed(path: string): string;
  /** The finding's line with its neighbours, or null when the source is not there. */
  context(path: string, line: number): string | null;
}

const NO_SOURCES: FingerprintSources = { renamed: (path) => path, context: () => null };

/**
 * The fingerprint of each finding, in order: what stays the same when lines move and files are renamed. Made of category, tool, rule,
 * path, package (without its version) and the text around the finding, and a number that tells findings apart that agree in all
 * of these. So the new findings of a change are a difference of two lists.
 */
export function fingerprintsOf(
  findings: readonly Finding[],
  sources: FingerprintSources = NO_SOURCES,
): string[] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const { category, tool, rule, place } = finding;
    const around = place?.line == null ? null : sources.context(place.path, place.line);
    const path = place === null ? '' : sources.renamed(place.path);
    const text = around === null ? finding.anchor : around.replace(/\s+/g, ' ').trim();
    const parts = [category, tool, rule, path, finding.package?.name ?? '', text];
    const base = digestOf(JSON.stringify(parts));
    const ordinal = seen.get(base) ?? 0;
    seen.set(base, ordinal + 1);
    return ordinal === 0 ? base : digestOf(`${base} ${ordinal}`);
  });
}
