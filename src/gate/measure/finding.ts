import {
  FINDING_CATEGORIES,
  type Finding,
  type FindingCategory,
  SEVERITIES,
  type Severity,
} from '../facts/finding.ts';
import type { Aspect } from './aspect.ts';
import { type FindingList, findingLists, firstOf, sizeOf, together } from './finding-list.ts';
import { FindingTally } from './finding-tally.ts';
import { type EvidenceRow, type Measurement, measured, type Rows, type Unmeasured } from './measurement.ts';
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
  readonly lists: readonly FindingList[];
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
  const { lists, reports, problem } = selected(view, scope, group);
  const counting: readonly Severity[] =
    severity === null ? SEVERITIES : severity === 'unknown' ? ['unknown'] : [severity, 'unknown'];
  const total = sizeOf(lists, counting);
  if (problem) {
    // What the readable reports say is there whatever the others would say; with a wrong base nothing is known to be new.
    return total > 0 ? { ...problem, atLeast: total } : problem;
  }
  let known: Rows | null = null;
  const rows = () => {
    known ??= rowsOf(view, lists, counting);
    return known;
  };
  return measured(total, reports, {
    rows,
    wayOut: (limit) => {
      if (limit.kind === 'at-least' || total <= limit.value) return null;
      const first = rows().shown[0]!;
      const more = total - limit.value - 1;
      return `solve ${first.text}${more > 0 ? `, and ${more} more` : ''}`;
    },
  });
}

/** The findings of a group that count, whether or not other reports are missing. */
export function findingsOf(
  view: FactView,
  scope: 'all' | 'new',
  group: FindingGroup,
): readonly FindingList[] {
  return selected(view, scope, group).lists;
}

/** Rows of the findings of these severities, worst first. */
export function rowsOf(
  view: FactView,
  lists: readonly FindingList[],
  severities: readonly Severity[] = SEVERITIES,
): Rows {
  const shown = firstOf(lists, severities);
  const fingerprints = view.fingerprintsOf(shown);
  return {
    shown: shown.map((finding) => rowOf(finding, fingerprints.get(finding)!)),
    total: sizeOf(lists, severities),
  };
}

function selected(view: FactView, scope: 'all' | 'new', group: FindingGroup): Selected {
  return view.remember(`findings ${group} ${scope}`, () => {
    const all = ofGroup(view, group);
    if (scope === 'all') return all;
    return { ...all, lists: newFindings(view, all.lists, group) };
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
    return { lists: view.findings(reports, wanted), reports: reports.length, problem };
  });
}

/**
 * Findings that the change brings: those of the head that the base does not have as often, by what stays when lines move and
 * files are renamed. Where both have some of the same, the worst ones are the new ones. Without facts of the base, all count that
 * do not stand on a line that stayed as it was.
 */
function newFindings(
  view: FactView,
  lists: readonly FindingList[],
  group: FindingGroup,
): readonly FindingList[] {
  const { base, change } = view;
  const before = base === null ? null : ofGroup(base, group);
  const findings = together(lists);
  if (before === null || before.problem !== null) {
    return findingLists(
      findings.filter(
        ({ place }) => change === null || place?.line == null || change.addsLine(place.path, place.line),
      ),
    );
  }
  const known = new FindingTally(together(before.lists), (path) => change?.renamed(path) ?? path);
  const fresh = findings.filter((finding) => !known.take(finding));
  return findingLists(fresh.concat(known.beyond()));
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
