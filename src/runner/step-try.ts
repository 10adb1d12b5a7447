import { DURATION_MAX_MS } from '../base/duration.ts';
import type { Clock } from '../base/port.ts';
import { type ExecutorJob, StartError, type StepEnd, type StepProcess } from '../executor/contract.ts';
import type { Cause } from '../journal/run-event.ts';
import { evaluateValue } from '../pipeline/expression.ts';
import type { PlanStep } from '../pipeline/plan.ts';
import type { Prepared } from './action/action-run.ts';
import type { UsesEnd, UsesWork } from './action/perform-uses.ts';
import type { PostAction } from './action/post-action.ts';
import { CommandStream } from './command/command-stream.ts';
import { Notes } from './command/notes.ts';
import type { JobMessage, StepFinished } from './contract.ts';
import { causeOfEnd } from './end-cause.ts';
import { isDebugged } from './environment.ts';
import type { JobState } from './job-state.ts';
import { removeLog } from './log/copy.ts';
import { StepOutput } from './log/output.ts';
import { logFile, stepKey } from './log/paths.ts';
import { PatternWatch } from './log/pattern.ts';
import { LogWriter } from './log/writer.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem, machineProblem } from './problem.ts';
import { findStepFiles } from './step-files.ts';
import { type LeftRules, readStepLeft, type StepLeft } from './step-left.ts';
import { type JobSetup, type StepSetup, setUpStep } from './step-setup.ts';
import { decidingCause } from './stop.ts';
import type { Supervised } from './supervised.ts';
import { timeLeft } from './time-left.ts';

const NOTHING_LEFT: StepLeft = { outputs: {}, variables: {}, path: [], warnings: [], hidden: null };

export interface TryPlace {
  readonly options: RunnerOptions;
  readonly setup: JobSetup;
  readonly state: JobState;
  readonly job: ExecutorJob;
  /** Output patterns to look for. */
  readonly patterns: readonly string[];
  /** The step performs an action instead of a script. */
  readonly uses: UsesWork | null;
  /** Called at each piece of output. */
  readonly onActivity: () => void;
}

/**
 * Whether an earlier owner began the try. `perhaps`: its intent is not in the journal, but for the first step of an attempt
 * `cell.started` is intent enough, so the machine is asked.
 */
export type Attach = 'no' | 'yes' | 'perhaps';

/** How one try ended; what is recorded of it. `environment` is null when it was not started by us. */
export interface TryEnd {
  readonly finished: StepFinished;
  readonly environment: Readonly<Record<string, string>> | null;
  /** Nothing is known of what the earlier owner started. */
  readonly isLostAfterRestart: boolean;
  /** What its actions leave for the end of the job. */
  readonly posts: readonly PostAction[];
  /** What its actions leave for their main parts. */
  readonly prepared: Prepared;
}

/**
 * One try of one step, from the evaluated templates to the receipt. `intend` records the intent and is called when nothing
 * but the start itself can fail any more; for a try whose intent an earlier owner recorded it is not called.
 */
export async function performTry(
  place: TryPlace,
  step: PlanStep,
  tryNumber: number,
  attach: Attach,
  supervised: Supervised,
  intend: () => Promise<void> | null,
): Promise<TryEnd> {
  const { options, state, setup } = place;
  const { message } = state;
  const started = options.clock.monotonic();
  const key = stepKey(step.id, tryNumber);
  const path = logFile(options.directory, message.runId, message.cell, message.attempt, key);
  const log = new LogWriter(path, options.clock, options.logBytesMax ?? LOG_BYTES_MAX);
  const watch = place.patterns.length > 0 ? new PatternWatch(place.patterns) : null;
  const commands = message.job.workflow ? commandsOf(place, key, attach !== 'no') : null;
  const output = new StepOutput(log, setup.redaction.masker(), watch, commands?.stream);
  const sink = (chunk: Uint8Array): void => {
    place.onActivity();
    output.write(chunk);
  };

  let stepSetup: StepSetup | null = null;
  let left = NOTHING_LEFT;
  let end: Pick<StepEnd, 'usage' | 'outputLost'> | null = null;
  let action: UsesEnd | null = null;
  let cause: Cause | null = null;
  let isLostAfterRestart = false;
  let earlierMs = 0;
  try {
    let process: StepProcess | null = null;
    let isToStart = attach === 'no';
    if (attach !== 'no') {
      let isTakenOver = false;
      const takeOver = (): void => {
        if (isTakenOver) return;
        isTakenOver = true;
        log.resume();
        output.dropToNewline('Sluice was restarted here; output may be missing up to the next line');
      };
      process = await place.job.attach(key, (chunk) => {
        takeOver();
        sink(chunk);
      });
      // Of an action the process is only a part, and what came behind it is not known.
      if (place.uses) process = null;
      isToStart = !process && message.isSameBoot && ((await place.job.claim?.(key)) ?? false);
      // What it printed to the dead owner may be lost although nothing more comes.
      if (!isToStart) takeOver();
    }
    // An earlier owner may have died while it was taking the step over from another run.
    if (isToStart && message.resumed) removeLog(path);
    const timeoutMs = timeoutOf(step, place);
    const isAction = isToStart && place.uses !== null;
    if (isToStart && !isAction) stepSetup = setUpStep(step, tryNumber, setup, state, options.random);
    if (attach !== 'yes') await intend()?.catch(asUnrecorded);
    if (stepSetup) {
      const { command, directory, environment } = stepSetup;
      process = await place.job.start({
        stepKey: key,
        command,
        directory,
        environment,
        tty: step.tty,
        onOutput: sink,
      });
    }
    if (isAction) {
      const cancelTimer = armTimeout(options.clock, timeoutMs, supervised, null);
      const { performUses } = await import('./action/perform-uses.ts');
      const run = { place, step, tryNumber, key, log: path, rules: leftRules(message), supervised, sink };
      const say = (line: string): void => log.appendMarker(setup.redaction.redact(line));
      const flush = (): void => output.endCommands();
      action = await performUses({ ...run, say, flush }, place.uses!);
      cancelTimer?.();
      end = action;
      left = action.left;
      cause = supervised.stops.length > 0 ? decidingCause(supervised.stops) : action.cause;
    } else if (process) {
      const beganAtMs = isToStart ? null : beginning(message, step, tryNumber);
      const cancelTimer = armTimeout(options.clock, timeoutMs, supervised, beganAtMs);
      if (beganAtMs !== null) earlierMs = earlierOf(options.clock, beganAtMs, started);
      const ended = await supervised.watch(process);
      end = ended;
      cancelTimer?.();
      cause = causeOfEnd(ended, supervised.stops);
      isLostAfterRestart = attach !== 'no' && ended.exit.kind === 'lost';
      output.endCommands();
      const files = stepSetup?.files ?? findStepFiles(setup.workspace.folder, key);
      if (files) left = readStepLeft(files, setup.redaction, path, leftRules(message));
      if (files && message.job.workflow) state.emptyFiles.giveBack(Object.values(files));
    } else {
      isLostAfterRestart = true;
      cause = decidingCause([
        ...supervised.stops,
        { kind: 'lost', reason: 'nothing is left of its process' },
      ]);
    }
  } catch (error) {
    cause = decidingCause([...supervised.stops, causeOfError(error)]);
  }
  output.end();
  if (left.hidden) {
    commands?.notes.add({ kind: 'left', left: left.hidden });
    state.hidden.set(key, left.hidden);
  }
  const refused = commands?.stream.refused ?? [];
  if (cause === null && refused.length > 0) cause = { kind: 'refused', sentences: refused };
  const warnings = end?.outputLost ? [...left.warnings, OUTPUT_LOST] : left.warnings;
  for (const warning of warnings) log.appendMarker(warning);
  if (log.problem) state.warnings.push(`step ${step.id}: ${log.problem}`);
  log.close();
  state.warnings.push(
    ...[...warnings, ...(commands?.stream.warnings ?? [])].map((warning) => `step ${step.id}: ${warning}`),
  );
  const annotations = commands?.stream.annotations ?? [];
  return {
    finished: {
      type: 'step.finished',
      cell: message.cell,
      attempt: message.attempt,
      step: step.id,
      try: tryNumber,
      outcome: outcomeOf(cause),
      cause,
      durationMs: Math.round(earlierMs + options.clock.monotonic() - started),
      outputs: left.outputs,
      exported: { variables: left.variables, path: left.path },
      log: log.size,
      usage: end?.usage ?? null,
      reason: cause?.kind === 'lost' ? { sentence: lostSentence(step.id, message.runId) } : null,
      patterns: watch ? [...watch.seen] : [],
      ...(annotations.length > 0 ? { annotations } : {}),
      ...(action && action.parts.length > 0 ? { parts: action.parts } : {}),
    },
    environment: stepSetup?.environment ?? null,
    isLostAfterRestart,
    posts: action?.posts ?? [],
    prepared: action?.prepared ?? {},
  };
}

/** The outcome stands; only what the step wrote may be gone. */
const OUTPUT_LOST = 'the helper that starts steps was killed; output of this step may be missing';
const LOG_BYTES_MAX = 1024 * 1024 * 1024;

interface Commands {
  readonly notes: Notes;
  readonly stream: CommandStream;
}

/** `known`: whether an earlier owner may have noted something of the try. */
function commandsOf({ setup, state }: TryPlace, key: string, known: boolean): Commands {
  const { folder, directory } = setup.workspace;
  const notes = new Notes(folder, key, known);
  const { redaction } = setup;
  return {
    notes,
    stream: new CommandStream({ redaction, notes, isDebug: isDebugged(state.message), directory }),
  };
}

function leftRules({ job, trust }: JobMessage): LeftRules {
  const isFree = job.workflow !== null && trust === 'trusted';
  return {
    prefix: job.workflow === null ? 'SLUICE' : 'GITHUB',
    hides: isFree,
    variables: isFree ? 'github-variable' : 'variable',
  };
}

/** When the earlier owner recorded that it begins the try: with its intent, or for the first of all with the attempt. */
function beginning(message: JobMessage, step: PlanStep, tryNumber: number): number {
  const intent = message.unsealed.find((open) => open.step === step.id && open.try === tryNumber);
  return intent?.startedAtMs ?? message.startedAtMs;
}

/** How long an earlier owner had the try: from its beginning by wall clock to `startedMs` by the monotonic one. */
function earlierOf(clock: Clock, beganAtMs: number, startedMs: number): number {
  return Math.max(0, clock.now() - beganAtMs - (clock.monotonic() - startedMs));
}

/** The limit of the step, as its expression says where it has one. Throws a `JobProblem`. */
function timeoutOf({ id, timeoutMs, workflow }: PlanStep, { state, setup }: TryPlace): number | null {
  if (!workflow?.timeoutMinutes) return timeoutMs;
  const result = evaluateValue(workflow.timeoutMinutes.source, state.context(setup.variables));
  if (!result.ok) throw new JobProblem(`the timeout of step ${id}: ${result.message}`);
  const minutes = result.value === null || result.value === '' ? Number.NaN : Number(result.value);
  return minutes > 0 ? Math.min(Math.round(minutes * 60_000), DURATION_MAX_MS) : null;
}

/** `beganAtMs`: by wall clock, when an earlier owner began the try; null: it begins now. */
function armTimeout(
  clock: Clock,
  timeoutMs: number | null,
  supervised: Supervised,
  beganAtMs: number | null,
): (() => void) | null {
  if (timeoutMs === null) return null;
  const leftMs = beganAtMs === null ? timeoutMs : timeLeft(clock, timeoutMs, beganAtMs);
  return clock.after(leftMs, () => supervised.stop({ kind: 'timeout', scope: 'step', limitMs: timeoutMs }));
}

/** An intent that could not be recorded is nothing of the step: the attempt must end without another word. */
class Unrecorded extends Error {}

function asUnrecorded(error: unknown): never {
  throw new Unrecorded(error instanceof Error ? error.message : String(error), { cause: error });
}

function causeOfError(error: unknown): Cause {
  if (error instanceof Unrecorded) throw error.cause;
  if (error instanceof JobProblem) return { kind: 'invalid', message: error.message };
  if (error instanceof StartError) return { kind: 'could-not-start', reason: error.message };
  const problem = machineProblem(error);
  if (problem !== null)
    return { kind: 'internal', message: `what the step needs or left could not be handled: ${problem}` };
  throw error;
}

function outcomeOf(cause: Cause | null): 'succeeded' | 'failed' | 'cancelled' | 'errored' {
  if (cause === null) return 'succeeded';
  if (cause.kind === 'cancelled') return 'cancelled';
  return cause.kind === 'invalid' || cause.kind === 'internal' ? 'errored' : 'failed';
}

function lostSentence(step: string, runId: string): string {
  return (
    `it is not known whether step ${step} ran to its end, so it is not started again by itself; look at what it did, then ` +
    `\`sluice rerun ${runId} --failed\`, or mark the step \`repeatable: true\` when running it twice does no harm`
  );
}
