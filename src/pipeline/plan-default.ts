import type { Plan, PlanJob } from './plan.ts';
import type { PlanIsolation } from './plan-isolation.ts';

const NO_LIMITS = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };

export const NO_ISOLATION: PlanIsolation = { mode: null, network: 'host', readable: [], limits: NO_LIMITS };

/** What a job has that asks for nothing beyond its steps. */
export const PLAIN_JOB = {
  snapshots: false,
  work: null,
  isolation: NO_ISOLATION,
  container: null,
  services: [],
  caches: [],
  downloads: [],
  artifacts: [],
  reports: [],
  gates: [],
  approval: null,
  deploy: null,
  workflow: null,
  refusals: [],
} as const satisfies Partial<PlanJob>;

/** What a plan has whose pipeline defines nothing beyond its jobs. */
export const PLAIN_PLAN = {
  dialect: 'sluice',
  environments: [],
  services: [],
  waivers: [],
  protectedPaths: [],
} as const satisfies Partial<Plan>;
