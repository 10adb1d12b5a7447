import type { Plan, PlanJob, PlanStep } from '../pipeline/plan.ts';
import { actionNeed } from './action-need.ts';
import { programsIn } from './command-head.ts';

/** Something that jobs need to be there before they start. */
export interface Expectation {
  /** `engine`: what runs containers; `action`: one that a step of a workflow uses. */
  readonly kind: 'program' | 'engine' | 'action' | 'secret' | 'sandbox';
  readonly name: string;
  /** Steps by name; empty: the job as a whole. */
  readonly needs: readonly { readonly job: string; readonly steps: readonly string[] }[];
}

/** By name and job: the steps that need it. */
type Needed = Map<string, Map<string, Set<string>>>;

/** What a language's own tools are called. */
const LANGUAGE_PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  python: ['python3'],
  javascript: ['node', 'npm'],
  typescript: ['node', 'npm'],
  go: ['go'],
  rust: ['cargo'],
  java: ['java'],
  csharp: ['dotnet'],
  ruby: ['ruby', 'bundle'],
};

/**
 * What a plan expects of the machine, as far as its text tells: programs first, then what runs containers, actions, the sandbox, then secrets, each in the
 * order of the plan. What runs in a container has its programs from its image.
 */
export function expectationsOf(plan: Plan): readonly Expectation[] {
  const programs: Needed = new Map();
  const engines: Needed = new Map();
  const actions: Needed = new Map();
  const secrets: Needed = new Map();
  const sandboxes: Needed = new Map();
  for (const job of plan.jobs) {
    const hasContainer = job.container !== null || job.services.some(({ kind }) => kind === 'container');
    if (hasContainer) need(engines, 'docker', job);
    if (job.container === null && job.language !== null)
      for (const program of LANGUAGE_PROGRAMS[job.language] ?? []) need(programs, program, job);
    for (const step of [...job.steps, ...job.cleanup]) {
      const { uses } = step;
      const wanted = uses && actionNeed(uses);
      if (wanted?.kind === 'engine') need(engines, wanted.name, job, step);
      else if (wanted?.kind === 'action') need(actions, wanted.name, job, step);
      else if (job.container === null)
        for (const program of uses ? (wanted ? [wanted.name] : []) : stepPrograms(step))
          need(programs, program, job, step);
    }
    if (needsSandbox(job)) need(sandboxes, 'sandbox', job);
    // Its job runs without it, as far as it can.
    for (const secret of job.secrets.filter(({ name, optional }) => !optional || name !== 'GITHUB_TOKEN'))
      need(secrets, secret.name, job);
  }
  const list = (kind: Expectation['kind'], from: Needed): Expectation[] =>
    [...from].map(([name, jobs]) => ({
      kind,
      name,
      needs: [...jobs].map(([job, steps]) => ({ job, steps: [...steps] })),
    }));
  return [
    ...list('program', programs),
    ...list('engine', engines),
    ...list('action', actions),
    ...list('sandbox', sandboxes),
    ...list('secret', secrets),
  ];
}

function needsSandbox({ isolation, container }: PlanJob): boolean {
  const { mode, network } = isolation;
  return container === null && (mode === 'sandbox' || (mode === null && network === 'none'));
}

function stepPrograms({ shell: command, run }: PlanStep): readonly string[] {
  const shell = command.trim().split(/\s+/)[0]!;
  const own = shell === 'python' ? 'python3' : shell;
  // Only what a shell reads can be read here as shell.
  return /^(ba|da|k|z)?sh$/.test(shell) ? [own, ...programsIn(run)] : [own];
}

function need(needed: Needed, name: string, { id }: PlanJob, step?: PlanStep): void {
  const jobs = needed.get(name) ?? new Map<string, Set<string>>();
  const steps = jobs.get(id) ?? new Set();
  if (step) steps.add(step.name);
  needed.set(name, jobs.set(id, steps));
}
