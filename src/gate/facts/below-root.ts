import { Coverage } from './coverage.ts';
import type { Finding } from './finding.ts';
import type { TestCase } from './test-case.ts';

/**
 * Names things as the repository does: many tools write absolute paths, and every job has a folder of its own, so that one file
 * would be another one in each run.
 */
export class BelowRoot {
  /** With `/` at the end. */
  readonly #roots: readonly string[];

  /** `roots`: absolute names of the folder in which the tool worked. Empty: every path stays as it is. */
  constructor(roots: readonly string[]) {
    this.#roots = roots.map((root) => (root.endsWith('/') ? root : `${root}/`));
  }

  path(path: string): string {
    for (const root of this.#roots) if (path.startsWith(root)) return path.slice(root.length);
    return path;
  }

  finding(finding: Finding): Finding {
    const { place } = finding;
    const anchor = this.#text(finding.anchor);
    const path = place && this.path(place.path);
    if (anchor === finding.anchor && path === (place?.path ?? null)) return finding;
    return { ...finding, anchor, place: place && { ...place, path: path! } };
  }

  testCase(test: TestCase): TestCase {
    const [id, suite] = [this.#text(test.id), this.path(test.suite)];
    const file = test.file === null ? null : this.path(test.file);
    return id === test.id && suite === test.suite && file === test.file ? test : { ...test, id, suite, file };
  }

  /** Files that are one below the root are joined. */
  coverage(coverage: Coverage): Coverage {
    if ([...coverage.files.keys()].every((path) => this.path(path) === path)) return coverage;
    const named = new Coverage();
    for (const [path, file] of coverage.files) named.file(this.path(path)).merge(file);
    return named;
  }

  #text(text: string): string {
    let plain = text;
    for (const root of this.#roots) if (plain.includes(root)) plain = plain.replaceAll(root, '');
    return plain;
  }
}
