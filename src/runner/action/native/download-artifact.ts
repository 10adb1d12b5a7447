import { join } from 'node:path';
import picomatch from 'picomatch';
import type { ArtifactRecord, ArtifactStore } from '../../../artifact/contract.ts';
import { counted } from '../../../base/text.ts';
import { reasonOf } from '../../keep-place.ts';
import { KeepProblem } from '../../problem.ts';
import { insideWorkspace } from './inside.ts';
import { declared, isTrue, type NativePart } from './native-part.ts';

/** Brings artifacts of this run: one by name, or several, each into a folder of its own unless they are merged. */
export const DOWNLOAD_ARTIFACT = {
  inputs: declared({
    name: '',
    path: '',
    pattern: '',
    'merge-multiple': 'false',
    'artifact-ids': '',
    'github-token': '',
    repository: '',
    'run-id': '',
    'skip-decompress': 'false',
    'digest-mismatch': 'error',
  }),
  async perform(part: NativePart) {
    const { run, inputs, place } = part;
    const { options, state } = run.place;
    const target = insideWorkspace(place.directory, inputs.path!.replace(/^~\//, '') || '.');
    const artifacts = await options.rooms.artifacts();
    const known = await recordsOf(part, artifacts);
    const wanted = chosen(part, known);
    for (const record of wanted) {
      const isOwn = !inputs.name && !isTrue(inputs['merge-multiple']);
      const folder = isOwn ? insideWorkspace(place.directory, join(target, record.name)) : target;
      try {
        const { trust, runId } = state.message;
        const { files } = await artifacts.download(record, folder, { trust, runId });
        run.say(`artifact ${record.name}: brought ${counted(files, 'file')}`);
      } catch (error) {
        throw new KeepProblem(`artifact ${record.name}: ${reasonOf(error)}`);
      }
    }
    return { 'download-path': target };
  },
};

/** Of one name the newest counts. */
async function recordsOf({ run, inputs }: NativePart, artifacts: ArtifactStore): Promise<ArtifactRecord[]> {
  const { message } = run.place.state;
  const { repository } = message.source;
  const runIds = new Set([inputs['run-id'] || message.runId]);
  // A job that this run took over kept its artifacts in an earlier one.
  if (!inputs['run-id'])
    for (const kept of Object.values(message.kept)) for (const one of kept) runIds.add(one.runId);
  const names = new Map<string, ArtifactRecord>();
  for (const runId of runIds) {
    for (const record of await artifacts.find({ repository, runId })) {
      const isMeant =
        runId === message.runId ||
        inputs['run-id'] === runId ||
        Object.values(message.kept).some((kept) =>
          kept.some((one) => one.runId === runId && one.name === record.name && one.digest === record.digest),
        );
      if (isMeant && !names.has(record.name)) names.set(record.name, record);
    }
  }
  return [...names.values()];
}

function chosen({ inputs }: NativePart, known: readonly ArtifactRecord[]): readonly ArtifactRecord[] {
  const { name, pattern } = inputs;
  if (name) {
    const found = known.find((record) => record.name === name);
    if (found) return [found];
    const others = known
      .map((record) => record.name)
      .sort()
      .join(', ');
    throw new KeepProblem(
      `no job of this run has kept an artifact "${name}"; it has ${others || 'none'}; look at \`needs\` of this job`,
    );
  }
  const ids = (inputs['artifact-ids'] ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
  if (ids.length > 0) return known.filter((record) => ids.some((id) => record.digest.startsWith(id)));
  if (!pattern) return known;
  const isMatch = picomatch(pattern, { dot: true });
  return known.filter((record) => isMatch(record.name));
}
