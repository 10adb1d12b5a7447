import type { ArtifactQuery, ArtifactRecord, ArtifactStore } from '../../artifact/contract.ts';
import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { ReleaseOrigin } from '../../delivery/definition.ts';
import type { RunSource } from '../../journal/run-event.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';
import type { Journal } from '../../store/contract.ts';
import type { ReleaseChoice } from './contract.ts';
import { shortDigest } from './fold.ts';
import { IMAGE_DIGEST, imagesMade, type MadeBy } from './image-run.ts';

/** What the choice of a release asks. */
export interface ReleaseRooms {
  readonly artifacts: () => Promise<ArtifactStore>;
  readonly journal: Journal;
}

/** What is to be deployed, and the run that made it. */
export interface ChosenRelease {
  readonly origin: ReleaseOrigin;
  /** null: an image. */
  readonly record: ArtifactRecord | null;
  /** null: an image that no run of the repository tells. */
  readonly made: MadeBy | null;
}

/**
 * The release that is meant: of an image its digest, else an artifact - the one that was named, or the newest that the service's
 * name and the present commit fit. Throws `UserError` when there is none, or when one run made several.
 */
export async function chosenRelease(
  { artifacts, journal }: ReleaseRooms,
  service: ServiceDefinition,
  registry: string | null,
  source: RunSource,
  choice: ReleaseChoice,
): Promise<ChosenRelease> {
  if (service.image !== null)
    return chosenImage(journal, { ...service, image: imageName(service.image, registry) }, source, choice);
  const store = await artifacts();
  const found = await candidates(store, service, source, choice);
  const [newest] = found;
  if (!newest) throw await noArtifact(store, service, source, choice);
  const rivals = found.filter((other) => other.runId === newest.runId && other.digest !== newest.digest);
  if (rivals.length > 0) throw ambiguous(service, [newest, ...rivals]);
  const { digest, version, name, runId, cell } = newest;
  return { origin: { kind: 'artifact', digest, version, name, runId, cell }, record: newest, made: newest };
}

/** An artifact that a deployment brought, to be brought again. null: it is gone. */
export async function artifactOf(
  store: ArtifactStore,
  origin: Extract<ReleaseOrigin, { kind: 'artifact' }>,
): Promise<ArtifactRecord | null> {
  const { digest, runId, name } = origin;
  const [same] = await store.find({ digest, runId, name });
  // The same content that another run made is as good.
  return same ?? (await store.find({ digest }))[0] ?? null;
}

/** A name without a registry is looked for in that of the environment. */
function imageName(image: string, registry: string | null): string {
  const [first, ...rest] = image.split('/');
  const hasOwn = rest.length > 0 && (/[.:]/.test(first!) || first === 'localhost');
  return registry === null || hasOwn ? image : `${registry.replace(/\/$/, '')}/${image}`;
}

/** An image by its digest: the one that was said, or the one that the newest run of this commit tells. */
async function chosenImage(
  journal: Journal,
  service: ServiceDefinition & { readonly image: string },
  source: RunSource,
  { artifact, version, runId }: ReleaseChoice,
): Promise<ChosenRelease> {
  const [, given, digest] = IMAGE_DIGEST.exec(artifact ?? '') ?? [];
  const [, name = service.image, own] = IMAGE_DIGEST.exec(service.image) ?? [];
  const made = await imagesMade(journal, { repository: source.repository, runId, name: given ?? name });
  const said = digest ?? own;
  const fitting = made.filter(
    (one) =>
      (said === undefined || one.digest === said) &&
      (said !== undefined || runId !== null || version !== null || one.commit === source.commit) &&
      (said !== undefined || version === null || one.version === version),
  );
  const found = fitting[0] ?? null;
  const chosen = said ?? found?.digest;
  if (chosen === undefined) throw noImage(service, name);
  const rivals = fitting.filter((one) => one.runId === found?.runId && one.digest !== chosen);
  if (rivals.length > 0)
    throw userError(
      'image-ambiguous',
      `run ${found!.runId} tells several images: ${[chosen, ...rivals.map((one) => one.digest)].map(shortDigest).join(', ')}`,
      `let the job say ${visible(name)}@sha256:..., or say which: --artifact sha256:...`,
    );
  return {
    origin: {
      kind: 'image',
      digest: chosen,
      version: version ?? found?.version ?? shortDigest(chosen),
      name: given ?? name,
    },
    record: null,
    made: found,
  };
}

function noImage(service: ServiceDefinition, name: string) {
  return userError(
    'image-digest',
    `${service.name} is the image ${visible(name)}, and a tag may be another image tomorrow`,
    'say which by its digest: --artifact sha256:..., or let a job give it as an output',
  );
}

async function candidates(
  store: ArtifactStore,
  service: ServiceDefinition,
  source: RunSource,
  choice: ReleaseChoice,
): Promise<readonly ArtifactRecord[]> {
  const shared: ArtifactQuery = {
    repository: source.repository,
    ...(choice.runId === null ? {} : { runId: choice.runId }),
    ...(choice.version === null ? {} : { version: choice.version }),
  };
  if (choice.artifact !== null) {
    for (const meaning of meanings(choice.artifact)) {
      const found = await store.find({ ...shared, ...meaning });
      if (found.length > 0) return found;
    }
    return [];
  }
  const named = service.artifact === null ? shared : { ...shared, name: service.artifact };
  const isOpen = choice.runId === null && choice.version === null;
  return store.find(isOpen && source.commit !== null ? { ...named, commit: source.commit } : named);
}

/** A name may look like the others, so it comes first. */
function meanings(word: string): readonly ArtifactQuery[] {
  const at = word.lastIndexOf('@');
  const digest = /^(?:sha256:)?([0-9a-f]{8,64})$/.exec(word)?.[1];
  return [
    { name: word },
    ...(at > 0 ? [{ name: word.slice(0, at), version: word.slice(at + 1) }] : []),
    ...(digest === undefined ? [] : [{ digest }]),
  ];
}

function ambiguous(service: ServiceDefinition, records: readonly ArtifactRecord[]) {
  const list = records.map(({ name, cell }) => `${visible(name)} of ${visible(cell)}`).join(', ');
  const fix =
    service.artifact === null ? `, or set \`artifact\` of the service ${visible(service.name)}` : '';
  return userError(
    'artifact-ambiguous',
    `run ${records[0]!.runId} kept several artifacts: ${list}`,
    `say which with --artifact NAME (or its digest)${fix}`,
  );
}

async function noArtifact(
  store: ArtifactStore,
  service: ServiceDefinition,
  source: RunSource,
  choice: ReleaseChoice,
) {
  const all = await store.find({ repository: source.repository, limit: 200 });
  const wanted = choice.artifact ?? service.artifact;
  if (choice.artifact !== null || choice.version !== null || choice.runId !== null) {
    const asked = [
      choice.artifact === null ? null : `"${visible(choice.artifact)}"`,
      choice.version === null ? null : `version ${visible(choice.version)}`,
      choice.runId === null ? null : `run ${choice.runId}`,
    ].filter((one) => one !== null);
    const near =
      choice.artifact === null
        ? null
        : nearestName(
            choice.artifact,
            all.map(({ name }) => name),
          );
    return userError(
      'artifact-unknown',
      `there is no artifact of ${asked.join(', ')}`,
      near && near !== choice.artifact
        ? `did you mean ${visible(near)}?`
        : 'see what there is: sluice artifact list',
    );
  }
  const commit = source.commit === null ? 'the files here' : `commit ${source.commit.slice(0, 7)}`;
  const last = all.find(({ name }) => wanted === null || name === wanted);
  return userError(
    'artifact-none',
    `no run of ${commit} kept ${wanted === null ? 'an artifact' : `the artifact "${visible(wanted)}"`} for ${visible(service.name)}`,
    last
      ? `build it (sluice run), or deploy an earlier one: --version ${visible(last.version)}`
      : 'a job keeps one with `artifacts:`; then sluice run',
  );
}
