import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { Forecast, JobForecast, StageForecast } from './forecast.ts';
import { Lines, type Segment } from './styled-line.ts';

export interface TreeStyle {
  /** In columns. */
  readonly width: number;
  readonly colour: boolean;
}

/** Of a matrix so many cells are named; the rest is counted. */
const CELLS_SHOWN = 6;
const TIME_WIDTH = 9;

/** A forecast as a tree of stages, jobs and cells, with what is known of each, and a summary. Ends with a line feed. */
export function planTree(forecast: Forecast, style: TreeStyle): string {
  const lines = new Lines(style.width, style.colour);
  const title: Segment[] = [
    { text: visible(forecast.pipeline), style: 'bold' },
    { text: `  ${visible(forecast.file)}`, style: 'dim' },
  ];
  lines.add(title, forecast.totalMs === null ? [] : [{ text: times('start', 'length'), style: 'dim' }]);
  const jobsOf = new Map(
    forecast.stages.map((stage) => [stage.name, new Set(stage.jobs.map((job) => job.id))]),
  );
  for (const [index, stage] of forecast.stages.entries()) {
    const implied = stage.dependsOn.map((name) => jobsOf.get(name)!);
    drawStage(lines, stage, implied, index === forecast.stages.length - 1);
  }
  lines.add([]);
  for (const sentence of summary(forecast)) lines.wrap('', { text: sentence });
  return lines.toString();
}

/** Job ids that a stage's jobs need by the order of stages alone. */
type Implied = readonly ReadonlySet<string>[];

function drawStage(lines: Lines, stage: StageForecast, implied: Implied, isLast: boolean): void {
  const after = stage.dependsOn.length === 0 ? '' : `  after ${stage.dependsOn.join(', ')}`;
  const branch = isLast ? '└─ ' : '├─ ';
  lines.add([
    { text: branch, style: 'dim' },
    { text: visible(stage.name), style: 'bold' },
    { text: visible(after), style: 'dim' },
  ]);
  const ownNeeds = new Map<readonly string[], readonly string[]>();
  for (const [index, job] of stage.jobs.entries()) {
    let needs = ownNeeds.get(job.needs);
    if (!needs) {
      needs = job.needs.filter((id) => !implied.some((ids) => ids.has(id)));
      ownNeeds.set(job.needs, needs);
    }
    drawJob(lines, job, needs, isLast ? '   ' : '│  ', index === stage.jobs.length - 1);
  }
}

function drawJob(
  lines: Lines,
  job: JobForecast,
  needs: readonly string[],
  indent: string,
  isLast: boolean,
): void {
  const runs = job.outlook.kind === 'runs' || job.outlook.kind === 'open';
  const name: Segment = { text: visible(job.id), style: runs ? (job.critical ? 'cyan' : undefined) : 'dim' };
  const count = job.cells?.length === 1 && job.cells[0] === job.id ? '' : ` × ${job.cells?.length ?? '?'}`;
  const after = needs.length === 0 ? '' : `  after ${needs.join(', ')}`;
  lines.add(
    [
      { text: `${indent}${isLast ? '└─ ' : '├─ '}`, style: 'dim' },
      name,
      { text: count },
      { text: after, style: 'dim' },
    ],
    jobState(job),
  );
  const below = `${indent}${isLast ? '   ' : '│  '}  `;
  if (job.outlook.sentence !== null) {
    lines.wrap(below, {
      text: visible(job.outlook.sentence),
      style: job.outlook.kind === 'skipped' ? 'yellow' : 'dim',
    });
  }
  for (const sentence of job.surroundings) lines.wrap(below, { text: visible(sentence), style: 'dim' });
  if (job.cells === null) lines.wrap(below, { text: 'its matrix is decided at run time', style: 'dim' });
  else if (count !== '' && runs) drawCells(lines, job.cells, below);
}

function jobState({ outlook, startMs, durationMs, critical }: JobForecast): readonly Segment[] {
  if (outlook.kind === 'skipped') return [{ text: times('', 'skipped'), style: 'yellow' }];
  if (outlook.kind === 'standby') return [{ text: times('', 'stands by'), style: 'dim' }];
  if (startMs === null || durationMs === null) return [];
  const figures = times(startMs === 0 ? '0s' : formatDuration(startMs), formatDuration(durationMs));
  return critical ? [{ text: figures.replace(/ $/, '◆'), style: 'cyan' }] : [{ text: figures }];
}

function times(start: string, length: string): string {
  return `${start.padStart(TIME_WIDTH)} ${length.padStart(TIME_WIDTH)}  `;
}

function drawCells(lines: Lines, cells: readonly string[], indent: string): void {
  const shown = cells.length <= CELLS_SHOWN ? cells : cells.slice(0, CELLS_SHOWN - 1);
  for (const cell of shown)
    lines.add([
      { text: indent, style: 'dim' },
      { text: visible(cell), style: 'dim' },
    ]);
  const rest = cells.length - shown.length;
  if (rest > 0)
    lines.add([
      { text: indent, style: 'dim' },
      { text: `and ${rest} more`, style: 'dim' },
    ]);
}

function summary(forecast: Forecast): string[] {
  const { totalMs, criticalPath, withoutHistory, workersMax } = forecast;
  const jobs = forecast.stages.reduce((sum, stage) => sum + stage.jobs.length, 0);
  const size = `${counted(jobs, 'job')}, ${counted(forecast.cells, 'cell')} to run`;
  if (totalMs === null) {
    return [`${size}. How long it takes is not known: no earlier run is recorded.`];
  }
  const path = criticalPath.jobs.length > 0 ? ` ◆ ${shortPath(criticalPath.jobs)}` : '';
  return [
    `${size}, about ${formatDuration(totalMs)} with ${counted(workersMax, 'worker')}.`,
    `Critical path ${formatDuration(criticalPath.ms ?? 0)}:${path}`,
    ...(withoutHistory.length > 0
      ? [`Never run before: ${listed(withoutHistory)} (taken to be of median length).`]
      : []),
  ];
}

function shortPath(jobs: readonly string[]): string {
  const shown =
    jobs.length <= 12 ? jobs : [...jobs.slice(0, 8), `… ${jobs.length - 11} more …`, ...jobs.slice(-3)];
  return shown.map(visible).join(' → ');
}

function listed(names: readonly string[]): string {
  return names.length <= 5
    ? names.join(', ')
    : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
