import { lstatSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { ArtifactRecord } from '../artifact/contract.ts';
import type { KeptArtifact } from '../journal/run-event.ts';
import type { PlanArtifact, PlanDownload } from '../pipeline/plan-artifact.ts';
import { artifactOrigin, keptOf } from './keep-artifact.ts';
import { asKeepProblem, filled, type KeepPlace } from './keep-place.ts';
import { JobProblem, KeepProblem } from './problem.ts';

/** Brings an artifact of a job before this one into the workspace. Throws a `KeepProblem` or a `JobProblem`. */
export async function bringArtifact(place: KeepPlace, download: PlanDownload): Promise<void> {
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

/** Keeps what the artifact names. Throws a `KeepProblem` or a `JobProblem`. */
export async function keepArtifact(place: KeepPlace, artifact: PlanArtifact): Promise<void> {
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
      reveals: setup.redaction.isEmpty ? null : (file) => setup.redaction.revealsFile(file),
    });
    state.warnings.push(...warnings);
    state.extras.kept.push(keptOf(record));
  });
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
