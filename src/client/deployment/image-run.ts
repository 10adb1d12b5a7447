import type { ArtifactRecord } from '../../artifact/contract.ts';
import type { StoredEvent } from '../../journal/event.ts';
import type { RunEvent } from '../../journal/run-event.ts';
import { RUN_STREAM_PREFIX, runStream } from '../../journal/stream.ts';
import type { Journal } from '../../store/contract.ts';
import { shortDigest } from './fold.ts';

/** The run that made a release, as far as it matters where that may go. An artifact's record says it; of an image its run does. */
export type MadeBy = Pick<
  ArtifactRecord,
  'runId' | 'cell' | 'name' | 'version' | 'commit' | 'branch' | 'trust'
>;

/** An image that a run tells by its digest. */
export interface MadeImage extends MadeBy {
  /** `sha256:...` */
  readonly digest: string;
}

/** So many of the latest runs are looked at. */
const RUNS_MAX = 200;

/** `sha256:...`, or `name@sha256:...`. */
export const IMAGE_DIGEST = /^(?:(.+)@)?(sha256:[0-9a-f]{64})$/;

/**
 * Images called `name` that runs of the repository made, the newest run first: digests among the outputs of jobs that succeeded. One without a
 * name can be any image; what the same job calls `version` is its version. `runId` null: any run.
 */
export async function imagesMade(
  journal: Journal,
  asked: { readonly repository: string; readonly runId: string | null; readonly name: string },
): Promise<readonly MadeImage[]> {
  const { repository, runId, name } = asked;
  const streams = runId === null ? await journal.streams(RUN_STREAM_PREFIX, RUNS_MAX) : [runStream(runId)];
  const found: MadeImage[] = [];
  for (const stream of streams) {
    const [first] = await journal.read(stream, 0, 1);
    if (first?.body.type !== 'run.requested' || first.body.source.repository !== repository) continue;
    found.push(...imagesIn(first.body, await journal.read(stream), name));
  }
  return found;
}

function imagesIn(
  { runId, source, trust }: Extract<RunEvent, { type: 'run.requested' }>,
  events: readonly StoredEvent[],
  name: string,
): MadeImage[] {
  const images = new Map<string, MadeImage>();
  for (const { body } of events) {
    if (body.type !== 'cell.finished' || body.outcome !== 'succeeded') continue;
    const { cell, outputs } = body;
    for (const value of Object.values(outputs)) {
      const [, called = name, digest] = IMAGE_DIGEST.exec(value.trim()) ?? [];
      if (digest === undefined || called !== name || images.has(digest)) continue;
      const { commit, branch } = source;
      const version = outputs.version ?? shortDigest(digest);
      images.set(digest, { digest, runId, cell, name, version, commit, branch, trust: trust ?? 'trusted' });
    }
  }
  return [...images.values()];
}
