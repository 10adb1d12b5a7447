import { evaluateTemplate, evaluateValue } from '../pipeline/expression.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import type { Concurrency } from '../pipeline/plan.ts';
import { runContexts } from './context.ts';
import { cellContext } from './dynamic.ts';
import type { CellState, RunState } from './state.ts';
import type { Turn } from './turn.ts';

export function joinRunGroup(turn: Turn): void {
  const { concurrency } = turn.state.course.plan;
  if (!concurrency) return;
  const contexts = {
    ...runContexts(turn.state.course),
    status: { failed: false, cancelled: false, skippedNeed: false },
  };
  const group = evaluateTemplate(concurrency.group, contexts);
  turn.commands.push({
    type: 'join-group',
    cell: null,
    group: groupName(turn.state, group.ok ? group.value : concurrency.group),
    policy: policyOf(concurrency, contexts),
  });
}

function policyOf({ policy, cancelIf }: Concurrency, context: ExpressionContext): Concurrency['policy'] {
  const cancels = cancelIf && evaluateValue(cancelIf.source, context);
  return cancels?.ok && (cancels.value === true || cancels.value === 'true') ? 'cancel-running' : policy;
}

/** A fork may call its branch `main`: its runs must not hold up or cancel those of the repository. */
function groupName({ course }: RunState, name: string): string {
  return course.request.trust === 'untrusted' ? `untrusted/${name}` : name;
}

export function cellGroup(
  state: RunState,
  cell: CellState,
): { readonly group: string; readonly policy: Concurrency['policy'] } | null {
  const { concurrency } = state.course.jobs[cell.job]!;
  if (!concurrency) return null;
  const context = cellContext(state, cell);
  const group = evaluateTemplate(concurrency.group, context);
  const name = groupName(state, group.ok ? group.value : concurrency.group);
  return { group: name, policy: policyOf(concurrency, context) };
}

export function joinCellGroup(turn: Turn, cell: CellState): void {
  const group = cellGroup(turn.state, cell);
  if (group) turn.commands.push({ type: 'join-group', cell: cell.name, ...group });
}

export function leaveCellGroup(turn: Turn, cell: CellState): void {
  if (cell.phase !== 'held' && cell.phase !== 'over' && !cell.admitted) return;
  const group = cellGroup(turn.state, cell);
  if (group) turn.commands.push({ type: 'leave-group', cell: cell.name, group: group.group });
}
