import { titleOf } from '../../native/build/step.ts';
import type { Plan, PlanJob, PlanStep } from '../../plan.ts';
import type { LossNote } from '../contract.ts';
import { stepLosses } from '../feature.ts';
import { gateScript } from '../substitute.ts';
import { scriptCommand } from './command.ts';
import { asksStatus, type EventName, STATUS, shellCondition, statusIs } from './condition.ts';
import { type Facts, lookIn, needVariable, stepVariable, usedVariables } from './facts.ts';
import { filesPrelude, filesUsed } from './prelude.ts';
import { isPosix, substituted } from './substitute.ts';
import { type Look, type Piece, piecesOf, quoted } from './value.ts';

/** What is special about the shell of a target. */
export interface ShellTarget {
  /** For people. */
  readonly name: string;
  readonly facts: Facts;
  /** Commands that make variables that `facts` names and the target does not have. */
  readonly definitions: Readonly<Record<string, string>>;
  readonly eventName: EventName;
  /** Where a job leaves its outputs as NAME=value lines for the jobs that need it; null: it cannot. */
  outputFile(job: PlanJob): string | null;
}

/** A piece of a job's script, and what it could not say. */
export interface Block {
  readonly text: string;
  readonly notes: readonly LossNote[];
}

/** The steps of a job as one script of a POSIX shell that stops at the first command that fails. */
export interface JobScript {
  /** Variables that are known beforehand. */
  readonly constants: Readonly<Record<string, string>>;
  /** What has to come before the steps, and before the clean-up where that has a shell of its own; null: nothing. */
  readonly setup: string | null;
  readonly blocks: readonly Block[];
  /** A failed one keeps none of the others from running. */
  readonly cleanup: readonly Block[];
  readonly notes: readonly LossNote[];
}

export function jobScript(plan: Plan, job: PlanJob, target: ShellTarget): JobScript {
  const look = lookIn(plan, target.facts);
  const context: Context = { job, look, target, tracked: isTracked(job) };
  const variables = variablesOf(plan, job, context);
  const steps = job.steps.map((step) => stepBlock(step, context));
  const gates = job.gates.length > 0 ? [{ text: `# Gates\n${gateScript(job)}`, notes: [] }] : [];
  const outputs = outputBlock(job, context);
  const services = job.services.flatMap((service) =>
    service.kind === 'command' ? [serviceBlock(job, service, context)] : [],
  );
  const end = context.tracked ? [{ text: statusIs('success'), notes: [] }] : [];
  const blocks = [...services, ...steps, ...outputs, ...end, ...gates];
  const cleanup = job.cleanup.map((step) =>
    stepBlock({ ...step, allowFailure: true }, { ...context, tracked: false }),
  );
  const setup = setupText(job, variables.exports, [...blocks, ...cleanup], context);
  return {
    constants: variables.constants,
    setup: setup === '' ? null : setup,
    blocks,
    cleanup,
    notes: variables.notes,
  };
}

interface Context {
  readonly job: PlanJob;
  readonly look: Look;
  readonly target: ShellTarget;
  /** Steps go on after a failure: some of them ask how it went. */
  readonly tracked: boolean;
}

function isTracked(job: PlanJob): boolean {
  return (
    job.steps.some((step) => step.if && asksStatus(step.if.source)) ||
    /steps\s*\.\s*[\w-]+\s*\.\s*(?:outcome|conclusion)/.test(JSON.stringify(job.steps))
  );
}

function setupText(
  job: PlanJob,
  exports: readonly string[],
  blocks: readonly Block[],
  context: Context,
): string {
  const scripts = [...job.steps, ...job.cleanup].map(({ run }) => run).join('\n');
  const files = filesUsed(scripts);
  const whole = [...exports, ...blocks.map(({ text }) => text)].join('\n');
  const definitions = Object.entries(context.target.definitions).flatMap(([name, command]) =>
    whole.includes(name) ? [command] : [],
  );
  return [
    ...definitions,
    ...exports,
    ...(files.length > 0 ? [filesPrelude(files, scripts)] : []),
    ...(context.tracked ? [`${STATUS}=success`] : []),
  ].join('\n');
}

function variablesOf(plan: Plan, job: PlanJob, { look, target }: Context) {
  const constants: Record<string, string> = {};
  const exports: string[] = [];
  const notes: LossNote[] = [];
  const lose = (name: string, message: string, instead: string) =>
    notes.push({
      feature: 'job.variables',
      message: `job ${job.id}: the variable ${name} ${message}`,
      instead,
      place: job.place,
    });
  const add = (name: string, pieces: readonly Piece[]) => {
    const [only] = pieces;
    if (!/^[A-Za-z_]\w*$/.test(name)) lose(name, 'is no name for a shell', 'it is not set');
    else if (pieces.every(({ kind }) => kind === 'text'))
      constants[name] = pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
    else if (!(pieces.length === 1 && only?.kind === 'variable' && only.name === name)) {
      exports.push(`export ${name}=${quoted(pieces)}`);
      delete constants[name];
    }
  };
  for (const [name, value] of Object.entries({ ...plan.variables, ...job.variables }))
    add(
      name,
      piecesOf(value, look, (source) =>
        lose(
          name,
          `is made from ${source}, which ${target.name} does not have`,
          'the expression stands there as it is',
        ),
      ),
    );
  for (const { name, variable } of job.secrets)
    if (variable !== null) add(variable, look(['secrets', name])!);
  for (const [name, pieces] of usedVariables(job, target.facts)) {
    if (pieces) add(name, pieces);
    else lose(name, `is not known on ${target.name}`, 'it is not set');
  }
  return { constants, exports, notes };
}

function outputBlock(job: PlanJob, { look, target }: Context): Block[] {
  const names = Object.keys(job.outputs);
  if (names.length === 0) return [];
  const note = (message: string, instead: string): LossNote => ({
    feature: 'job.outputs',
    message: `job ${job.id}: ${message}`,
    instead,
    place: job.place,
  });
  const file = target.outputFile(job);
  if (file === null)
    return [{ text: 'true', notes: [note(`its outputs ${names.join(', ')}`, 'no job gets them')] }];
  const notes = [note('outputs of several lines', 'each is one line')];
  const lines = Object.entries(job.outputs).map(([name, template]) => {
    const pieces = piecesOf(template, look, (source) =>
      notes.push(
        note(
          `the output ${name} is made from ${source}, which ${target.name} does not have`,
          'the expression stands there as it is',
        ),
      ),
    );
    return `  printf '%s=%s\\n' ${needVariable(job.id, name)} ${quoted(pieces)}`;
  });
  return [{ text: `# What the jobs behind it get\n{\n${lines.join('\n')}\n} > ${file}`, notes }];
}

function serviceBlock(
  job: PlanJob,
  service: Extract<PlanJob['services'][number], { kind: 'command' }>,
  context: Context,
): Block {
  const notes: LossNote[] = [
    {
      feature: 'job.services',
      message: `job ${job.id}: nobody waits until the command ${service.name} beside it answers`,
      instead: 'it is started in the background',
      place: service.place,
    },
  ];
  const lose = (source: string) =>
    notes.push(unknownName(`service ${service.name}`, source, context, service.place));
  const script = substituted(service.run, context.look, lose);
  const command = scriptCommand(
    service.shell,
    script,
    prefixOf(service.variables, context, lose),
    folderOf(service.workingDirectory, context, lose),
  );
  return { text: `# ${service.name}\n{\n${command}\n} &`, notes };
}

const EXPRESSED = [
  'name',
  'run',
  'uses',
  'shell',
  'workingDirectory',
  'variables',
  'if',
  'timeoutMs',
  'allowFailure',
  'retry',
  'when',
] as const;

function stepBlock(step: PlanStep, context: Context): Block {
  const { job, look, target } = context;
  const notes: LossNote[] = filesUsed(step.run).includes('summary') ? [summaryLoss(step)] : [];
  notes.push(
    ...stepLosses(step, EXPRESSED, {
      parallelGroup: 'it runs after the one before it',
      tty: 'it gets no terminal',
    }),
  );
  if (step.allowFailure && job.steps.includes(step)) notes.push(allowedLoss(step));
  const what = `step ${step.id}`;
  const lose = (source: string) => notes.push(unknownName(what, source, context, step.place));
  const script = isPosix(step.shell)
    ? substituted(step.run, look, (source, why) =>
        why === 'unknown' ? lose(source) : notes.push(quotedLoss(what, source, step)),
      )
    : plainScript(step, lose);
  if (step.retry.on.length > 0 || step.retry.backoff !== 1)
    notes.push(
      ...stepLosses(
        step,
        [...EXPRESSED.filter((word) => word !== 'retry'), 'parallelGroup', 'tty', 'repeatable', 'work'],
        { retry: 'it is tried again after any failure, after the same time' },
      ),
    );
  const seconds = step.timeoutMs === null ? '' : `timeout ${step.timeoutMs / 1000} `;
  const prefix = prefixOf(step.variables, context, lose) + seconds;
  const command = scriptCommand(step.shell, script, prefix, folderOf(step.workingDirectory, context, lose));
  const condition = step.if ? shellCondition(step.if.source, look, target.eventName) : 'true';
  if (condition === null) notes.push(conditionLoss(step, target));
  const title = step.name === titleOf(step.run) ? '' : `# ${oneLine(step.name)}\n`;
  const text = `${title}${guarded(step, tried(step, command, context), condition ?? 'false', context)}`;
  return { text: `${text}${after(step, job)}`, notes };
}

/** What is not a shell's takes no variable; texts that are known stand there. */
function plainScript(step: PlanStep, lose: (source: string) => void): string {
  return piecesOf(step.run, () => null, lose)
    .map((piece) => (piece.kind === 'text' ? piece.text : ''))
    .join('');
}

function prefixOf(
  variables: Readonly<Record<string, string>>,
  { look }: Context,
  lose: (source: string) => void,
): string {
  const words = Object.entries(variables).map(
    ([name, value]) => `${name}=${quoted(piecesOf(value, look, lose))} `,
  );
  // A shell takes only its own names in front of a command.
  const isPlain = Object.keys(variables).every((name) => /^[A-Za-z_]\w*$/.test(name));
  return words.length === 0 ? '' : `${isPlain ? '' : 'env '}${words.join('')}`;
}

function folderOf(folder: string, { look }: Context, lose: (source: string) => void): string | null {
  return folder === '.' ? null : quoted(piecesOf(folder, look, lose));
}

/** The command with its further attempts, and what becomes of its failure. */
function tried(step: PlanStep, command: string, { tracked }: Context): string {
  const { retry, allowFailure } = step;
  const record = (outcome: string) =>
    tracked
      ? `export ${stepVariable(step.id, 'outcome')}=${outcome} ${stepVariable(step.id, 'conclusion')}=${allowFailure ? 'success' : outcome}`
      : '';
  const failed = [
    record('failure'),
    tracked && !allowFailure ? `${STATUS}=failure` : '',
    allowFailure ? `true` : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
  if (failed === '' && retry.max === 0 && !tracked) return command;
  const again = retry.delayMs > 0 ? `{ sleep ${retry.delayMs / 1000}; sluice_step; }` : 'sluice_step';
  const attempts = ['sluice_step', ...Array.from({ length: retry.max }, () => again)].join(' || ');
  const end = failed === '' ? '' : ` || { ${failed}; }`;
  const begin = tracked ? `${record('success')}\n` : '';
  return `${begin}sluice_step() {\n${command}\n}\n${attempts}${end}`;
}

function guarded(step: PlanStep, text: string, condition: string, { tracked }: Context): string {
  const asks = step.if !== null && asksStatus(step.if.source);
  const parts = [
    ...(tracked && !asks ? [statusIs('success')] : []),
    ...(condition === 'true' ? [] : [condition]),
  ];
  return parts.length === 0 ? text : `if ${parts.join(' && ')}; then\n${text}\nfi`;
}

/** Takes over what the step left in its files. */
function after(step: PlanStep, job: PlanJob): string {
  const scripts = job.steps.map(({ run }) => run).join('\n');
  return filesUsed(scripts).some((file) => file !== 'summary')
    ? `\nsluice_after ${step.id.replace(/\W/g, '_')}`
    : '';
}

function oneLine(name: string): string {
  return name.replace(/\s+/g, ' ').trim();
}

function unknownName(what: string, source: string, { target }: Context, place: LossNote['place']): LossNote {
  return {
    feature: 'expression',
    message: `${what}: ${target.name} has nothing like ${source}`,
    instead: 'the expression stands there as it is',
    place,
  };
}

function quotedLoss(what: string, variable: string, step: PlanStep): LossNote {
  return {
    feature: 'expression',
    message: `${what}: an expression in a here-document that a shell takes as it stands`,
    instead: `the name of the variable ${variable} stands there`,
    place: step.place,
  };
}

function allowedLoss(step: PlanStep): LossNote {
  return {
    feature: 'step.allowFailure',
    message: `step ${step.id}: that its failure shows as a warning`,
    instead: 'the job goes on as if it had passed',
    place: step.place,
  };
}

function summaryLoss(step: PlanStep): LossNote {
  return {
    feature: 'step.summary',
    message: `step ${step.id}: the summary that it writes`,
    instead: 'nobody shows it',
    place: step.place,
  };
}

function conditionLoss(step: PlanStep, target: ShellTarget): LossNote {
  return {
    feature: 'step.if',
    message: `step ${step.id}: ${target.name} cannot decide the condition ${step.if!.source}`,
    instead: 'the step never runs',
    place: step.if!.place,
  };
}
