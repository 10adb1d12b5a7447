import type { JsonValue } from '../../base/json.ts';
import type { WorkParts } from '../../cache/work/fingerprint.ts';
import type { ExpressionContext } from '../../pipeline/expression-context.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import type { WorkDeclaration } from '../../pipeline/plan-work.ts';
import type { JobMessage } from '../contract.ts';
import { type Environment, jobEnvironment } from '../environment.ts';
import { executorKind } from '../isolation.ts';
import { fill, JobState } from '../job-state.ts';
import { jobVariables } from '../step-setup.ts';
import { knownExpression, knownText } from './templates.ts';

/** What a machine adds to the parts of every job. */
export interface WorkMachine {
  /** Such as `linux-x64`. */
  readonly platform: string;
  /** What jobs see of the machine's environment. */
  readonly allowed: Environment;
  /** The whole environment of this process, for what is declared by name. */
  readonly host: Readonly<Record<string, string | undefined>>;
}

/** Set by Sluice and known beforehand; a script that names one depends on it. */
const TOLD = ['SLUICE_BRANCH', 'SLUICE_TAG', 'SLUICE_COMMIT', 'SLUICE_EVENT'];

/** The globs and commands of a declaration with templates evaluated. */
export interface FilledDeclaration {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly tools: readonly string[];
}

/** The state of a job in which a secret's value is its name: nothing that is made of it can tell the secret. */
export function nameableState(message: JobMessage): JobState {
  const names = message.job.secrets.map(({ name }) => [name, `secret ${name}`]);
  return new JobState(message, Object.fromEntries(names));
}

/** Throws a `JobProblem` when a template cannot be evaluated. */
export function fillDeclaration(
  { inputs, outputs, tools }: WorkDeclaration,
  context: () => ExpressionContext,
): FilledDeclaration {
  const filled = (texts: readonly string[], subject: string) =>
    texts.map((text) => fill(text, subject, context));
  return {
    inputs: filled(inputs, 'an input'),
    outputs: filled(outputs, 'an output file'),
    tools: filled(tools, 'a tool'),
  };
}

/** All that decides the result of a job, but for its inputs and what its tools say. Throws a `JobProblem`. */
export function jobParts(
  state: JobState,
  declared: FilledDeclaration,
  machine: WorkMachine,
): Omit<WorkParts, 'inputs' | 'tools'> {
  const { message } = state;
  const { job, needs } = message;
  const variables = jobVariables(state);
  const context = state.context({ ...variables });
  const texts = (templates: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(templates).map(([name, text]) => [name, knownText(text, context)]));
  const stepPart = (step: PlanStep): JsonValue => ({
    run: knownText(step.run, context),
    shell: step.shell,
    directory: knownText(step.workingDirectory, context),
    variables: texts(step.variables),
    condition: step.if && knownExpression(step.if.source, context),
    rest: [step.allowFailure, step.tty, step.parallelGroup, step.when, JSON.stringify(step.work)],
  });
  const granted = new Set(job.secrets.map(({ variable }) => variable));
  return {
    ...machineParts(machine),
    isolation: isolationPart(message),
    steps: Object.fromEntries(
      [...job.steps, ...job.cleanup].map((step, index) => [`${step.id}`, [index, stepPart(step)]]),
    ),
    variables: Object.fromEntries(Object.entries(variables).filter(([name]) => !granted.has(name))),
    secrets: Object.fromEntries(job.secrets.map(({ name, variable }) => [variable, name])),
    outside: outsideVariables(message, [...job.steps, ...job.cleanup], job.work!.variables, machine),
    needs: needs as Readonly<Record<string, JsonValue>>,
    artifacts: downloadedArtifacts(state, variables),
    results: {
      files: declared.outputs,
      outputs: texts(job.outputs),
      artifacts: job.artifacts.map(({ name, paths, when }) => [name, paths, when]),
      ...(job.reports.length > 0 ? { reports: job.reports.map(({ kind, paths }) => [kind, paths]) } : {}),
    },
  };
}

/** What the platform and the language of the machine add. */
export function machineParts({ platform, allowed }: WorkMachine): Pick<WorkParts, 'platform' | 'locale'> {
  const locale = Object.entries(allowed).filter(([name]) => /^(LANG|TZ|LC_.*)$/.test(name));
  return { platform, locale: Object.fromEntries(locale) };
}

/** How the job is kept apart. Limits do not count: work that ran into one has no result. */
export function isolationPart(message: Pick<JobMessage, 'job' | 'trust'>): JsonValue {
  const { isolation, container, services } = message.job;
  return {
    kind: executorKind(message),
    network: isolation.network,
    readable: isolation.readable,
    container: container as JsonValue,
    services: services as unknown as JsonValue,
  };
}

/** The values of the variables from outside that are declared, or that Sluice sets and one of the scripts names; null: not set. */
export function outsideVariables(
  message: JobMessage,
  steps: readonly PlanStep[],
  declared: readonly string[],
  { host, allowed }: WorkMachine,
): Readonly<Record<string, string | null>> {
  const told = jobEnvironment(message, { folder: '', directory: '', temporary: '' }) as Readonly<
    Record<string, string | undefined>
  >;
  const named = TOLD.filter((name) => steps.some(({ run }) => run.includes(name)));
  const value = (name: string) => told[name] ?? allowed[name] ?? host[name] ?? null;
  return Object.fromEntries([...named, ...declared].map((name) => [name, value(name)]));
}

/** By name and job that it may come from: the contents that would be brought. */
function downloadedArtifacts(state: JobState, variables: Environment): Readonly<Record<string, JsonValue>> {
  const { job, kept } = state.message;
  return Object.fromEntries(
    job.downloads.map((download, index) => {
      const name = fill(download.artifact, 'the name of an artifact', () => state.context({ ...variables }));
      const found = Object.entries(kept)
        .filter(([from]) => download.from === null || from === download.from)
        .flatMap(([, all]) => all.filter((one) => one.name === name).map(({ digest }) => digest));
      return [`${index} ${name}`, [download.path, download.files, found] as unknown as JsonValue];
    }),
  );
}
