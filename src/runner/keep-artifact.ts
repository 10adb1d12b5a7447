import type { ArtifactOrigin, ArtifactRecord } from '../artifact/contract.ts';
import type { KeptArtifact } from '../journal/run-event.ts';
import type { PlanArtifact } from '../pipeline/plan-artifact.ts';
import type { JobMessage } from './contract.ts';

/** What an artifact is called, with templates evaluated. */
export interface ArtifactWords {
  readonly name: string;
  readonly version: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where an artifact comes from and what it is called, as the store wants it told. */
export function artifactOrigin(
  message: JobMessage,
  { retentionMs }: Pick<PlanArtifact, 'retentionMs'>,
  words: ArtifactWords,
): ArtifactOrigin {
  const { source, contexts, runId, cell, trust } = message;
  return {
    ...words,
    runId,
    cell,
    repository: source.repository,
    trust,
    commit: source.commit,
    branch: source.branch,
    tag: source.tag,
    event: String(contexts.event.name),
    buildNumber: typeof contexts.run.number === 'number' ? contexts.run.number : 1,
    retentionMs,
  };
}

/** What the journal tells of a record. */
export function keptOf(record: ArtifactRecord): KeptArtifact {
  const { runId, cell, name, version, digest, bytes, files, trust, expiresAtMs } = record;
  return { runId, cell, name, version, digest, bytes, files, trust, expiresAtMs };
}
