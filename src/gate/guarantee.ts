import type { Expr } from '@actions/expressions';
import { FunctionCall, Grouping, Logical } from '@actions/expressions/ast';
import { TokenType } from '@actions/expressions/lexer';
import { parseExpression } from '../pipeline/expression-syntax.ts';
import type { Expression, Plan, PlanJob } from '../pipeline/plan.ts';

/**
 * The jobs that must have succeeded, with their gates, whenever this one runs. A job whose condition can hold although what it
 * needs failed or was skipped guarantees nothing of what is before it, and one that may fail nothing of itself.
 */
export function guaranteedBefore(plan: Plan, job: PlanJob): readonly PlanJob[] {
  const jobs = new Map(plan.jobs.map((one) => [one.id, one]));
  const seen = new Set<string>([job.id]);
  const guaranteed: PlanJob[] = [];
  const open = [job];
  for (let one = open.pop(); one; one = open.pop()) {
    if (!needsSuccess(one.if)) continue;
    for (const id of one.needs) {
      const needed = jobs.get(id);
      if (!needed || seen.has(id)) continue;
      seen.add(id);
      // It ran, so what it needs itself succeeded, even if it may fail.
      open.push(needed);
      if (!needed.allowFailure) guaranteed.push(needed);
    }
  }
  return guaranteed;
}

/** Whether a deployment to production comes after the job, or at it. */
export function leadsToProduction(plan: Plan, id: string): boolean {
  const production = new Set(
    plan.environments.filter(({ type }) => type === 'production').map(({ name }) => name),
  );
  const jobs = new Map(plan.jobs.map((job) => [job.id, job]));
  const open = plan.jobs.filter(({ deploy }) => deploy !== null && production.has(deploy.environment));
  const seen = new Set(open.map((job) => job.id));
  for (let job = open.pop(); job; job = open.pop()) {
    for (const needed of job.needs) {
      const before = jobs.get(needed);
      if (!before || seen.has(needed)) continue;
      seen.add(needed);
      open.push(before);
    }
  }
  return seen.has(id);
}

/** A shortest way from a job that needs nothing to this one that goes past `avoids` where it can; ids in order. */
export function pathTo(plan: Plan, job: PlanJob, avoids: (job: PlanJob) => boolean): readonly string[] {
  const jobs = new Map(plan.jobs.map((one) => [one.id, one]));
  return shortest(jobs, job, avoids) ?? shortest(jobs, job, () => false) ?? [job.id];
}

function shortest(
  jobs: ReadonlyMap<string, PlanJob>,
  job: PlanJob,
  avoids: (job: PlanJob) => boolean,
): readonly string[] | null {
  const after = new Map<string, string | null>([[job.id, null]]);
  for (const id of after.keys()) {
    const one = jobs.get(id)!;
    if (one.needs.length === 0) return follow(after, id);
    for (const needed of one.needs) {
      const found = jobs.get(needed);
      if (found && !after.has(needed) && !avoids(found)) after.set(needed, id);
    }
  }
  return null;
}

function follow(after: ReadonlyMap<string, string | null>, from: string): string[] {
  const path: string[] = [];
  for (let id: string | null = from; id !== null; id = after.get(id) ?? null) path.push(id);
  return path;
}

/**
 * Whether a condition can only hold when all that is needed succeeded: it asks for no status, which means `success() && (...)`,
 * or `success()` is joined to it with &&. What cannot be read guarantees nothing.
 */
function needsSuccess(condition: Expression | null): boolean {
  if (condition === null) return true;
  const parsed = parseExpression(condition.source);
  return parsed.ok && (!parsed.asksStatus || impliesSuccess(parsed.root));
}

function impliesSuccess(node: Expr): boolean {
  if (node instanceof Grouping) return impliesSuccess(node.group);
  if (node instanceof FunctionCall) return node.functionName.lexeme.toLowerCase() === 'success';
  if (!(node instanceof Logical)) return false;
  return node.operator.type === TokenType.AND
    ? node.args.some(impliesSuccess)
    : node.args.every(impliesSuccess);
}
