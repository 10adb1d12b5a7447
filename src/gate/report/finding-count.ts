import type { FactSink } from '../facts/facts.ts';
import type { Figures } from './contract.ts';
import { findingOf, type GivenFinding } from './finding.ts';
import { tallies, tally } from './value.ts';

/** Tells the findings of one tool to the sink and counts them for the figures. */
export class FindingCount {
  readonly #sink: FactSink;
  readonly #tool: string;
  readonly #severities = tallies();
  readonly #levels = tallies();
  readonly #rules = new Set<string>();
  readonly #files = new Set<string>();
  readonly #packages = new Set<string>();
  #findings = 0;
  #suppressed = 0;
  #fixable = 0;

  /** `version` is told to the sink with `tool`; null as long as it is not known. */
  constructor(sink: FactSink, tool: string, version: string | null = null) {
    this.#sink = sink;
    this.#tool = tool;
    sink.tool(tool, version);
  }

  add(given: Omit<GivenFinding, 'tool'>): void {
    const finding = findingOf({ ...given, tool: this.#tool });
    this.#findings++;
    if (finding.suppressed !== null) this.#suppressed++;
    else {
      tally(this.#severities, finding.severity);
      tally(this.#levels, finding.level);
    }
    if (finding.isFixAvailable) this.#fixable++;
    this.#rules.add(finding.rule);
    if (finding.place) this.#files.add(finding.place.path);
    if (finding.package) this.#packages.add(`${finding.package.name}@${finding.package.version ?? ''}`);
    this.#sink.finding(finding);
  }

  /** What is suppressed counts in `findings`, not by severity. `by_level` has the tool's own words. */
  figures(): Figures {
    return {
      findings: this.#findings,
      suppressed: this.#suppressed,
      by_severity: { ...this.#severities },
      by_level: { ...this.#levels },
      distinct_rules: this.#rules.size,
      ...(this.#files.size > 0 && { distinct_files: this.#files.size }),
      ...(this.#packages.size > 0 && { distinct_packages: this.#packages.size }),
      ...(this.#fixable > 0 && { with_fix: this.#fixable }),
    };
  }
}
