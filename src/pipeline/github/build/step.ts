import { child, type MapNode, type Node, placeOf, type Span } from '../../native/node.ts';
import { type Problems, shown } from '../../native/problem.ts';
import { headOf } from '../../native/read.ts';
import type { PlanStep, Refusal } from '../../plan.ts';
import { type PlanUses, usesText } from '../../plan-action.ts';
import { nativeActionOf } from '../action/native-action.ts';
import { arithmeticIn } from '../arithmetic.ts';
import { checkControls, controlOf, controlTitle, isBackground } from './control.ts';
import { conditionOf, dynamicOf, STEP_CONDITION } from './expression.ts';
import { reportInjection } from './injection.ts';
import { constant } from './matrix.ts';
import { shellOf } from './shell.ts';
import { textsOf, textUnder } from './text.ts';
import { usesOf } from './uses.ts';

/** What the steps of a job have in common. */
export interface StepSurroundings {
  readonly shell: string | null;
  readonly workingDirectory: string | null;
  /** Of workflow and job. */
  readonly variables: Readonly<Record<string, string>>;
}

const NAME_LENGTH = 80;
const NO_RETRY = { max: 0, delayMs: 0, backoff: 1, on: [] };

interface Found {
  readonly node: MapNode;
  readonly parallelGroup: number | null;
}

/** The steps of a job, those of a `parallel:` block as one group. Doubled ids are reported. */
export function stepsOf(
  node: Node | undefined,
  surroundings: StepSurroundings,
  problems: Problems,
): PlanStep[] {
  const found = flattened(node);
  const ids = idsOf(found, problems);
  checkControls(
    found.map((one) => one.node),
    problems,
  );
  return found.map((one, index) => stepOf(one, ids[index]!, surroundings, problems));
}

function flattened(node: Node | undefined): Found[] {
  if (node?.kind !== 'list') return [];
  let group = 0;
  return node.items.flatMap((item): Found[] => {
    if (item.kind !== 'map') return [];
    const parallel = child(item, 'parallel');
    if (parallel?.kind !== 'list') return [{ node: item, parallelGroup: null }];
    group++;
    return parallel.items.flatMap((inner) =>
      inner.kind === 'map' ? [{ node: inner, parallelGroup: group }] : [],
    );
  });
}

/** Given ones, and `step-3` by position for the others, as far as that is free. */
function idsOf(found: readonly Found[], problems: Problems): string[] {
  const given = new Map<string, Span>();
  for (const { node } of found) {
    const at = child(node, 'id');
    const id = textUnder(node, 'id');
    if (!at || id === null) continue;
    const before = given.get(id.toLowerCase());
    if (before) {
      problems.error('duplicate-id', at, `two steps of the job have the id ${shown(id)}`, {
        related: [{ message: 'the first one is here', at: before }],
        suggestion: 'give one of them another `id`',
      });
    }
    if (!/^[A-Za-z_][\w-]*$/.test(id))
      problems.error('bad-id', at, `the id ${shown(id)} is not made of letters, digits, - and _`);
    given.set(id.toLowerCase(), at);
  }
  return found.map(({ node }, index) => {
    const id = textUnder(node, 'id');
    if (id !== null) return id;
    let free = `step-${index + 1}`;
    while (given.has(free)) free += '_';
    return free;
  });
}

function stepOf(
  { node, parallelGroup }: Found,
  id: string,
  surroundings: StepSurroundings,
  problems: Problems,
): PlanStep {
  const run = textUnder(node, 'run') ?? '';
  const script = child(node, 'run');
  const variables = textsOf(child(node, 'env'));
  if (script?.kind === 'scalar')
    reportInjection(script, { ...surroundings.variables, ...variables }, problems);
  const uses = actionOf(node, problems);
  const shell = shellOf(textUnder(node, 'shell') ?? surroundings.shell);
  const minutes = constant(child(node, 'timeout-minutes'), 'number');
  const control = controlOf(node);
  const workflow = {
    ...dynamicOf('allowFailure', child(node, 'continue-on-error')),
    ...dynamicOf('timeoutMinutes', child(node, 'timeout-minutes')),
    ...(isBackground(node) ? { background: true as const } : {}),
    ...(control ? { control } : {}),
  };
  return {
    id,
    name: textUnder(node, 'name') ?? (uses ? usesText(uses) : control ? controlTitle(control) : titleOf(run)),
    run,
    uses,
    refusal: (script ? refusalOfShell(node, shell) : null) ?? refusalOfArithmetic(node),
    shell: shell.command,
    workingDirectory: uses
      ? '.'
      : (textUnder(node, 'working-directory') ?? surroundings.workingDirectory ?? '.'),
    variables,
    if: conditionOf(child(node, 'if'), STEP_CONDITION, problems),
    timeoutMs: minutes !== null && minutes > 0 ? Math.round(minutes * 60_000) : null,
    allowFailure: constant(child(node, 'continue-on-error'), 'boolean') ?? false,
    retry: NO_RETRY,
    // What Sluice performs itself may be begun again.
    repeatable: uses !== null && nativeActionOf(uses) !== null,
    tty: false,
    work: null,
    parallelGroup,
    when: 'always',
    ...(Object.keys(workflow).length > 0 ? { workflow } : {}),
    place: placeOf(headOf(node)),
  };
}

function actionOf(node: MapNode, problems: Problems): PlanUses | null {
  const at = child(node, 'uses');
  const text = textUnder(node, 'uses');
  if (!at || text === null) return null;
  const uses = usesOf(text, textsOf(child(node, 'with')));
  if (!uses) {
    problems.error('bad-action', at, `${shown(text)} names no action`, {
      suggestion: 'write owner/name@ref, ./folder, $/folder or docker://image',
    });
  }
  return uses;
}

function refusalOfShell(node: MapNode, { problem }: { readonly problem: string | null }): Refusal | null {
  if (problem === null) return null;
  return { feature: 'shell', message: problem, place: placeOf(child(node, 'shell') ?? headOf(node)) };
}

function refusalOfArithmetic(node: MapNode): Refusal | null {
  const at = arithmeticIn(node);
  if (!at) return null;
  const message = 'an expression of this step calculates, and expressions cannot; calculate in the script';
  return { feature: 'expression', message, place: placeOf(at) };
}

/** The first line that does something. */
function titleOf(run: string): string {
  const lines = run.split('\n').map((line) => line.trim());
  const line = lines.find((one) => one !== '' && !one.startsWith('#')) ?? lines[0] ?? '';
  return line.length > NAME_LENGTH ? `${line.slice(0, NAME_LENGTH - 1)}…` : line;
}
