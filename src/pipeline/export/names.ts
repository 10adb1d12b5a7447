import type { Plan, PlanJob } from '../plan.ts';

/** Names as a target writes them, for the ids of jobs and steps. Two ids never become one name. */
export interface Names {
  job(id: string): string;
  step(job: PlanJob, id: string): string;
}

/** `allowed`: what a name may be made of. Ids that are such names are kept. `filler`: instead of other characters. */
export function namesOf(plan: Plan, allowed: RegExp, filler: '-' | '_' = '-'): Names {
  const jobs = renamed(
    plan.jobs.map(({ id }) => id),
    allowed,
    filler,
  );
  const steps = new Map(
    plan.jobs.map((job) => [
      job.id,
      renamed(
        [...job.steps, ...job.cleanup].map(({ id }) => id),
        allowed,
        filler,
      ),
    ]),
  );
  return {
    job: (id) => jobs.get(id) ?? id,
    step: (job, id) => steps.get(job.id)?.get(id) ?? id,
  };
}

function renamed(ids: readonly string[], allowed: RegExp, filler: string): Map<string, string> {
  const taken = new Set(ids.filter((id) => allowed.test(id)).map((id) => id.toLowerCase()));
  return new Map(
    ids.map((id) => {
      if (allowed.test(id)) return [id, id];
      const inner = filler === '_' ? /[^A-Za-z0-9_]/g : /[^A-Za-z0-9_-]/g;
      const plain = id.replace(inner, filler).replace(/^(?![A-Za-z_])/, '_');
      let name = plain;
      for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${plain}${filler}${count}`;
      taken.add(name.toLowerCase());
      return [id, name];
    }),
  );
}
