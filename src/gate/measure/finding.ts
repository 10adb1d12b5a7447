import {
  FINDING_CATEGORIES,
  type Finding,
  type FindingCategory,
  SEVERITIES,
  type Severity,
} from '../facts/finding.ts';
import type { Aspect } from './aspect.ts';
import { compareFindings } from './compare-finding.ts';
import { FindingTally } from './finding-tally.ts';
import {
  type EvidenceRow,
  firstItems,
  type Measurement,
  measured,
  type Rows,
  type Unmeasured,
} from './measurement.ts';
import { isAboutImage } from './suite.ts';
import type { FactView } from './view.ts';

/** Groups of findings by what was scanned, as policies name them. */
export const FINDING_GROUPS = {
  all: { categories: null, doc: 'of every scanner' },
  sast: { categories: ['code'], doc: 'in the code' },
  dast: { categories: ['dynamic'], doc: 'in the running service' },
  sca: { categories: ['dependency'], doc: 'in dependencies' },
  secrets: { categories: ['secret'], doc: 'secrets that lie open' },
  licences: { categories: ['licence'], doc: 'about licences' },
  configuration: { categories: ['misconfiguration'], doc: 'in configuration' },
  container: {
    categories: ['dependency', 'misconfiguration', 'secret'],
    doc: 'in container images: reports with `image` or `container` in the name of the job or of the file',
  },
  vulnerabilities: {
    categories: ['dependency', 'code', 'dynamic'],
    doc: 'that can be attacked: in dependencies, code and the running service',
  },
} as const satisfies Record<
  string,
  { readonly categories: readonly FindingCategory[] | null; readonly doc: string }
>;
export type FindingGroup = keyof typeof FINDING_GROUPS;

/** Findings with what is wrong with them, if anything. */
interface Selected {
  readonly findings: readonly Finding[];
  readonly reports: number;
  readonly problem: Unmeasured | null;
}

/**
 * How many findings of a severity there are (null: of any). One whose severity the tool does not tell counts as each of them:
 * nobody knows that it is harmless.
 */
export function findingCount(
  view: FactView,
  scope: 'all' | 'new',
  group: FindingGroup,
  severity: Severity | null,
): Measurement {
  return view.remember(`count ${group} ${scope} ${severity}`, () => count(view, scope, group, severity));
}

function count(
  view: FactView,
  scope: 'all' | 'new',
  group: FindingGroup,
  severity: Severity | null,
): Measurement {
  const { findings, reports, problem } = selected(view, scope, group);
  const counting = severity === null ? findings : bySeverity(view, scope, group, findings)[severity];
  if (problem) {
    // What the readable reports say is there whatever the others would say; with a wrong base nothing is known to be new.
    return counting.length > 0 ? { ...problem, atLeast: counting.length } : problem;
  }
  let known: Rows | null = null;
  const rows = () => {
    known ??= findingRows(view, counting);
    return known;
  };
  return measured(counting.length, reports, {
    rows,
    wayOut: (limit) => {
      if (limit.kind === 'at-least' || counting.length <= limit.value) return null;
      const first = rows().shown[0]!;
      const more = counting.length - limit.value - 1;
      return `solve ${first.text}${more > 0 ? `, and ${more} more` : ''}`;
    },
  });
}

/** The findings of a group that count, whether or not other reports are missing. */
export function findingsOf(view: FactView, scope: 'all' | 'new', group: FindingGroup): readonly Finding[] {
  return selected(view, scope, group).findings;
}

/** Rows of findings, worst first. */
export function findingRows(view: FactView, findings: readonly Finding[]): Rows {
  const { shown, total } = firstItems(findings, compareFindings);
  const fingerprints = view.fingerprintsOf(shown);
  return { shown: shown.map((finding) => rowOf(finding, fingerprints.get(finding)!)), total };
}

function selected(view: FactView, scope: 'all' | 'new', group: FindingGroup): Selected {
  return view.remember(`findings ${group} ${scope}`, () => {
    const all = ofGroup(view, group);
    if (scope === 'all') return all;
    return { ...all, findings: newFindings(view, all.findings, group) };
  });
}

type BySeverity = Readonly<Record<Severity, readonly Finding[]>>;

/** Walked once for all severities: most of the time is spent in getting at each finding. */
function bySeverity(
  view: FactView,
  scope: string,
  group: FindingGroup,
  findings: readonly Finding[],
): BySeverity {
  return view.remember(`severities ${group} ${scope}`, () => {
    const lists: Record<Severity, Finding[]> = {
      critical: [],
      high: [],
      medium: [],
      low: [],
      info: [],
      unknown: [],
    };
    for (const finding of findings) {
      const { severity } = finding;
      if (severity === 'critical') lists.critical.push(finding);
      else if (severity === 'high') lists.high.push(finding);
      else if (severity === 'medium') lists.medium.push(finding);
      else if (severity === 'low') lists.low.push(finding);
      else if (severity === 'info') lists.info.push(finding);
      else for (const name of SEVERITIES) lists[name].push(finding);
    }
    return lists;
  });
}

function ofGroup(view: FactView, group: FindingGroup): Selected {
  return view.remember(`group ${group}`, () => {
    const wanted: readonly FindingCategory[] = FINDING_GROUPS[group].categories ?? FINDING_CATEGORIES;
    const also =
      group === 'container'
        ? ({ job, file }: { job: string; file: string }) => isAboutImage(job, file)
        : undefined;
    const asked = wanted.map((category) => view.reportsOf(`findings:${category}` as Aspect, also));
    const reports = [...new Set(asked.flatMap((one) => one.reports))];
    // Of several categories one is enough, but what is there must be readable.
    const problems = asked.flatMap((one) => one.problem ?? []);
    const isThere = reports.length > 0;
    const problem =
      problems.find(({ reason }) => reason !== 'missing' && reason !== 'not-applicable') ??
      (isThere ? null : (problems.find(({ reason }) => reason === 'missing') ?? problems[0] ?? null));
    return { findings: view.findings(reports, wanted), reports: reports.length, problem };
  });
}

/**
 * Findings that the change brings: those of the head that the base does not have as often, by what stays when lines move and
 * files are renamed. Where both have some of the same, the worst ones are the new ones. Without facts of the base, all count that
 * do not stand on a line that stayed as it was.
 */
function newFindings(view: FactView, findings: readonly Finding[], group: FindingGroup): readonly Finding[] {
  const { base, change } = view;
  const before = base === null ? null : ofGroup(base, group);
  if (before === null || before.problem !== null) {
    return findings.filter(
      ({ place }) => change === null || place?.line == null || change.addsLine(place.path, place.line),
    );
  }
  const known = new FindingTally(before.findings, (path) => change?.renamed(path) ?? path);
  const fresh = findings.filter((finding) => !known.take(finding));
  return [...fresh, ...known.beyond()];
}

function rowOf({ rule, severity, place, package: of }: Finding, fingerprint: string): EvidenceRow {
  const where = place === null ? '' : ` in ${place.path}${place.line === null ? '' : `:${place.line}`}`;
  const what = of === null ? '' : ` of ${of.name}${of.version === null ? '' : ` ${of.version}`}`;
  return {
    kind: 'finding',
    text: `${rule}${what}${where} (${severity})`,
    path: place?.path ?? null,
    line: place?.line ?? null,
    fingerprint,
  };
}
