import type { Diagnostic } from '../base/diagnostic.ts';
import type { Plan, PlanJob } from '../pipeline/plan.ts';
import type { EnvironmentDefinition } from '../pipeline/plan-environment.ts';
import type { GateCondition } from '../pipeline/plan-gate.ts';
import { guaranteedBefore, pathTo } from './guarantee.ts';
import { checkConditions } from './policy/check.ts';
import { type ProductionPolicy, protectionOf } from './policy/production.ts';
import { type Demand, demandsOf, type ResolvedCondition, resolveCondition } from './policy/resolve.ts';

/** A way to production, and what holds it. */
export interface ProvenPath {
  readonly environment: string;
  readonly job: string;
  /** Condition -> where it is judged: a job's id, or `protection of NAME`. */
  readonly gates: Readonly<Record<string, string>>;
  readonly approvedBy: string;
}

export interface Verification {
  /** Every path to every production environment is held. */
  readonly ok: boolean;
  readonly paths: readonly ProvenPath[];
  /** Each names the path that is not held, and how to close it. */
  readonly problems: readonly Diagnostic[];
}

/**
 * Proves from the plan that whatever reaches a production environment has passed the gates and approvals that the policy demands.
 * It looks at what must have succeeded before a deployment may begin: a gate behind an `if: always()`, in a job that may fail, or
 * beside the deployment holds nothing. Pure; the policy comes from the target branch.
 */
export function verifyPlan(plan: Plan, policy: ProductionPolicy): Verification {
  const production = new Map(
    plan.environments
      .filter(({ type }) => type === 'production')
      .map((environment) => [environment.name, environment]),
  );
  const paths: ProvenPath[] = [];
  const problems: Diagnostic[] = [];
  for (const job of plan.jobs) {
    const environment = job.deploy && production.get(job.deploy.environment);
    if (!environment) continue;
    const { gates } = protectionOf(environment);
    const judged = gates.map((gate) => judgedAt(gate, `protection of ${environment.name}`));
    const found = verifyDeployment(plan, job, environment, policy, judged);
    problems.push(...found.problems);
    if (found.problems.length === 0) paths.push(found.path);
  }
  return { ok: problems.length === 0, paths, problems };
}

/**
 * Proves that whatever the plan brings to the environment has passed what the environment itself demands, or the default of its
 * type: each gate is judged before, by jobs that the deployment cannot go around. A deployment is refused where that is not so; this
 * tells it beforehand.
 */
export function verifyEnvironment(plan: Plan, environment: EnvironmentDefinition): Verification {
  const found = plan.jobs
    .filter(({ deploy }) => deploy?.environment === environment.name)
    .map((job) => verifyDeployment(plan, job, environment, protectionOf(environment), null));
  const problems = found.flatMap((one) => one.problems);
  const paths = found.filter((one) => one.problems.length === 0).map(({ path }) => path);
  return { ok: problems.length === 0, paths, problems };
}

/**
 * Why conditions that were judged do not hold what another one demands; null: they do. Empty: none of them is about it.
 */
export function shortfallOf(demanded: GateCondition, judged: readonly GateCondition[]): string | null {
  const held = holderOf(
    resolveCondition(demanded),
    judged.map((gate) => judgedAt(gate, gate.name)),
  );
  return 'where' in held ? null : held.because;
}

interface Judged {
  readonly condition: ResolvedCondition;
  readonly source: GateCondition;
  readonly where: string;
}

/** `protecting`: what the environment's protection judges besides the jobs; null: the jobs have to. */
function verifyDeployment(
  plan: Plan,
  job: PlanJob,
  environment: EnvironmentDefinition,
  policy: ProductionPolicy,
  protecting: readonly Judged[] | null,
) {
  const before = guaranteedBefore(plan, job);
  const judged = [
    ...(protecting ?? []),
    ...before.flatMap((one) => one.gates.map((gate) => judgedAt(gate, one.id))),
    ...job.gates.map((gate) => judgedAt(gate, job.id)),
  ];
  const problems: Diagnostic[] = checkConditions(
    judged.map(({ source }) => source),
    environment.type === 'production',
  ).filter(({ severity }) => severity === 'error');
  const gates: Record<string, string> = {};
  const protection = protecting ? `to \`protection.gates\` of ${environment.name}, or ` : '';
  const wayOut = `${protection}to a job that the deployment cannot go around`;
  for (const gate of policy.gates) {
    const held = holderOf(resolveCondition(gate), judged);
    if ('where' in held) gates[gate.name] = held.where;
    else problems.push(openPath(plan, job, environment, gate.name, held.because, wayOut));
  }
  const approval = approvalBefore(environment, before, policy);
  if (approval === null) problems.push(openApproval(plan, job, environment, policy));
  return {
    problems,
    path: { environment: environment.name, job: job.id, gates, approvedBy: approval ?? '' },
  };
}

function judgedAt(source: GateCondition, where: string): Judged {
  return { condition: resolveCondition(source), source, where };
}

/** Where all that a gate demands is judged, or why it is not. */
function holderOf(
  gate: ResolvedCondition,
  judged: readonly Judged[],
): { readonly where: string } | { readonly because: string } {
  const where = new Set<string>();
  for (const demand of gate.checks.flatMap(demandsOf)) {
    const about = judged.filter(({ condition }) =>
      condition.checks.flatMap(demandsOf).some((one) => isAbout(one, demand)),
    );
    const holding = about.find(({ condition }) => weaknessOf(condition, demand, gate.scope) === null);
    if (holding) where.add(holding.where);
    else {
      const because = about
        .map(
          (one) => `${one.condition.name} of ${one.where} ${weaknessOf(one.condition, demand, gate.scope)}`,
        )
        .join('; ');
      return { because };
    }
  }
  return { where: [...where].join(', ') };
}

function isAbout(one: Demand, other: Demand): boolean {
  const kind = (demand: Demand) => demand.limit.kind;
  return plain(one.metric) === plain(other.metric) && kind(one) === kind(other);
}

function plain(metric: string): string {
  return metric.replace(/\s+/g, '').toLowerCase();
}

/** Why a condition does not hold what is demanded; null when it does. */
function weaknessOf(condition: ResolvedCondition, demand: Demand, scope: 'all' | 'new'): string | null {
  if (condition.mode !== 'block') return `does not block (\`mode: ${condition.mode}\`)`;
  if (condition.missing !== 'fail') return `lets a missing report pass (\`missing: ${condition.missing}\`)`;
  if (scope === 'all' && condition.scope === 'new') return 'judges only changed lines';
  if (condition.minSample !== null && condition.scope === 'new') return 'decides nothing about small changes';
  const own = condition.checks.flatMap(demandsOf).filter((one) => isAbout(one, demand));
  return own.some((one) => isAsStrict(one, demand)) ? null : `is weaker than ${limitText(demand)}`;
}

function isAsStrict({ limit: own }: Demand, { limit }: Demand): boolean {
  if (own.kind === 'not-below' || limit.kind === 'not-below') {
    return (
      own.kind === limit.kind &&
      own.kind === 'not-below' &&
      limit.kind === 'not-below' &&
      own.tolerance <= limit.tolerance
    );
  }
  return own.kind === 'at-least' ? own.value >= limit.value : own.value <= limit.value;
}

function limitText({ limit }: Demand): string {
  if (limit.kind === 'not-below') return '`not_below: target`';
  return `${limit.kind === 'at-least' ? '`at_least' : '`at_most'}: ${limit.value}\``;
}

/** Where enough people are asked who may not be the author; null: nowhere. */
function approvalBefore(
  environment: EnvironmentDefinition,
  before: readonly PlanJob[],
  { approvals, authorAllowed }: ProductionPolicy,
): string | null {
  const protection = protectionOf(environment);
  if (approvals === 0) return 'nobody needs to';
  if (protection.approvals >= approvals && (authorAllowed || !protection.authorAllowed)) {
    return `protection of ${environment.name}`;
  }
  const job = before.find(
    ({ approval }) =>
      approval &&
      approval.count >= approvals &&
      approval.onExpiry === 'reject' &&
      (authorAllowed || !approval.authorAllowed),
  );
  return job?.id ?? null;
}

function openPath(
  plan: Plan,
  job: PlanJob,
  environment: EnvironmentDefinition,
  gate: string,
  because: string,
  wayOut: string,
): Diagnostic {
  const path = pathTo(plan, job, (one) => one.gates.some(({ name }) => name === gate));
  const cause = because === '' ? '' : `: ${because}`;
  return {
    severity: 'error',
    code: 'open-path',
    message: `${path.join(' -> ')} reaches ${environment.name} without the gate ${gate}${cause}`,
    place: job.place,
    related: [{ message: `${environment.name} is defined here`, place: environment.place }],
    suggestion: `add ${gate} ${wayOut}`,
  };
}

function openApproval(
  plan: Plan,
  job: PlanJob,
  environment: EnvironmentDefinition,
  { approvals }: ProductionPolicy,
): Diagnostic {
  const path = pathTo(plan, job, (one) => one.approval !== null);
  const people = approvals === 1 ? '1 person' : `${approvals} people`;
  return {
    severity: 'error',
    code: 'open-path',
    message: `${path.join(' -> ')} reaches ${environment.name} without ${people} who approve and did not write the change`,
    place: job.place,
    related: [{ message: `${environment.name} is defined here`, place: environment.place }],
    suggestion: `set \`protection.approvals: ${approvals}\` of ${environment.name}`,
  };
}
