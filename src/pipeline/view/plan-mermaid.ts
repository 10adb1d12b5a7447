import { formatDuration } from '../../base/duration.ts';
import type { Plan, PlanJob } from '../plan.ts';
import type { Forecast, JobForecast } from './forecast.ts';
import { sharedNeeds } from './graph.ts';

/**
 * The plan as a Mermaid flowchart: stages as boxes, jobs in them. What a stage waits for is one arrow between boxes; only needs
 * beyond that are drawn from job to job. With a `forecast` jobs say how long they take or why they are skipped, and those of the
 * critical path have a thick edge.
 */
export function planMermaid(plan: Plan, forecast: Forecast | null = null): string {
  const stageIds = new Map(plan.stages.map((stage, index) => [stage.name, `s${index}`]));
  const jobIds = new Map(plan.jobs.map((job, index) => [job.id, `j${index}`]));
  const stageOf = new Map(plan.jobs.map((job) => [job.id, job.stage]));
  const jobsOf = Map.groupBy(plan.jobs, (job) => job.stage);
  const needsOf = new Map(sharedNeeds(plan.jobs).map((needs, index) => [plan.jobs[index]!, needs]));
  const foreseen = new Map(forecast?.stages.flatMap(({ jobs }) => jobs.map((job) => [job.id, job])));
  const unknown = new Set(forecast?.withoutHistory);
  const lines = ['flowchart LR'];

  for (const stage of plan.stages) {
    const jobs = jobsOf.get(stage.name) ?? [];
    // An empty box cannot be the end of an arrow.
    if (jobs.length === 0) lines.push(`  ${stageIds.get(stage.name)}[${label(stage.name)}]`);
    else lines.push(`  subgraph ${stageIds.get(stage.name)}[${label(stage.name)}]`);
    for (const job of jobs)
      lines.push(
        `    ${jobIds.get(job.id)}[${label(...jobLines(job, foreseen.get(job.id), !unknown.has(job.id)))}]`,
      );
    if (jobs.length > 0) lines.push('  end');
  }

  for (const stage of plan.stages) {
    for (const before of stage.dependsOn)
      lines.push(`  ${stageIds.get(before)} --> ${stageIds.get(stage.name)}`);
    const implied = new Set(stage.dependsOn);
    const ownNeeds = new Map<readonly string[], readonly string[]>();
    for (const job of jobsOf.get(stage.name) ?? []) {
      const needs = needsOf.get(job)!;
      const own = ownNeeds.get(needs) ?? needs.filter((id) => !implied.has(stageOf.get(id)!));
      ownNeeds.set(needs, own);
      for (const need of own) lines.push(`  ${jobIds.get(need)} --> ${jobIds.get(job.id)}`);
    }
  }
  lines.push(...artifactArrows(plan, jobIds), ...styleLines([...foreseen.values()], jobIds));
  return `${lines.join('\n')}\n`;
}

/** Dotted, from the job that keeps an artifact to each that brings it; names that are only known later are left out. */
function artifactArrows(plan: Plan, jobIds: ReadonlyMap<string, string>): string[] {
  const makersOf = new Map<string, string[]>();
  for (const job of plan.jobs)
    for (const { name } of job.artifacts) makersOf.set(name, [...(makersOf.get(name) ?? []), job.id]);
  const arrows = plan.jobs.flatMap((job) =>
    job.downloads.flatMap(({ artifact, from }) => {
      const makers = makersOf.get(artifact) ?? [];
      const maker = from ?? (makers.length === 1 ? makers[0] : undefined);
      return maker !== undefined && jobIds.has(maker)
        ? [`  ${jobIds.get(maker)} -. ${label(artifact)} .-> ${jobIds.get(job.id)}`]
        : [];
    }),
  );
  return [...new Set(arrows)];
}

function jobLines(job: PlanJob, foreseen: JobForecast | undefined, isKnown: boolean): readonly string[] {
  const name = job.matrix ? `${job.id} × ${job.matrix.cells?.length ?? '?'}` : job.id;
  if (!foreseen) return [name];
  const { outlook, durationMs } = foreseen;
  if (outlook.kind === 'skipped') return [name, `skipped: ${shortened(outlook.sentence)}`];
  return durationMs === null || !isKnown ? [name] : [name, formatDuration(durationMs)];
}

/** A reason that fits a box. */
function shortened(sentence: string | null): string {
  const text = sentence ?? '';
  return text.length > REASON_MAX ? `${text.slice(0, REASON_MAX - 1)}…` : text;
}

const REASON_MAX = 80;

/** How jobs look that are skipped, and those of the critical path when times are known. */
function styleLines(jobs: readonly JobForecast[], jobIds: ReadonlyMap<string, string>): string[] {
  const idsOf = (wanted: (job: JobForecast) => boolean) =>
    jobs.filter(wanted).map(({ id }) => jobIds.get(id));
  const skipped = idsOf(({ outlook }) => outlook.kind === 'skipped');
  const critical = idsOf((job) => job.critical && job.durationMs !== null);
  return [
    ...(skipped.length > 0
      ? ['  classDef skipped stroke-dasharray:4,opacity:0.6', `  class ${skipped.join(',')} skipped`]
      : []),
    ...(critical.length > 0
      ? ['  classDef critical stroke-width:3px', `  class ${critical.join(',')} critical`]
      : []),
  ];
}

/** Lines of a box, quoted; every character that means something to Mermaid or HTML as its number. */
function label(...lines: readonly string[]): string {
  const escaped = lines.map((line) =>
    line.replace(/["#&<>`\\;\p{Cc}\p{Cf}]/gu, (character) => `#${character.codePointAt(0)};`),
  );
  return `"${escaped.join('<br/>')}"`;
}
