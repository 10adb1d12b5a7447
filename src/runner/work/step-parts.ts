import type { JsonValue } from '../../base/json.ts';
import type { WorkParts } from '../../cache/work/fingerprint.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import type { Environment } from '../environment.ts';
import { fill, type JobState } from '../job-state.ts';
import { evaluateInto, jobVariables, type StepScope } from '../step-setup.ts';
import { withoutFolder } from './folder-mark.ts';
import {
  type FilledDeclaration,
  fillDeclaration,
  isolationPart,
  machineParts,
  outsideVariables,
  type WorkMachine,
} from './work-parts.ts';

/** What a step is, right before it would run: its declaration with templates evaluated, and all that decides its result but inputs and tools. */
export interface StepMake {
  readonly declared: FilledDeclaration;
  readonly parts: Omit<WorkParts, 'inputs' | 'tools'>;
}

/**
 * Secrets count by name, and the folder of the job, which is another one in each run, by a mark. `folder`: that of the job.
 * Throws a `JobProblem` when a template cannot be evaluated.
 */
export function stepMake(step: PlanStep, state: JobState, folder: string, machine: WorkMachine): StepMake {
  const { message } = state;
  const scope = nameableScope(state);
  const outside = outsideVariables(message, [step], step.work!.variables, machine);
  const known: Environment = { ...machine.allowed };
  for (const [name, value] of Object.entries(outside)) if (value !== null) known[name] = value;
  const variables: Environment = { ...jobVariables(scope), ...state.variables };
  evaluateInto(variables, step.variables, (own) => scope.context({ ...known, ...own }));
  const context = () => scope.context({ ...known, ...variables });
  const text = (template: string) => withoutFolder(fill(template, `step ${step.id}`, context), folder);
  const declared = fillDeclaration(step.work!, context);
  return {
    declared,
    parts: {
      ...machineParts(machine),
      isolation: isolationPart(message),
      steps: {
        [step.id]: {
          run: text(step.run),
          shell: text(step.shell),
          directory: text(step.workingDirectory),
          path: state.path.map((entry) => withoutFolder(entry, folder)),
          tty: step.tty,
        },
      },
      variables: Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [name, withoutFolder(value, folder)]),
      ),
      secrets: Object.fromEntries(message.job.secrets.map(({ name, variable }) => [`${variable}`, name])),
      outside,
      needs: message.needs as Readonly<Record<string, JsonValue>>,
      // What artifacts brought are files of the workspace, and count where they are declared.
      artifacts: {},
      results: { files: declared.outputs },
    },
  };
}

/** What the step would see, with the name of a secret for its value and without containers and ports of services, which are other ones each time. */
function nameableScope(state: JobState): StepScope {
  const secrets = Object.fromEntries(
    state.message.job.secrets.map(({ name }) => [name, `secret ${name}`] as const),
  );
  const { message, variables, declared, path, emptyFiles } = state;
  return {
    message,
    secrets,
    variables,
    declared,
    path,
    emptyFiles,
    context: (environment, withSecrets = true) => {
      const context = state.context(environment, false);
      const job = { ...(context.job as object), services: {}, container: {} };
      return { ...context, job, ...(withSecrets ? { secrets } : {}) };
    },
  };
}
