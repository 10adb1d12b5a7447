import type { PastDeployment } from './history.ts';

export type RollbackChoice =
  | { readonly kind: 'go'; readonly digest: string; readonly from: string; readonly sentence: string }
  /** Ends with what to do. */
  | { readonly kind: 'refused'; readonly sentence: string };

/** What is known when somebody asks to go back. */
export interface RollbackQuestion {
  /** Of one service in one environment, oldest first. */
  readonly history: readonly PastDeployment[];
  /** Why a digest is in quarantine; null: it is not. */
  readonly quarantineOf: (digest: string) => string | null;
  /** A digest that was asked for; null: the last proven release. */
  readonly wanted: string | null;
  readonly onIrreversible: 'revert' | 'freeze' | 'roll_forward';
}

/**
 * Where to go back to: without a word of the user's the last release that was proven here before the present one. A release in
 * quarantine is none to go back to. Data that the older version cannot run on are in the way, unless the policy says otherwise.
 */
export function chooseRollback(question: RollbackQuestion): RollbackChoice {
  const { history, wanted } = question;
  const running = history.findLast(({ outcome }) => outcome === 'succeeded');
  if (!running)
    return refused('no release was proven here yet, so there is none to go back from; deploy one');
  const open = history.findLast(({ outcome }) => outcome === null);
  if (open) return refused(`${open.deploymentId} is still going on; cancel it, and it goes back by itself`);
  const proven = provenBefore(question, running);
  const goal = wanted ?? proven[0] ?? null;
  if (goal === null) return refused(nowhereToGo(question, running));
  if (goal === running.candidate) return refused(`${goal} runs already; there is nothing to go back`);
  const why = question.quarantineOf(goal);
  if (why !== null) return refused(`${goal} is in quarantine: ${why}; choose another, or ${lifting(goal)}`);
  if (!proven.includes(goal))
    return refused(`${goal} was never proven here; deploy it as a release, with all checks`);
  const binding = bindingSince(history, goal);
  if (binding !== null && question.onIrreversible !== 'revert')
    return refused(
      `${binding.deploymentId} changed data on which ${goal} cannot run; take that back first, or deploy a newer release`,
    );
  return {
    kind: 'go',
    digest: goal,
    from: running.candidate,
    sentence: `back from ${running.candidate} to ${goal}`,
  };
}

function nowhereToGo({ history, quarantineOf }: RollbackQuestion, { candidate }: PastDeployment): string {
  const condemned = history.findLast(
    (past) =>
      past.outcome === 'succeeded' && past.candidate !== candidate && quarantineOf(past.candidate) !== null,
  );
  if (!condemned) return `${candidate} is the only proven release here; deploy a newer one instead`;
  const other = condemned.candidate;
  return `${candidate} is the only proven release here but for ${other}, which is in quarantine: ${quarantineOf(other)}; deploy a newer one, or ${lifting(other)}`;
}

function lifting(digest: string): string {
  return `lift it: sluice deployment lift ${digest.replace(/^sha256:/, '').slice(0, 12)} --reason TEXT`;
}

/** Proven releases before the running one, newest first, without those in quarantine. Going back itself proves nothing new. */
function provenBefore({ history, quarantineOf }: RollbackQuestion, running: PastDeployment): string[] {
  const digests = history
    .filter(({ outcome, candidate }) => outcome === 'succeeded' && candidate !== running.candidate)
    .toReversed()
    .map(({ candidate }) => candidate);
  const left = wasLeft(history);
  return [...new Set(digests)].filter((digest) => quarantineOf(digest) === null && !left.has(digest));
}

/** Releases that somebody went back from: they are not what to go back to, quarantine or not. */
function wasLeft(history: readonly PastDeployment[]): ReadonlySet<string> {
  const left = new Set<string>();
  for (const { kind, outcome, stable, candidate } of history) {
    if (outcome !== 'succeeded') continue;
    if (kind === 'rollback' && stable !== null) left.add(stable);
    // Brought again as a release and proven again.
    if (kind === 'release') left.delete(candidate);
  }
  return left;
}

/** The newest deployment after the goal's that bound the data to itself; null: none did. */
function bindingSince(history: readonly PastDeployment[], goal: string): PastDeployment | null {
  const since = history.findLastIndex(
    ({ candidate, outcome }) => candidate === goal && outcome === 'succeeded',
  );
  return history.slice(since + 1).findLast(({ bindsData }) => bindsData) ?? null;
}

function refused(sentence: string): RollbackChoice {
  return { kind: 'refused', sentence };
}
