import type { JsonObject } from '../../src/base/json.ts';
import type { Matrix, Plan, PlanJob, RetryCause } from '../../src/pipeline/plan.ts';
import type { ApprovalField, ApprovalRequest } from '../../src/pipeline/plan-approval.ts';
import { aJob, aPlan, aStage, aStep } from '../support/plan.ts';
import type { Seeded } from './random.ts';

const PLACE = aJob({ id: 'x' }).place;
const CONDITIONS = [
  'always()',
  'failure()',
  'success()',
  'cancelled()',
  "git.branch == 'main'",
  "git.branch == 'other'",
  'fromJSON(',
];

/** What a job behind may make its matrix of. */
const LIST_FIELD: ApprovalField = {
  description: 'list',
  kind: 'text',
  required: true,
  default: '[{"n": 1}]',
  options: [],
};

/** A small pipeline with a bit of everything. */
export function randomPlan(random: Seeded): Plan {
  const stages = Array.from({ length: 1 + random.below(3) }, (_, index) => `stage${index}`);
  const jobs: PlanJob[] = [];
  const count = 1 + random.below(9);
  for (let i = 0; i < count; i++) jobs.push(randomJob(random, `job${i}`, jobs, random.pick(stages)));
  return aPlan(jobs, {
    stages: stages.map((name) =>
      aStage(name, { timeoutMs: random.chance(0.2) ? 1 + random.below(60_000) : 3_600_000 }),
    ),
    concurrency: random.chance(0.1) ? { group: 'all', policy: 'queue' } : null,
    timeoutMs: random.chance(0.1) ? 1 + random.below(90_000) : null,
  });
}

function randomJob(random: Seeded, id: string, before: readonly PlanJob[], stage: string): PlanJob {
  const needs = before.filter(() => random.chance(0.35)).map((job) => job.id);
  const isApproval = random.chance(0.12);
  const condition = random.chance(0.25) ? random.pick(CONDITIONS) : null;
  return aJob({
    id,
    stage,
    needs,
    if: condition ? { source: condition, place: PLACE } : null,
    matrix: random.chance(0.3) ? randomMatrix(random, needs) : null,
    allowFailure: random.chance(0.15),
    retry: {
      max: random.chance(0.3) ? 1 + random.below(2) : 0,
      delayMs: random.below(3) * 1000,
      backoff: 1 + random.below(2),
      on: random.chance(0.5)
        ? []
        : [
            random.pick<RetryCause>([
              { kind: 'exit-code', codes: [1] },
              { kind: 'lost' },
              { kind: 'timeout' },
            ]),
          ],
    },
    repeatable: random.chance(0.3),
    concurrency: random.chance(0.15)
      ? { group: 'shared', policy: random.pick(['queue', 'never-cancel']) }
      : null,
    steps: isApproval
      ? []
      : Array.from({ length: 1 + random.below(3) }, (_, index) => aStep({ id: `step-${index + 1}` })),
    approval: isApproval ? randomApproval(random) : null,
    refusals: random.chance(0.03) ? [{ feature: 'cache', message: 'not yet', place: PLACE }] : [],
  });
}

function randomApproval(random: Seeded): ApprovalRequest {
  return {
    message: random.chance(0.5) ? 'Go on with ${{ git.branch }}?' : null,
    approvers: random.chance(0.3) ? ['bob', 'carol', 'dave'] : [],
    count: 1 + random.below(2),
    authorAllowed: random.chance(0.3),
    form: random.chance(0.3) ? { list: LIST_FIELD } : {},
    expiresAfterMs: random.chance(0.5) ? 1 + random.below(90_000) : null,
    onExpiry: random.chance(0.7) ? 'reject' : 'approve',
    place: PLACE,
  };
}

function randomMatrix(random: Seeded, needs: readonly string[]): Matrix {
  const dynamic = needs.length > 0 && random.chance(0.4);
  const cells: JsonObject[] = Array.from({ length: 1 + random.below(4) }, (_, n) => ({ n }));
  return {
    cells: dynamic ? null : cells,
    expression: dynamic ? { source: `fromJSON(needs.${needs[0]}.outputs.list)`, place: PLACE } : null,
    include: [],
    exclude: [],
    failFast: random.chance(0.5),
    maxParallel: random.chance(0.4) ? 1 + random.below(2) : null,
  };
}
