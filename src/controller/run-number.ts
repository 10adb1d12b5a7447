import type { JsonObject } from '../base/json.ts';
import type { Actor } from '../journal/event.ts';
import { workflowStream } from '../journal/stream.ts';
import type { PlanArtifact } from '../pipeline/plan-artifact.ts';
import { ConflictError, type Journal } from '../store/contract.ts';

/**
 * Whether a run of the plan, as the journal keeps it, is counted: each of a workflow, where expressions see the number, and those that
 * keep an artifact whose version is made of it. All others are spared the event.
 */
export function needsNumber(plan: JsonObject, tag: string | null): boolean {
  if (plan.dialect === 'github') return true;
  const jobs = (plan.jobs ?? []) as unknown as readonly { readonly artifacts?: readonly PlanArtifact[] }[];
  return tag === null && jobs.some(({ artifacts = [] }) => artifacts.some(({ version }) => version === null));
}

/**
 * Counts a run of a workflow or pipeline of the repository, from 1 on. Runs that are started at the same time get numbers of their own; a run that was
 * never begun may leave a gap.
 */
export async function nextRunNumber(
  journal: Journal,
  { repository, file }: { readonly repository: string; readonly file: string },
  run: { readonly runId: string; readonly actor: Actor; readonly atMs: number },
): Promise<number> {
  const { runId, actor, atMs } = run;
  const stream = workflowStream(repository, file);
  for (;;) {
    const head = await journal.head(stream);
    const body = { type: 'workflow.counted', runId } as const;
    try {
      await journal.append(stream, head, [
        { schemaVersion: 1, at: atMs, actor, subject: { repository }, body },
      ]);
      return head + 1;
    } catch (error) {
      // Whoever came first has the number; one of all who try gets on each time.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
