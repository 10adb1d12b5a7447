import type { Turn } from './turn.ts';

export function setDeadlines(turn: Turn): void {
  const { course, requestedAtMs, stages } = turn.state;
  const { timeoutMs } = course.plan;
  if (timeoutMs !== null)
    turn.commands.push({ type: 'set-timer', id: 'run', atMs: requestedAtMs + timeoutMs });
  for (const [name, stage] of Object.entries(stages)) {
    if (stage.startedAtMs !== null && !stage.deadlinePassed) setStageTimer(turn, name, stage.startedAtMs);
  }
}

export function setStageTimer(turn: Turn, name: string, startedAtMs: number): void {
  const { timeoutMs } = turn.state.course.stageOf.get(name)!;
  turn.commands.push({ type: 'set-timer', id: `stage/${name}`, atMs: startedAtMs + timeoutMs });
}

export function retryTimer(cell: { readonly name: string; readonly attempt: number }): string {
  return `retry/${cell.attempt}/${cell.name}`;
}

export function approvalTimer(cell: string): string {
  return `approval/${cell}`;
}
