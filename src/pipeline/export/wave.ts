import type { Plan, PlanJob } from '../plan.ts';
import type { LossNote } from './contract.ts';

/** The jobs of a plan in waves: each after all that it needs, as early as that allows. */
export function wavesOf(plan: Plan): PlanJob[][] {
  const depth = new Map<string, number>();
  const jobs = new Map(plan.jobs.map((job) => [job.id, job]));
  const depthOf = (job: PlanJob): number => {
    const known = depth.get(job.id);
    if (known !== undefined) return known;
    const found = Math.max(-1, ...job.needs.map((id) => depthOf(jobs.get(id)!))) + 1;
    depth.set(job.id, found);
    return found;
  };
  const waves: PlanJob[][] = [];
  for (const job of plan.jobs) {
    const index = depthOf(job);
    waves[index] ??= [];
    waves[index].push(job);
  }
  return waves;
}

/** For a target that has only waves: the jobs that begin later than their needs alone would have it. */
export function waveLosses(waves: readonly (readonly PlanJob[])[]): LossNote[] {
  return waves.flatMap((wave, index) =>
    wave.flatMap((job) => {
      const before = waves[index - 1] ?? [];
      const isAll = before.every(({ id }) => job.needs.includes(id));
      return isAll
        ? []
        : [
            {
              feature: 'job.needs',
              message: `job ${job.id}: that it is after ${job.needs.join(', ')} alone`,
              instead: `it is after all of ${before.map(({ id }) => id).join(', ')}`,
              place: job.place,
            },
          ];
    }),
  );
}

/** The combinations of a job that are known: one without a matrix. */
export function cellsOf(
  job: PlanJob,
): { readonly suffix: string; readonly values: Readonly<Record<string, string>> }[] {
  const cells = job.matrix?.cells;
  if (!cells) return [{ suffix: '', values: {} }];
  const used = new Set<string>();
  return cells.map((cell) => {
    const values = Object.fromEntries(
      Object.entries(cell).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    );
    const plain = Object.values(values).join('_').replace(/\W+/g, '_').slice(0, 40);
    let suffix = `_${plain}`;
    for (let count = 2; used.has(suffix); count++) suffix = `_${plain}_${count}`;
    used.add(suffix);
    return { suffix, values };
  });
}
