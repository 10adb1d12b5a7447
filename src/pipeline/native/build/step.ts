import type * as z from 'zod';
import type { PlanStep } from '../../plan.ts';
import type { Node, Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type { jobSchema } from '../schema/job.ts';
import type { parallelSchema, stepSchema } from '../schema/step.ts';
import { nodeAt } from '../value.ts';
import { NO_RETRY, retryOf } from './retry.ts';
import { hasUnguardedPipe } from './shell-pipe.ts';
import { conditionOf, durationMs, listOf, placeOfNode, texts } from './text.ts';
import { workOf } from './work.ts';

export type JobDefinition = z.input<typeof jobSchema>;
type StepDefinition = string | z.input<typeof stepSchema>;
type StepOrParallel = StepDefinition | z.input<typeof parallelSchema>;

interface StepDefaults {
  readonly shell: string;
  readonly workingDirectory: string;
}

const NAME_LENGTH = 80;

/** The steps of a job, from `steps`, `commands` or `run`. Duplicate ids and unknown shells are reported. */
export function stepsOf(job: JobDefinition, defaults: StepDefaults, problems: Problems): PlanStep[] {
  const found: Found[] = [];
  let group = 0;
  if (job.steps) {
    for (const [index, step] of (job.steps as readonly StepOrParallel[]).entries()) {
      if (typeof step === 'object' && 'parallel' in step) {
        group++;
        for (const [inner, one] of step.parallel.entries())
          found.push({ step: one, node: nodeAt(step.parallel, inner), parallelGroup: group, when: 'always' });
      } else
        found.push({
          step: step as StepDefinition,
          node: nodeAt(job.steps, index),
          parallelGroup: null,
          when: 'always',
        });
    }
  } else if (Array.isArray(job.commands)) {
    for (const [index, command] of job.commands.entries()) {
      found.push({ step: command, node: nodeAt(job.commands, index), parallelGroup: null, when: 'always' });
    }
  } else {
    const [run, key] =
      job.run === undefined ? [job.commands as string | undefined, 'commands'] : [job.run, 'run'];
    if (run !== undefined)
      found.push({ step: run, node: nodeAt(job, key), parallelGroup: null, when: 'always' });
  }
  return planned(found, 'step', defaults, problems);
}

/** The clean-up steps of a job and the time they have. */
export function cleanupOf(
  job: JobDefinition,
  defaults: StepDefaults,
  problems: Problems,
): { steps: PlanStep[]; graceMs: number } {
  const cleanup = job.cleanup ?? {};
  const always = Array.isArray(cleanup) ? cleanup : 'always' in cleanup ? cleanup.always : undefined;
  const settings = Array.isArray(cleanup) ? {} : (cleanup as Exclude<typeof cleanup, readonly unknown[]>);
  const found: Found[] = [];
  for (const [list, when] of [
    [always, 'always'],
    [settings.on_failure, 'on-failure'],
  ] as const) {
    for (const [index, step] of listOf(list).entries()) {
      found.push({
        step: step as StepDefinition,
        node: nodeAt(list as object, index),
        parallelGroup: null,
        when,
      });
    }
  }
  return {
    steps: planned(found, 'cleanup', defaults, problems),
    graceMs: durationMs(settings.grace, 30_000),
  };
}

interface Found {
  readonly step: StepDefinition;
  readonly node: Node;
  readonly parallelGroup: number | null;
  readonly when: 'always' | 'on-failure';
}

function planned(
  found: readonly Found[],
  prefix: string,
  defaults: StepDefaults,
  problems: Problems,
): PlanStep[] {
  const ids = new Map<string, Span>();
  return found.map(({ step, node, parallelGroup, when }, index) => {
    const definition = typeof step === 'string' ? { run: step } : step;
    const id = definition.id ?? `${prefix}-${index + 1}`;
    const before = ids.get(id.toLowerCase());
    if (before) {
      problems.error('duplicate-id', headOf(node), `two steps of the job have the id ${shown(id)}`, {
        related: [{ message: 'the first one is here', at: before }],
        suggestion: 'give one of them another `id`',
      });
    }
    ids.set(id.toLowerCase(), headOf(node));
    const shell = definition.shell ?? defaults.shell;
    if (shell === 'sh' && hasUnguardedPipe(definition.run)) {
      problems.warn(
        'unguarded-pipe',
        typeof step === 'string' ? node : nodeAt(definition, 'run'),
        'a pipe in `sh` hides the failure of all but its last command',
        {
          suggestion: 'write `shell: bash`, which fails when any command of a pipe does',
        },
      );
    }
    return {
      id,
      name: definition.name ?? titleOf(definition.run),
      run: definition.run,
      uses: null,
      refusal: null,
      shell,
      workingDirectory: definition.working_directory ?? defaults.workingDirectory,
      variables: texts(definition.env),
      if: conditionOf(definition),
      timeoutMs: durationMs(definition.timeout, null),
      allowFailure: definition.allow_failure ?? false,
      retry: retryOf(definition.retry) ?? NO_RETRY,
      repeatable: definition.repeatable ?? false,
      tty: definition.tty ?? false,
      work: typeof step === 'string' ? null : workOf(step, problems),
      parallelGroup,
      when,
      place: placeOfNode(node),
    };
  });
}

/** The first line that does something. */
export function titleOf(run: string): string {
  const lines = run.split('\n').map((line) => line.trim());
  const line = lines.find((one) => one !== '' && !one.startsWith('#')) ?? lines[0] ?? '';
  return line.length > NAME_LENGTH ? `${line.slice(0, NAME_LENGTH - 1)}…` : line;
}
