import type { ArtifactRecord } from '../../artifact/contract.ts';
import type { WorkResult } from '../../cache/contract.ts';
import type { KeptArtifact } from '../../journal/run-event.ts';
import type { PlanArtifact } from '../../pipeline/plan-artifact.ts';
import type { JobMessage } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { fill, type JobState } from '../job-state.ts';
import { artifactOrigin, keptOf } from '../keep-artifact.ts';
import type { RunnerOptions } from '../options.ts';
import { jobVariables } from '../step-setup.ts';
import { isKnownLater } from './templates.ts';

/**
 * Records the artifacts of an earlier result for this run: the same contents, under this run's name and version. Returns why that
 * cannot be, when one of them is gone.
 */
export async function keepAgain(
  message: JobMessage,
  state: JobState,
  result: WorkResult,
  { rooms }: RunnerOptions,
): Promise<readonly KeptArtifact[] | string> {
  if (result.artifacts.length === 0) return [];
  const artifacts = await rooms.artifacts();
  const { repository } = message.source;
  const variables = jobVariables(state);
  const found: { readonly definition: PlanArtifact; readonly record: ArtifactRecord }[] = [];
  for (const { name, digest } of result.artifacts) {
    const definition = message.job.artifacts.find((one) => nameOf(one, state, variables) === name);
    if (!definition) return `which artifact is "${name}" is known only after its steps`;
    const { runId } = result;
    const [record] = await artifacts.find({ repository, runId, name, digest });
    if (!record || !(await artifacts.isWhole(record)))
      return `artifact ${name} of run ${runId} is gone or not whole any more`;
    found.push({ definition, record });
  }
  const kept: KeptArtifact[] = [];
  for (const { definition, record } of found) {
    const words = wordsOf(definition, record, state, variables);
    kept.push(keptOf(await artifacts.keepAgain(record, artifactOrigin(message, definition, words))));
  }
  return kept;
}

function nameOf({ name }: PlanArtifact, state: JobState, variables: Environment): string | null {
  return isKnownLater(name) ? null : fill(name, 'the name of an artifact', () => contextOf(state, variables));
}

/** What only the steps could tell stays as it was. */
function wordsOf(
  { version, tags }: PlanArtifact,
  record: ArtifactRecord,
  state: JobState,
  variables: Environment,
) {
  const word = (text: string, before: string) =>
    isKnownLater(text) ? before : fill(text, `artifact ${record.name}`, () => contextOf(state, variables));
  return {
    name: record.name,
    version: version === null ? null : word(version, record.version),
    metadata: Object.fromEntries(
      Object.entries(tags).map(([tag, text]) => [tag, word(text, record.metadata[tag] ?? '')]),
    ),
  };
}

function contextOf(state: JobState, variables: Environment) {
  return state.context({ ...variables }, false);
}
