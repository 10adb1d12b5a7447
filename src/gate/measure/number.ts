import { firstRows, type Measurement, measured, unmeasured } from './measurement.ts';
import type { FactView } from './view.ts';

/** What Sluice itself measured. No report can say it. */
export function ownFigure(view: FactView, name: string): Measurement {
  const figure = view.evidence.figures[name];
  return figure && Object.hasOwn(view.evidence.figures, name)
    ? measured(figure.value, figure.sample)
    : unmeasured('missing', `${name} was not measured in this run`);
}

/**
 * A plain number of a report, under any of these names; when several tell it, the worst counts. What Sluice measured itself
 * comes first.
 */
export function plainNumber(
  view: FactView,
  names: readonly string[],
  worst: 'highest' | 'lowest',
  sampleNames: readonly string[] = [],
): Measurement {
  const own = names.find((name) => Object.hasOwn(view.evidence.figures, name));
  if (own !== undefined) return ownFigure(view, own);
  const { reports, problem } = view.reportsOf('numbers');
  if (problem) return problem.reason === 'missing' ? { ...problem, wayOut: tell(names) } : problem;
  const told = reports.flatMap(({ facts }) =>
    facts.metrics
      .filter(({ name }) => names.includes(name))
      .map((metric) => ({ ...metric, file: facts.file })),
  );
  if (told.length === 0) {
    return unmeasured('missing', `no report tells ${names[0]}`, tell(names));
  }
  const values = told.map(({ value }) => value);
  const samples = reports.flatMap(({ facts }) =>
    facts.metrics.filter(({ name }) => sampleNames.includes(name)).map(({ value }) => value),
  );
  return measured(
    worst === 'highest' ? Math.max(...values) : Math.min(...values),
    samples.length > 0 ? samples.reduce((sum, value) => sum + value, 0) : null,
    {
      rows: () =>
        firstRows(
          told,
          (a, b) =>
            (worst === 'highest' ? b.value - a.value : a.value - b.value) || (a.file < b.file ? -1 : 1),
          ({ name, value, unit, file }) => ({
            kind: 'number',
            text: `${name} is ${value}${unit === '' ? '' : ` ${unit}`} in ${file}`,
            path: file,
            line: null,
            fingerprint: null,
          }),
        ),
    },
  );
}

function tell([name]: readonly string[]): string {
  return `let a tool tell it, for example in a report of kind metrics: {"${name}": NUMBER}`;
}

/** Percent of the jobs that ran which succeeded. */
export function jobSuccess(view: FactView): Measurement {
  const { jobs: globs } = view.filter;
  const jobs = view.evidence.jobs.filter(
    (job) => job.notApplicable === null && (globs.length === 0 || view.hasJob(job.id)),
  );
  if (jobs.length === 0) return unmeasured('missing', 'no job ran before this gate');
  const bad = jobs.filter((job) => job.outcome !== 'succeeded');
  return measured((100 * (jobs.length - bad.length)) / jobs.length, jobs.length, {
    rows: () =>
      firstRows(
        bad,
        (a, b) => (a.id < b.id ? -1 : 1),
        ({ id, outcome }) => ({
          kind: 'job',
          text: `${id} ${outcome}`,
          path: null,
          line: null,
          fingerprint: null,
        }),
      ),
  });
}
