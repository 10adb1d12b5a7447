import { isAbsolute, relative, resolve } from 'node:path';
import type { JsonObject } from '../base/json.ts';
import type { Random } from '../base/port.ts';
import type { Executor } from '../executor/contract.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import { fileVariables } from '../pipeline/github/environment.ts';
import type { PlanStep, Refusal } from '../pipeline/plan.ts';
import { checkEnvironment, type Environment, PATH_DEFAULT } from './environment.ts';
import { fill, type JobState } from './job-state.ts';
import { stepKey } from './log/paths.ts';
import type { Redaction } from './mask/redaction.ts';
import { plainContexts, plainEnvironment } from './plain-context.ts';
import { JobProblem } from './problem.ts';
import { shellCommand } from './shell.ts';
import { newStepFiles, type StepFiles } from './step-files.ts';
import type { Workspace } from './workspace/workspace.ts';

export interface StepSetup {
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Environment;
  readonly files: StepFiles;
}

/** What all steps of an attempt share. */
export interface JobSetup {
  readonly workspace: Workspace;
  readonly redaction: Redaction;
  /** The machine's part and what the job is told about itself. */
  readonly base: Environment;
  /** Of pipeline and job, evaluated, and the granted secrets. */
  readonly variables: Environment;
  readonly executor: Executor;
  /** When the attempt began, on the monotonic clock. */
  readonly startedMs: number;
  /** Copies the files of the run, as they were at its beginning, into an empty folder of the workspace. */
  readonly takeFiles: (folder: string) => Promise<void>;
}

/** The variables of pipeline and job, the latter over the former. Throws a `JobProblem`. */
export function jobVariables(state: StepScope): Environment {
  return jobVariablesIn(state, (environment) => state.context(environment));
}

/** What the templates of a step see, and what the steps before it left: the job itself, or an action that one of its steps performs. */
export interface StepScope
  extends Pick<
    JobState,
    'message' | 'secrets' | 'variables' | 'declared' | 'path' | 'emptyFiles' | 'context'
  > {
  /** Of an action: its inputs and variables without text from outside. */
  readonly plain?: { readonly inputs: JsonObject; readonly variables: Environment };
  /** Of an action: its folder, in which its steps may work besides. */
  readonly folder?: string;
  /** Of an action of another repository: where all of that is. */
  readonly root?: string | null;
}

type ContextOf = (environment: Environment) => ExpressionContext;

function jobVariablesIn(state: StepScope, contextOf: ContextOf): Environment {
  const { message } = state;
  const variables: Environment = {};
  // In a workflow they are the context `vars`, and no step has them as variables.
  if (!message.job.workflow) evaluateInto(variables, message.variables, contextOf);
  evaluateInto(variables, message.job.variables, contextOf);
  for (const { name, variable } of message.job.secrets) {
    if (variable !== null && state.secrets[name] !== undefined) variables[variable] = state.secrets[name];
  }
  return variables;
}

/** Everything that starting the step needs, with all templates evaluated. Throws a `JobProblem`. */
export function setUpStep(
  step: PlanStep,
  tryNumber: number,
  job: JobSetup,
  state: StepScope,
  random: Random,
): StepSetup {
  if (step.refusal) throw new JobProblem(refusalText(step.refusal));
  const { environment, files } = stepEnvironment(step, tryNumber, job, state, random);
  checkEnvironment(environment);
  const script = scriptText(step, job, state, environment);
  const hidden = script !== step.run && job.redaction.reveals(script);
  const shell = shellOf(step, job, state, environment);
  return {
    command: shellCommand(shell, script, files.script, hidden),
    directory: workingDirectory(step, job.workspace.directory, state, environment),
    environment,
    files,
  };
}

/** All variables of the step, with the names of files in which it leaves what it wants to tell. Throws a `JobProblem`. */
export function stepEnvironment(
  step: PlanStep,
  tryNumber: number,
  job: JobSetup,
  state: StepScope,
  random: Random,
): Pick<StepSetup, 'environment' | 'files'> {
  const files = newStepFiles(job.workspace.folder, stepKey(step.id, tryNumber), random);
  const environment: Environment = { ...job.base, ...job.variables, ...state.variables };
  for (const name in { ...state.variables, ...step.variables }) state.declared.add(name);
  evaluateInto(environment, step.variables, (env) => state.context(env));
  // In a container the image says where programs are; only a step that adds to it has to name the rest.
  if (state.path.length > 0) environment.PATH = [...state.path, environment.PATH ?? PATH_DEFAULT].join(':');
  environment.SLUICE_STEP = step.id;
  environment.SLUICE_TRY = String(tryNumber);
  environment.SLUICE_OUTPUT = files.output;
  environment.SLUICE_ENV = files.variables;
  environment.SLUICE_PATH = files.path;
  environment.SLUICE_SUMMARY = files.summary;
  if (state.message.job.workflow) {
    const named = fileVariables(files);
    Object.assign(environment, named, { GITHUB_ACTION: step.id });
    // GitHub's own library asks whether they are there.
    for (const name in named) state.emptyFiles.make(named[name]!);
  }
  return { environment, files };
}

/** The shell of the step. It is a command: what comes from outside may be no part of it. */
function shellOf(step: PlanStep, job: JobSetup, state: StepScope, environment: Environment): string {
  if (!step.shell.includes('${{')) return step.shell;
  const subject = `the shell of step ${step.id}`;
  const shell = fill(step.shell, subject, () => state.context(environment));
  const { contextOf, environment: plain } = plainView(step, job, state, environment);
  if (fill(step.shell, subject, () => contextOf(plain)) === shell) return shell;
  throw new JobProblem(`${subject} would contain text from the event or a branch or tag name as a command`);
}

function refusalText({ message, place }: Refusal): string {
  return `${message} (${place.file}, line ${place.start.line})`;
}

/** Adds variables to `target`, each evaluated over those before it. Throws a `JobProblem`. */
export function evaluateInto(
  target: Environment,
  templates: Readonly<Record<string, string>>,
  contextOf: ContextOf,
): void {
  for (const name in templates) {
    target[name] = fill(templates[name]!, `variable ${name}`, () => contextOf({ ...target }));
  }
}

/**
 * The script with its templates evaluated. Text that comes from outside (the event, names of branches and tags) must not
 * become code, not by way of a variable either: where such text is not harmless and the script is made from it, the step is
 * refused.
 */
function scriptText(step: PlanStep, job: JobSetup, state: StepScope, environment: Environment): string {
  if (!step.run.includes('${{')) return step.run;
  const subject = `the script of step ${step.id}`;
  const script = fill(step.run, subject, () => state.context(environment));
  if (plainScript(step, job, state, environment) !== script) {
    throw new JobProblem(
      `${subject} would contain text from the event or a branch or tag name as code; give it to the step under \`${state.message.job.workflow ? 'env' : 'environment'}:\` and use the variable`,
    );
  }
  return script;
}

/** The script as it would be without text from outside; null when it cannot be had without. */
function plainScript(
  step: PlanStep,
  job: JobSetup,
  state: StepScope,
  environment: Environment,
): string | null {
  try {
    const view = plainView(step, job, state, environment);
    return fill(step.run, step.id, () => view.contextOf(view.environment));
  } catch (error) {
    if (error instanceof JobProblem) return null;
    throw error;
  }
}

/** What a step would see without text from outside: contexts, its own variables, all of them. Throws a `JobProblem`. */
export function plainView(
  step: PlanStep,
  job: JobSetup,
  state: StepScope,
  environment: Environment,
): { readonly contextOf: ContextOf; readonly variables: Environment; readonly environment: Environment } {
  const plain = {
    ...plainContexts(state.message),
    ...(state.plain ? { inputs: state.plain.inputs } : {}),
  };
  const contextOf = (env: Environment) => ({ ...state.context(env), ...plain });
  const variables = {
    ...jobVariablesIn(state, contextOf),
    ...state.plain?.variables,
    ...state.variables,
  };
  evaluateInto(variables, step.variables, contextOf);
  return {
    contextOf,
    variables,
    environment: { ...plainEnvironment({ ...environment, ...job.base }), ...variables },
  };
}

function workingDirectory(
  step: PlanStep,
  workspace: string,
  state: StepScope,
  environment: Environment,
): string {
  if (step.workingDirectory === '' || step.workingDirectory === '.') return workspace;
  const text = fill(step.workingDirectory, `the working directory of step ${step.id}`, () =>
    state.context(environment),
  );
  const directory = resolve(workspace, text);
  const isIn = (folder: string): boolean => {
    const inside = relative(folder, directory);
    return !inside.startsWith('..') && !isAbsolute(inside);
  };
  if (text.includes('\0') || !(isIn(workspace) || (state.folder !== undefined && isIn(state.folder)))) {
    throw new JobProblem(`the working directory "${text}" of step ${step.id} lies outside of the workspace`);
  }
  return directory;
}
