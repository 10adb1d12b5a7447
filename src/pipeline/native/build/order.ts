import type { PlanJob, PlanStage } from '../../plan.ts';
import { circlesOf } from '../graph.ts';
import { placeOf, type Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { checkDownloads } from './download.ts';
import { type DraftJob, idOfName } from './job.ts';
import type { DraftStage, ExtraJob } from './stage.ts';

/** Stages and jobs with all names resolved. Unknown, doubled and circular ones are reported. */
export function orderJobs(
  drafts: readonly DraftStage[],
  problems: Problems,
): { stages: PlanStage[]; jobs: PlanJob[] } {
  const stages = resolveStages(drafts, problems);
  const ids = uniqueIds(drafts, problems);
  const extraIds = new Map<ExtraJob, string>();
  const taken = new Set([...ids.keys()].map(folded));
  for (const draft of drafts)
    for (const extra of extrasOf(draft)) extraIds.set(extra, extraId(draft.stage.name, extra, taken));
  const known = { ids, names: [...ids.keys()] };
  const stageNames = new Set(stages.map((stage) => stage.name));
  const circles = circlesOf(new Map(stages.map((stage) => [stage.name, stage.dependsOn])));
  reportCircles(
    circles,
    'the stages wait for each other in a circle',
    new Map(drafts.map((draft) => [draft.stage.name, draft.at])),
    problems,
  );
  const stageNeeds = new Map<string, readonly string[]>();
  const jobs: PlanJob[] = [];
  const byStage = new Map<string, string[]>();
  for (const draft of drafts) {
    const names = byStage.get(draft.stage.name) ?? [];
    for (const { job } of draft.jobs) names.push(job.id);
    for (const extra of extrasOf(draft)) names.push(extraIds.get(extra)!);
    byStage.set(draft.stage.name, names);
  }
  // One array for all jobs of a stage: 5,000 jobs that wait for 5,000 others share it.
  for (const stage of stages)
    stageNeeds.set(stage.name, [...new Set(stage.dependsOn.flatMap((name) => byStage.get(name) ?? []))]);
  const written = new Map<string, ReadonlySet<string>>();
  for (const draft of drafts) {
    let fromStage = stageNeeds.get(draft.stage.name) ?? [];
    if (draft.first) {
      const id = extraIds.get(draft.first)!;
      jobs.push({ ...draft.first.make(id), id, needs: fromStage });
      fromStage = [id, ...fromStage];
    }
    let previous: string | null = null;
    for (const one of draft.jobs) {
      const own = resolveNeeds(one, known, stageNames, problems);
      if (draft.sequential && previous !== null) own.add(previous);
      previous = one.job.id;
      written.set(one.job.id, own);
      jobs.push({
        ...one.job,
        needs: own.size === 0 ? fromStage : [...new Set([...own, ...fromStage])],
      });
    }
    const own = draft.jobs.map(({ job }) => job.id);
    for (const extra of draft.last) {
      const id = extraIds.get(extra)!;
      const needs = own.length === 0 ? fromStage : [...new Set([...own, ...fromStage])];
      jobs.push({ ...extra.make(id), id, needs });
      own.push(id);
    }
  }
  checkDownloads(downloadsByJob(drafts), jobs, problems);
  if (circles.length === 0) reportJobCircles(drafts, stages, byStage, written, problems);
  return { stages, jobs };
}

function resolveStages(drafts: readonly DraftStage[], problems: Problems): PlanStage[] {
  const seen = new Map<string, DraftStage>();
  const result: PlanStage[] = [];
  for (const draft of drafts) {
    const before = seen.get(folded(draft.stage.name));
    if (before) reportTwice('stages', draft.stage.name, before.at, draft.at, before.stage.name, problems);
    else seen.set(folded(draft.stage.name), draft);
  }
  const names = drafts.map((draft) => draft.stage.name);
  const known = new Set(names);
  for (const draft of drafts) {
    if (seen.get(folded(draft.stage.name)) !== draft) continue;
    const dependsOn: string[] = [];
    for (const { name, at } of draft.dependsOn) {
      if (name === draft.stage.name)
        problems.error('need-cycle', at, `the stage ${shown(name)} depends on itself`, {
          suggestion: 'remove the name',
        });
      else if (known.has(name)) dependsOn.push(name);
      else {
        const near = problems.near(name, names);
        problems.error('unknown-stage', at, `there is no stage ${shown(name)}`, {
          suggestion: near ? `did you mean \`${near}\`?` : `the pipeline has ${names.join(', ')}`,
        });
      }
    }
    result.push({ ...draft.stage, dependsOn: [...new Set(dependsOn)] });
  }
  return result;
}

function uniqueIds(drafts: readonly DraftStage[], problems: Problems): Map<string, DraftJob> {
  const seen = new Map<string, DraftJob>();
  const ids = new Map<string, DraftJob>();
  for (const draft of drafts) {
    for (const one of draft.jobs) {
      const before = seen.get(folded(one.job.id));
      if (before) reportTwice('jobs', one.job.id, before.at, one.at, before.job.id, problems);
      else seen.set(folded(one.job.id), one);
      ids.set(one.job.id, one);
    }
  }
  return ids;
}

function downloadsByJob(drafts: readonly DraftStage[]): Map<string, DraftJob['downloads']> {
  const found = new Map<string, DraftJob['downloads']>();
  for (const draft of drafts)
    for (const { job, downloads } of draft.jobs) if (downloads.length > 0) found.set(job.id, downloads);
  return found;
}

function extrasOf(draft: DraftStage): readonly ExtraJob[] {
  return draft.first ? [draft.first, ...draft.last] : draft.last;
}

/** A deployment is called like its stage, or `<stage>-deploy` when that is taken; the others always have their suffix. */
function extraId(stage: string, { suffix }: ExtraJob, taken: Set<string>): string {
  const base = idOfName(stage);
  let id = suffix === 'deploy' && !taken.has(folded(base)) ? base : `${base}-${suffix}`;
  for (let count = 2; taken.has(folded(id)); count++) id = `${base}-${suffix}-${count}`;
  taken.add(folded(id));
  return id;
}

function resolveNeeds(
  draft: DraftJob,
  { ids, names }: { readonly ids: ReadonlyMap<string, DraftJob>; readonly names: readonly string[] },
  stages: ReadonlySet<string>,
  problems: Problems,
) {
  const edges = new Set<string>();
  for (const need of draft.needs) {
    const id = ids.has(need.name) ? need.name : idOfName(need.name);
    if (id === draft.job.id) {
      problems.error('need-cycle', need.at, `the job ${shown(need.name)} needs itself`, {
        suggestion: 'remove the name',
      });
    } else if (ids.has(id)) {
      edges.add(id);
    } else {
      const near = problems.near(need.name, names);
      const stage = stages.has(need.name);
      problems.error('unknown-job', need.at, `there is no job ${shown(need.name)}`, {
        suggestion: stage
          ? `\`${need.name}\` is a stage; write \`depends_on: [${need.name}]\` at the stage of this job`
          : near
            ? `did you mean \`${near}\`?`
            : 'name a job of this pipeline by its id',
      });
    }
  }
  return edges;
}

/** Circles between jobs, also those through a stage that waits for another one. */
function reportJobCircles(
  drafts: readonly DraftStage[],
  stages: readonly PlanStage[],
  byStage: ReadonlyMap<string, readonly string[]>,
  written: ReadonlyMap<string, ReadonlySet<string>>,
  problems: Problems,
): void {
  const edges = new Map<string, readonly string[]>();
  const at = new Map<string, Span>();
  // A stage is one node between its jobs and those that wait for it, so that the edges stay few.
  const stageNode = (name: string) => `stage ${name}`;
  for (const stage of stages) edges.set(stageNode(stage.name), byStage.get(stage.name) ?? []);
  const dependencies = new Map(stages.map((stage) => [stage.name, stage.dependsOn]));
  for (const draft of drafts) {
    const dependsOn = dependencies.get(draft.stage.name) ?? [];
    at.set(stageNode(draft.stage.name), draft.at);
    for (const one of draft.jobs) {
      at.set(one.job.id, one.needs[0]?.at ?? one.at);
      edges.set(one.job.id, [...(written.get(one.job.id) ?? []), ...dependsOn.map(stageNode)]);
    }
  }
  reportCircles(circlesOf(edges), 'the jobs wait for each other in a circle', at, problems);
}

function reportCircles(
  circles: readonly string[][],
  sentence: string,
  at: ReadonlyMap<string, Span>,
  problems: Problems,
): void {
  for (const found of circles) {
    // Begins with a job, because it is a job's `needs` that can be changed.
    const first = Math.max(
      0,
      found.findIndex((name) => !name.startsWith('stage ')),
    );
    const circle = [...found.slice(first), ...found.slice(0, first)];
    const place = at.get(circle[0]!);
    if (!place) continue;
    problems.error('need-cycle', place, `${sentence}: ${shortened([...circle, circle[0]!])}`, {
      related: circle
        .slice(1, 9)
        .flatMap((name) => (at.has(name) ? [{ message: `\`${name}\` is here`, at: at.get(name)! }] : [])),
      suggestion: 'remove one of these dependencies',
    });
  }
}

/** A circle in words; of a long one the beginning and the end. */
function shortened(names: readonly string[]): string {
  const shown =
    names.length > 20
      ? [...names.slice(0, 15), `... ${names.length - 17} more ...`, ...names.slice(-2)]
      : names;
  return shown.join(' -> ');
}

function reportTwice(
  what: string,
  name: string,
  first: Span,
  second: Span,
  firstName: string,
  problems: Problems,
): void {
  const lines = `in line ${placeOf(first).start.line} and in line ${placeOf(second).start.line}`;
  const same = name === firstName ? '' : `, which differ only in case or spelling (${shown(firstName)})`;
  problems.error('duplicate-id', second, `two ${what} are called ${shown(name)}${same}: ${lines}`, {
    related: [{ message: 'the first one is here', at: first }],
    suggestion: 'give one of them another name',
  });
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
