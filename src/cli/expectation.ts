import type { Plan, PlanJob } from '../pipeline/plan.ts';
import { actionNeeds } from './action-need.ts';
import { programsIn } from './command-head.ts';

/** Something that jobs need to be there before they start. */
export interface Expectation {
  /** `engine`: what runs containers; `action`: one that a step of a workflow uses. */
  readonly kind: 'program' | 'engine' | 'action' | 'secret' | 'sandbox';
  readonly name: string;
  readonly jobs: readonly string[];
}

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
  const programs = new Map<string, Set<string>>();
  const engines = new Map<string, Set<string>>();
  const actions = new Map<string, Set<string>>();
  const secrets = new Map<string, Set<string>>();
  const sandboxes = new Map<string, Set<string>>();
  for (const job of plan.jobs) {
    if (job.container === null) for (const program of jobPrograms(job)) addTo(programs, program, job.id);
    const hasContainer = job.container !== null || job.services.some(({ kind }) => kind === 'container');
    if (hasContainer) addTo(engines, 'docker', job.id);
    for (const { kind, name } of actionNeeds(job)) {
      if (kind === 'engine') addTo(engines, name, job.id);
      else if (kind === 'action') addTo(actions, name, job.id);
      else if (job.container === null) addTo(programs, name, job.id);
    }
    if (needsSandbox(job)) addTo(sandboxes, 'sandbox', job.id);
    // Its job runs without it, as far as it can.
    for (const secret of job.secrets.filter(({ name, optional }) => !optional || name !== 'GITHUB_TOKEN'))
      addTo(secrets, secret.name, job.id);
  }
  const list = (kind: Expectation['kind'], from: ReadonlyMap<string, ReadonlySet<string>>): Expectation[] =>
    [...from].map(([name, jobs]) => ({ kind, name, jobs: [...jobs] }));
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

function jobPrograms(job: PlanJob): ReadonlySet<string> {
  const programs = new Set<string>(job.language === null ? [] : (LANGUAGE_PROGRAMS[job.language] ?? []));
  for (const step of [...job.steps, ...job.cleanup]) {
    if (step.uses !== null) continue;
    const shell = step.shell.trim().split(/\s+/)[0]!;
    programs.add(shell === 'python' ? 'python3' : shell);
    // Only what a shell reads can be read here as shell.
    if (/^(ba|da|k|z)?sh$/.test(shell)) for (const program of programsIn(step.run)) programs.add(program);
  }
  return programs;
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  if (known) known.add(value);
  else map.set(key, new Set([value]));
}
