import type { Change } from '../change/change.ts';
import type { BrokenReport, Evidence, ReportEvidence } from '../evidence.ts';
import { Coverage } from '../facts/coverage.ts';
import { FINDING_CATEGORIES, type Finding, type FindingCategory } from '../facts/finding.ts';
import { fingerprintsOf } from '../facts/fingerprint.ts';
import type { TestCase } from '../facts/test-case.ts';
import { ASPECT_WORDS, type Aspect, aspectsOf, couldTell } from './aspect.ts';
import { compareFindings } from './compare-finding.ts';
import {
  type Exclusion,
  excludesFile,
  excludesFinding,
  excludesTest,
  matchesPath,
  needsFingerprint,
} from './exclusion.ts';
import { type FindingList, findingLists } from './finding-list.ts';
import { compareText, type Unmeasured, unmeasured } from './measurement.ts';
import { type Suite, suiteOf } from './suite.ts';

/** What of the evidence is looked at. */
export interface Filter {
  /** Globs of job ids. Empty: all. */
  readonly jobs: readonly string[];
  readonly suite: Suite | null;
  /** Globs of files; `!` before one leaves out. Empty: all. */
  readonly files: readonly string[];
  readonly exclusions: readonly Exclusion[];
}

export const NO_FILTER: Filter = { jobs: [], suite: null, files: [], exclusions: [] };

/**
 * How old a file may seem at the beginning of its run: file systems and virtual machines keep times of whole seconds, and
 * a guest's clock may lag a little.
 */
const AGE_SLACK_MS = 2000;

/** Evidence through a filter. What is computed is kept, since several conditions look at the same. */
export class FactView {
  readonly evidence: Evidence;
  readonly filter: Filter;
  /** The same of the target branch; null when there is none, and of the target branch itself. */
  readonly base: FactView | null;
  readonly change: Change | null;
  readonly #views = new Map<string, FactView>();
  readonly #memory = new Map<string, unknown>();
  readonly #findingLists = new Map<ReportEvidence, readonly FindingList[]>();

  constructor(evidence: Evidence, base: Evidence | null, change: Change | null, filter: Filter = NO_FILTER) {
    this.evidence = evidence;
    this.filter = filter;
    this.change = change;
    this.base = base === null ? null : new FactView(base, null, change, filter);
  }

  /** The same evidence through a narrower filter. */
  narrowed(more: Partial<Filter>): FactView {
    const filter = { ...this.filter, ...more };
    const key = JSON.stringify(filter);
    let view = this.#views.get(key);
    if (!view) {
      view = new FactView(this.evidence, this.base?.evidence ?? null, this.change, filter);
      this.#views.set(key, view);
    }
    return view;
  }

  /** Computes once and remembers under a name. */
  remember<T>(name: string, compute: () => T): T {
    if (!this.#memory.has(name)) this.#memory.set(name, compute());
    return this.#memory.get(name) as T;
  }

  /**
   * The reports that tell about it, and why they cannot be believed or are not there. With a problem the reports are those that
   * can be believed, for what they say already.
   */
  reportsOf(
    aspect: Aspect,
    also: (report: { readonly job: string; readonly file: string }) => boolean = () => true,
  ): { readonly reports: readonly ReportEvidence[]; readonly problem: Unmeasured | null } {
    const { reports, broken } = this.#selected();
    const telling = reports.filter(
      (report) => aspectsOf(report.facts).has(aspect) && also({ job: report.job, file: report.facts.file }),
    );
    const unreadable = broken.filter((one) => couldTell(one.kind, aspect) && also(one));
    const problems = [
      ...unreadable.map(brokenProblem),
      ...telling.flatMap((report) => this.#staleProblem(report) ?? doubtProblem(report) ?? []),
    ].sort((a, b) => compareText(a.sentence, b.sentence));
    const problem = problems[0] ?? (telling.length === 0 ? this.#missing(aspect) : null);
    const believable = problem
      ? telling.filter((report) => this.#staleProblem(report) === null && doubtProblem(report) === null)
      : telling;
    return { reports: believable, problem };
  }

  /** Whether the job is looked at. */
  hasJob(id: string): boolean {
    const { jobs } = this.filter;
    return jobs.length === 0 || jobs.some((glob) => matchesPath(id, glob));
  }

  /** Whether the file counts. */
  hasFile(path: string): boolean {
    const { files, exclusions } = this.filter;
    return isIncluded(path, files) && !exclusions.some((one) => excludesFile(one, path));
  }

  /** The tests of reports, without those that do not count. */
  tests(reports: readonly ReportEvidence[]): TestCase[] {
    const { files, exclusions } = this.filter;
    return reports.flatMap(({ facts }) =>
      files.length === 0 && exclusions.length === 0
        ? facts.tests
        : facts.tests.filter(
            (test) =>
              (files.length === 0 || (test.file !== null && isIncluded(test.file, files))) &&
              !exclusions.some((one) => excludesTest(one, test)),
          ),
    );
  }

  /** The findings of reports that count: not suppressed, not gone, not excluded, and of one of the categories. */
  findings(
    reports: readonly ReportEvidence[],
    categories: readonly FindingCategory[] = FINDING_CATEGORIES,
  ): FindingList[] {
    return reports
      .flatMap((report) => this.#findingsOf(report))
      .filter(({ category }) => categories.includes(category));
  }

  #findingsOf(report: ReportEvidence): readonly FindingList[] {
    let lists = this.#findingLists.get(report);
    if (!lists) {
      lists = findingLists(report.facts.findings, this.#counting());
      this.#findingLists.set(report, lists);
    }
    return lists;
  }

  #counting(): (finding: Finding) => boolean {
    const { files, exclusions } = this.filter;
    const isThere = ({ suppressed, baseline }: Finding) => suppressed === null && baseline !== 'absent';
    if (files.length === 0 && exclusions.length === 0) return isThere;
    const fingerprints = needsFingerprint(exclusions) ? this.fingerprints() : null;
    return (finding) => {
      if (!isThere(finding)) return false;
      if (files.length > 0 && !(finding.place && isIncluded(finding.place.path, files))) return false;
      const fingerprint = fingerprints?.get(finding) ?? null;
      return !exclusions.some((one) => excludesFinding(one, finding, fingerprint));
    };
  }

  /** Fingerprints of all findings. Made only when somebody asks: 100,000 of them take longer than everything else. */
  fingerprints(): ReadonlyMap<Finding, string> {
    return this.remember('fingerprints', () => {
      const all = this.evidence.reports.flatMap(({ facts }) => facts.findings).sort(compareFindings);
      const fingerprints = fingerprintsOf(all);
      return new Map(all.map((finding, index) => [finding, fingerprints[index]!]));
    });
  }

  /** The fingerprints of a few findings, by looking only at those that may be like them. */
  fingerprintsOf(findings: readonly Finding[]): ReadonlyMap<Finding, string> {
    if (findings.length === 0) return new Map();
    if (this.#memory.has('fingerprints')) return this.fingerprints();
    const anchors = new Set(findings.map(({ anchor }) => anchor));
    const paths = new Set(findings.map(({ place }) => place?.path));
    const byPath = this.#findingsByPath();
    const alike = [...paths]
      .flatMap((path) => (byPath.get(path) ?? []).filter((one) => anchors.has(one.anchor)))
      .sort(compareFindings);
    const fingerprints = fingerprintsOf(alike);
    return new Map(alike.map((finding, index) => [finding, fingerprints[index]!]));
  }

  #findingsByPath(): ReadonlyMap<string | undefined, readonly Finding[]> {
    return this.remember('findings by path', () => {
      const byPath = new Map<string | undefined, Finding[]>();
      for (const { facts } of this.evidence.reports)
        for (const finding of facts.findings) {
          const known = byPath.get(finding.place?.path);
          if (known) known.push(finding);
          else byPath.set(finding.place?.path, [finding]);
        }
      return byPath;
    });
  }

  /** Coverage of reports, merged when there are several. */
  coverage(reports: readonly ReportEvidence[]): Coverage | null {
    return this.remember('coverage', () => {
      const all = reports.flatMap(({ facts }) => facts.coverage ?? []);
      if (all.length <= 1) return all[0] ?? null;
      const merged = new Coverage();
      for (const one of all) merged.merge(one);
      return merged;
    });
  }

  #selected(): { readonly reports: readonly ReportEvidence[]; readonly broken: readonly BrokenReport[] } {
    return this.remember('selected', () => {
      const { jobs, suite } = this.filter;
      const inJob = (job: string) => jobs.length === 0 || jobs.some((glob) => matchesPath(job, glob));
      const reports = this.evidence.reports.filter((report) => inJob(report.job));
      const broken = this.evidence.broken.filter((report) => inJob(report.job));
      if (suite === null) return { reports, broken };
      // What says nothing is taken for unit tests, but never where somebody names the unit tests.
      const isNamed = [...reports.map(nameOf), ...broken].some(
        ({ job, file }) => suiteOf(job, file) === suite,
      );
      const accepts = ({ job, file }: { job: string; file: string }) => {
        const told = suiteOf(job, file);
        return told === suite || (told === null && suite === 'unit' && !isNamed);
      };
      return { reports: reports.filter((report) => accepts(nameOf(report))), broken: broken.filter(accepts) };
    });
  }

  #staleProblem({ facts, commit, writtenAtMs }: ReportEvidence): Unmeasured | null {
    const { commit: expected, beganAtMs } = this.evidence;
    if (expected !== null && commit !== expected) {
      const of = commit === null ? 'of no known commit' : `of commit ${commit.slice(0, 12)}`;
      return unmeasured(
        'stale',
        `${facts.file} is ${of}, and the run is of ${expected.slice(0, 12)}`,
        'make the report in this run',
      );
    }
    if (beganAtMs === null || writtenAtMs === null || writtenAtMs >= beganAtMs - AGE_SLACK_MS) return null;
    const seconds = Math.ceil((beganAtMs - writtenAtMs) / 1000);
    return unmeasured(
      'stale',
      `${facts.file} was written ${seconds} s before the run began`,
      'make the report in this run, and do not keep it in the repository or a cache',
    );
  }

  #missing(aspect: Aspect): Unmeasured {
    const { jobs, suite } = this.filter;
    const within = [
      ...(suite === null ? [] : [`of ${suite} tests`]),
      ...(jobs.length === 0 ? [] : [`of ${jobs.join(', ')}`]),
    ].join(' ');
    const sentence = `there is no report of ${ASPECT_WORDS[aspect]}${within === '' ? '' : ` ${within}`}`;
    const could = this.evidence.jobs.filter(
      (job) =>
        job.kinds.some((kind) => couldTell(kind, aspect)) &&
        (jobs.length === 0 || jobs.some((glob) => matchesPath(job.id, glob))) &&
        (suite === null || suiteOf(job.id, '') === suite),
    );
    const because = could[0]?.notApplicable;
    if (because != null && could.every((job) => job.notApplicable !== null)) {
      return unmeasured('not-applicable', `${could[0]!.id} does not concern this change: ${because}`);
    }
    const naming = suite === null ? '' : `, with \`${suite}\` in the name of the job or of the file`;
    return unmeasured('missing', sentence, `declare it under \`reports\` of the job that makes it${naming}`);
  }
}

function nameOf({ job, facts }: ReportEvidence): { job: string; file: string } {
  return { job, file: facts.file };
}

function isIncluded(path: string, globs: readonly string[]): boolean {
  if (globs.length === 0) return true;
  const out = globs.filter((glob) => glob.startsWith('!'));
  const within = globs.filter((glob) => !glob.startsWith('!'));
  if (out.some((glob) => matchesPath(path, glob.slice(1)))) return false;
  return within.length === 0 || within.some((glob) => matchesPath(path, glob));
}

function brokenProblem({ job, file, line, message }: BrokenReport): Unmeasured {
  const place = line === null ? file : `${file}:${line}`;
  return unmeasured('broken', `${place} of ${job}: ${message}`, 'repair the step that makes the report');
}

function doubtProblem({ facts }: ReportEvidence): Unmeasured | null {
  const doubt = facts.doubts[0];
  if (!doubt) return null;
  const place = doubt.line === null ? facts.file : `${facts.file}:${doubt.line}`;
  const pointer = doubt.pointer ? ` (${doubt.pointer})` : '';
  const reason = doubt.code === 'empty' ? 'empty' : 'doubtful';
  return unmeasured(reason, `${place}${pointer}: ${doubt.message}`, 'repair the step that makes the report');
}
