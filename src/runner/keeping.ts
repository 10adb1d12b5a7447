import { lstatSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ArtifactError, type ArtifactRecord } from '../artifact/contract.ts';
import { UserError } from '../base/diagnostic.ts';
import { formatBytes } from '../base/size.ts';
import { BlobDamageError, type CacheScope, TreeError } from '../cache/contract.ts';
import type { KeptArtifact } from '../journal/run-event.ts';
import type { PlanArtifact, PlanDownload } from '../pipeline/plan-artifact.ts';
import type { DirectoryCache } from '../pipeline/plan-cache.ts';
import { cacheScope } from './cache-scope.ts';
import { fill, type JobState } from './job-state.ts';
import { artifactOrigin, keptOf } from './keep-artifact.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem, KeepProblem, machineProblem } from './problem.ts';
import { noteReports, takeReports } from './reports.ts';
import type { JobSetup } from './step-setup.ts';

/* What a job brings along from other jobs and runs before its first step, and what it keeps after its last one. */

export interface KeepPlace {
  readonly options: RunnerOptions;
  readonly state: JobState;
  readonly setup: JobSetup;
}

/** Artifacts of jobs before this one, then directory caches. Throws a `KeepProblem` or a `JobProblem`. */
export async function bringIn(place: KeepPlace): Promise<void> {
  const { job } = place.state.message;
  for (const download of job.downloads) await bringArtifact(place, download);
  for (const cache of job.caches) await restoreCache(place, cache);
  if (job.reports.length > 0) noteReports(place);
}

/** Reports whatever became of the job, artifacts by how it went; caches when it went well. Throws a `KeepProblem` or a `JobProblem`. */
export async function keep(place: KeepPlace): Promise<void> {
  const { job } = place.state.message;
  if (job.reports.length > 0) await takeReports(place);
  const isGood = place.state.failure === null && !place.state.isStopped;
  const wanted = job.artifacts.filter(({ when }) => when === 'always' || (when === 'success') === isGood);
  for (const artifact of wanted) await keepArtifact(place, artifact);
  if (isGood) for (const cache of job.caches) if (!cache.readonly) await saveCache(place, cache);
}

async function bringArtifact(place: KeepPlace, download: PlanDownload): Promise<void> {
  const { message } = place.state;
  const name = filled(place, download.artifact, 'the name of an artifact');
  const found = Object.entries(message.kept)
    .filter(([job]) => download.from === null || job === download.from)
    .flatMap(([, kept]) => kept.filter((one) => one.name === name));
  const wanted = single(found, name, download);
  const target = insideOf(
    place.setup.workspace.directory,
    filled(place, download.path, 'the path of a download'),
  );
  const only = download.files.map((file) => filled(place, file, 'a file of a download'));
  await asKeepProblem(`artifact ${name}`, async () => {
    const artifacts = await place.options.rooms.artifacts();
    const record = await recordOf(
      artifacts.find({
        repository: message.source.repository,
        runId: wanted.runId,
        name,
        digest: wanted.digest,
      }),
      wanted,
    );
    await artifacts.download(record, target, {
      trust: message.trust,
      runId: message.runId,
      ...(only.length > 0 ? { only } : {}),
    });
  });
}

function single(found: readonly KeptArtifact[], name: string, { from }: PlanDownload): KeptArtifact {
  const [first, ...others] = found;
  if (!first) {
    const whose = from === null ? 'no job before this one has' : `job ${from} has no`;
    const rest = from === null ? ` kept an artifact "${name}"` : ` artifact "${name}"`;
    throw new KeepProblem(`${whose}${rest}; look at \`artifacts\` there and at \`depends_on\` here`);
  }
  if (others.some((other) => other.digest !== first.digest)) {
    const cells = found.map((one) => one.cell).join(', ');
    throw new KeepProblem(
      `several cells kept an artifact "${name}": ${cells}; give each its own name, or say \`from\``,
    );
  }
  return first;
}

async function recordOf(
  finding: Promise<readonly ArtifactRecord[]>,
  wanted: KeptArtifact,
): Promise<ArtifactRecord> {
  const record = (await finding).find((one) => one.cell === wanted.cell);
  if (record) return record;
  throw new KeepProblem(
    `artifact ${wanted.name} of run ${wanted.runId} is gone: it was removed or has expired; run job ${wanted.cell} again`,
  );
}

async function restoreCache(place: KeepPlace, cache: DirectoryCache): Promise<void> {
  const { options, state, setup } = place;
  const key = filled(place, cache.key, 'the key of a cache');
  const restoreKeys = cache.restoreKeys.map((one) => filled(place, one, 'a restore key'));
  const paths = cache.paths.map((path) => filled(place, path, 'a path of a cache'));
  const startedMs = options.clock.monotonic();
  const request = { scope: scopeOf(state), key, restoreKeys, paths, root: setup.workspace.directory };
  let sentence: string;
  let bytes = 0;
  let isHit = false;
  let madeInMs = 0;
  try {
    const hit = await (await options.rooms.caches()).restore(request);
    isHit = hit !== null;
    bytes = hit?.bytes ?? 0;
    madeInMs = hit?.madeInMs ?? 0;
    state.cacheHits.set(cache, hit?.exact ?? false);
    sentence = hit
      ? hit.exact
        ? `cache ${key}: restored ${formatBytes(bytes)}`
        : `cache ${key}: no entry of its own; restored ${formatBytes(bytes)} of ${hit.key}`
      : `cache ${key}: nothing under this key${restoreKeys.length > 0 ? ' and its restore keys' : ''} yet`;
  } catch (error) {
    // A cache is a convenience: without it the job is slower, not wrong.
    sentence = `cache ${key}: not restored: ${reasonOf(error)}`;
    state.warnings.push(sentence);
  }
  const tookMs = Math.round(options.clock.monotonic() - startedMs);
  const savedMs = isHit ? Math.max(0, madeInMs - tookMs) : 0;
  state.extras.caches.push({ key, action: isHit ? 'restored' : 'missed', sentence, bytes, tookMs, savedMs });
}

async function saveCache(place: KeepPlace, cache: DirectoryCache): Promise<void> {
  const { options, state, setup } = place;
  const key = filled(place, cache.key, 'the key of a cache');
  const paths = cache.paths.map((path) => filled(place, path, 'a path of a cache'));
  const startedMs = options.clock.monotonic();
  const tell = (action: 'saved' | 'not-saved', sentence: string, bytes: number) => {
    const tookMs = Math.round(options.clock.monotonic() - startedMs);
    state.extras.caches.push({ key, action, sentence, bytes, tookMs, savedMs: 0 });
  };
  if (state.cacheHits.get(cache))
    return tell('not-saved', `cache ${key}: there already, so not saved again`, 0);
  const root = setup.workspace.directory;
  try {
    const caches = await options.rooms.caches();
    const madeInMs = Math.round(startedMs - setup.startedMs);
    const { saved, storedBytes } = await caches.save({ scope: scopeOf(state), key, paths, root, madeInMs });
    const sentence = saved ? `saved, ${formatBytes(storedBytes)} new` : 'its content is kept already';
    tell(saved ? 'saved' : 'not-saved', `cache ${key}: ${sentence}`, storedBytes);
  } catch (error) {
    const sentence = `cache ${key}: not saved: ${reasonOf(error)}`;
    state.warnings.push(sentence);
    tell('not-saved', sentence, 0);
  }
}

function scopeOf({ message }: JobState): CacheScope {
  return cacheScope(message.source, message.trust, message.contexts.event.payload);
}

async function keepArtifact(place: KeepPlace, artifact: PlanArtifact): Promise<void> {
  const { options, state, setup } = place;
  const { message } = state;
  const name = filled(place, artifact.name, 'the name of an artifact');
  const paths = artifact.paths.map((path) => filled(place, path, `a path of artifact ${name}`));
  const metadata = Object.fromEntries(
    Object.entries(artifact.tags).map(([tag, text]) => [
      tag,
      filled(place, text, `tag ${tag} of artifact ${name}`),
    ]),
  );
  const version =
    artifact.version === null ? null : filled(place, artifact.version, `the version of artifact ${name}`);
  await asKeepProblem(`artifact ${name}`, async () => {
    const { record, warnings } = await (await options.rooms.artifacts()).upload({
      ...artifactOrigin(message, artifact, { name, version, metadata }),
      root: setup.workspace.directory,
      paths,
      reveals: Object.keys(state.secrets).length === 0 ? null : (file) => setup.redaction.revealsFile(file),
    });
    state.warnings.push(...warnings);
    state.extras.kept.push(keptOf(record));
  });
}

/** A template of the job, without its secrets. Throws a `JobProblem`. */
export function filled({ state, setup }: KeepPlace, text: string, subject: string): string {
  return fill(text, subject, () => state.context(setup.variables, false));
}

function insideOf(directory: string, path: string): string {
  const target = resolve(directory, path);
  const inside = relative(directory, target);
  if (inside.startsWith('..') || isAbsolute(inside))
    throw new JobProblem(`the path "${path}" of a download lies outside of the workspace`);
  // The files of the source may hold a link there, and what is brought would be written where it leads.
  let place = directory;
  for (const part of inside.split(sep)) {
    place = join(place, part);
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new JobProblem(
        `the path "${path}" of a download leads through the link ${relative(directory, place)}; download into a folder`,
      );
  }
  return target;
}

async function asKeepProblem(subject: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof KeepProblem || error instanceof JobProblem) throw error;
    throw new KeepProblem(`${subject}: ${reasonOf(error)}`);
  }
}

/** What is wrong, for people; a fault of ours is thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof ArtifactError || error instanceof BlobDamageError || error instanceof TreeError)
    return error.message;
  if (error instanceof UserError) return error.message;
  const problem = machineProblem(error);
  if (problem === null) throw error;
  return problem;
}
