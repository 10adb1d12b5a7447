import type { Cause } from '../../journal/run-event.ts';
import { nativeActionOf } from '../../pipeline/github/action/native-action.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import { type PlanUses, usesText } from '../../pipeline/plan-action.ts';
import type { Environment } from '../environment.ts';
import { isFailureAllowed } from '../failure-allowed.ts';
import { fill } from '../job-state.ts';
import { JobProblem, KeepProblem } from '../problem.ts';
import { type JobSetup, plainView, type StepScope, setUpStep, stepEnvironment } from '../step-setup.ts';
import { type ActionEnd, type ActionRun, causeOfProblem, runProcess, takeLeft } from './action-run.ts';
import { type BroughtAction, bringAction } from './bring.ts';
import { isMet } from './condition.ts';
import { inputVariables, plainInputs, readInputs } from './inputs.ts';
import { performJavascript } from './javascript.ts';
import type { PartPlace } from './part-place.ts';
import { DEPTH_MAX, partsWithPre } from './pre.ts';
import { CompositeScope } from './scope.ts';

/** Performs the action of a step. Problems of the action come back as its cause. */
export async function performAction(
  run: ActionRun,
  step: PlanStep & { readonly uses: PlanUses },
  scope: StepScope,
  setup: JobSetup,
  depth: number,
): Promise<ActionEnd> {
  try {
    return await perform(run, step, scope, setup, depth);
  } catch (error) {
    const cause = causeOfProblem(error);
    return { cause: located(cause, step), outputs: {} };
  }
}

async function perform(
  run: ActionRun,
  step: PlanStep & { readonly uses: PlanUses },
  scope: StepScope,
  setup: JobSetup,
  depth: number,
): Promise<ActionEnd> {
  const { uses } = step;
  if (step.refusal) throw new JobProblem(step.refusal.message);
  if (depth > DEPTH_MAX) throw new KeepProblem(`actions stand in each other more than ${DEPTH_MAX} deep`);
  const { environment, files } = stepEnvironment(step, run.tryNumber, setup, scope, run.place.options.random);
  environment.SLUICE_SUMMARY = run.summary;
  environment.GITHUB_STEP_SUMMARY = run.summary;
  environment.GITHUB_ACTION = step.id;
  const place = { setup, directory: setup.workspace.directory, environment, files };
  const native = run.place.options.adapters === 'off' ? null : nativeActionOf(uses);
  if (native !== null) {
    const { performNative } = await import('./native/perform-native.ts');
    run.say(`${usesText(uses)} is performed by Sluice itself`);
    return performNative(run, scope, place, native, uses);
  }
  if (uses.kind === 'docker') {
    const { performImage } = await import('./docker.ts');
    return performImage(run, scope, place, uses);
  }
  const action = await bringAction(run, uses, scope);
  for (const { message, place: at } of action.definition.warnings)
    run.say(at ? `${at.file}:${at.start.line}: ${message}` : message);
  const identity = identityOf(action);
  Object.assign(environment, identity);
  const inputs = readInputs(action.definition.inputs, uses.with, () => scope.context(environment));
  for (const warning of inputs.warnings) run.say(warning);
  const { runs } = action.definition;
  switch (runs.kind) {
    case 'composite':
      return performComposite(run, step, scope, place, action, inputs.values, depth);
    case 'javascript':
      return performJavascript(
        run,
        scope,
        place,
        action,
        { ...identity, ...inputVariables(inputs.values) },
        step.id,
      );
    default: {
      const { performDocker } = await import('./docker.ts');
      return performDocker(run, scope, place, action, inputs.values, identity, step.id);
    }
  }
}

/** How an action knows who and where it is. */
function identityOf({ folder, repository, ref }: BroughtAction): Environment {
  return {
    GITHUB_ACTION_PATH: folder,
    GITHUB_ACTION_REPOSITORY: repository ?? '',
    GITHUB_ACTION_REF: ref ?? '',
  };
}

async function performComposite(
  run: ActionRun,
  step: PlanStep & { readonly uses: PlanUses },
  outer: StepScope,
  { setup, environment }: PartPlace,
  action: BroughtAction,
  inputs: Readonly<Record<string, string>>,
  depth: number,
): Promise<ActionEnd> {
  const { runs, inputs: declared, outputs: templates } = action.definition;
  if (runs.kind !== 'composite') throw new Error('only composite actions have steps');
  const view = plainView(step, setup, outer, environment);
  const plain = {
    inputs: plainInputs(declared, step.uses.with, () => view.contextOf(view.environment)),
    variables: view.variables,
  };
  const scope = new CompositeScope(outer, inputs, plain, action);
  const own: Environment = { ...identityOf(action) };
  for (const name of Object.keys(step.variables)) own[name] = environment[name]!;
  const inner: JobSetup = {
    ...setup,
    base: { ...setup.base, ...own },
    variables: { ...setup.variables, ...own },
  };
  let cause: Cause | null = null;
  const parts = run.stage === 'pre' ? await partsWithPre(run.place, runs.steps, action, depth) : runs.steps;
  for (const [index, part] of parts.entries()) {
    if (run.supervised.stops.length > 0) break;
    const id = part.id;
    const end = await performStep(
      run,
      { ...part, id: `${step.id}.${id}` },
      scope,
      inner,
      depth,
      `${index + 1} of ${parts.length}`,
    );
    const outcome = end.outcome === 'skipped' ? 'skipped' : end.cause === null ? 'success' : 'failure';
    scope.note(id, outcome, end.outcome === 'warned' ? 'success' : outcome, end.outputs);
    if (end.outcome === 'failed') {
      cause ??= end.cause;
      scope.failedBecause ??= `step ${id} failed`;
    }
  }
  if (run.stage === 'pre') return { cause, outputs: {} };
  const last = { ...inner.base, ...inner.variables, ...scope.variables };
  const outputs: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates))
    outputs[name] = fill(template, `output ${name}`, () => scope.context(last));
  return { cause, outputs };
}

interface StepEnd extends ActionEnd {
  /** `warned`: it failed, and the others go on. */
  readonly outcome: 'succeeded' | 'failed' | 'warned' | 'skipped';
}

async function performStep(
  run: ActionRun,
  step: PlanStep,
  scope: CompositeScope,
  setup: JobSetup,
  depth: number,
  count: string,
): Promise<StepEnd> {
  const { clock } = run.place.options;
  const startedMs = clock.monotonic();
  const environment = { ...setup.base, ...setup.variables, ...scope.variables };
  // Its own parts come behind it.
  const at = run.tally.parts.length;
  const told = (end: ActionEnd, outcome: StepEnd['outcome']): StepEnd => {
    const durationMs = Math.round(clock.monotonic() - startedMs);
    run.tally.parts.splice(at, 0, { name: step.name, depth, outcome, cause: end.cause, durationMs });
    return { ...end, outcome };
  };
  const failed = (end: ActionEnd) =>
    told(end, isFailureAllowed(step, scope.context(environment)) ? 'warned' : 'failed');
  try {
    if (!isMet(step.if, scope, environment, `step ${step.id}`)) {
      run.say(`step ${count} is skipped: ${step.name}`);
      return told({ cause: null, outputs: {} }, 'skipped');
    }
    run.say(`step ${count}: ${step.name}`);
    const end = step.uses
      ? await performAction(run, { ...step, uses: step.uses }, scope, setup, depth + 1)
      : await performRun(run, step, scope, setup);
    return end.cause === null ? told(end, 'succeeded') : failed(end);
  } catch (error) {
    return failed({ cause: located(causeOfProblem(error), step), outputs: {} });
  }
}

async function performRun(
  run: ActionRun,
  step: PlanStep,
  scope: StepScope,
  setup: JobSetup,
): Promise<ActionEnd> {
  const { command, directory, environment, files } = setUpStep(
    step,
    run.tryNumber,
    setup,
    scope,
    run.place.options.random,
  );
  const shared = { ...environment, SLUICE_SUMMARY: run.summary, GITHUB_STEP_SUMMARY: run.summary };
  const cause = await runProcess(run, command, directory, shared);
  const outputs = takeLeft(run, scope, files);
  scope.emptyFiles.giveBack(Object.values(files));
  return { cause, outputs };
}

/** Where the step stands, said once: an inner step says it first. */
function located(cause: Cause, { place }: PlanStep): Cause {
  if (cause.kind !== 'surroundings' && cause.kind !== 'invalid') return cause;
  if (/ \([^()]+, line \d+\)$/.test(cause.message)) return cause;
  return { ...cause, message: `${cause.message} (${place.file}, line ${place.start.line})` };
}
