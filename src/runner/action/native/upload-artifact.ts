import { lstatSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ArtifactError } from '../../../artifact/contract.ts';
import { formatBytes } from '../../../base/size.ts';
import { counted } from '../../../base/text.ts';
import { artifactOrigin, keptOf } from '../../keep-artifact.ts';
import { reasonOf } from '../../keep-place.ts';
import { KeepProblem } from '../../problem.ts';
import { declared, isTrue, linesOf, type NativePart, warn } from './native-part.ts';

const DAY_MS = 24 * 3_600_000;
const GLOB = /[*?[\]{}]/;

/** Keeps files as an artifact of the run. Paths begin, as on GitHub, below the folder that all of them have in common. */
export const UPLOAD_ARTIFACT = {
  inputs: declared({
    name: 'artifact',
    path: '',
    'if-no-files-found': 'warn',
    'retention-days': '',
    'compression-level': '',
    overwrite: 'false',
    'include-hidden-files': 'false',
    archive: 'true',
  }),
  async perform(part: NativePart) {
    const { run, inputs, uses } = part;
    const { options, setup, state } = run.place;
    const name = inputs.name || 'artifact';
    const isSecond = state.extras.kept.some((one) => one.name === name);
    if (isSecond && !isTrue(inputs.overwrite) && !/^v?[123](\.|$)/.test(uses.ref))
      throw new KeepProblem(
        `the job has an artifact "${name}" already; give it another name, or say \`overwrite: true\``,
      );
    const selection = selectionOf(part);
    if (selection === null)
      return nothingFound(part, `artifact ${name}: 0 files matched ${linesOf(inputs.path).join(', ')}`);
    const { root, select } = selection;
    const days = Number(inputs['retention-days']);
    const retentionMs = days > 0 ? days * DAY_MS : null;
    const { redaction } = setup;
    try {
      const { record, warnings } = await (await options.rooms.artifacts()).upload({
        ...artifactOrigin(state.message, { retentionMs }, { name, version: null, metadata: {} }),
        root,
        paths: select,
        reveals: redaction.isEmpty ? null : (file) => redaction.revealsFile(file),
      });
      for (const warning of warnings) warn(part, warning);
      const { kept } = state.extras;
      if (isSecond)
        kept.splice(
          kept.findIndex((one) => one.name === name),
          1,
        );
      kept.push(keptOf(record));
      run.say(`artifact ${name}: kept ${counted(record.files, 'file')}, ${formatBytes(record.bytes)}`);
      return {
        'artifact-id': record.digest.slice(0, 16),
        'artifact-digest': record.digest,
        'artifact-url': '',
      };
    } catch (error) {
      if (error instanceof ArtifactError && error.code === 'no-match')
        return nothingFound(part, error.message);
      throw new KeepProblem(`artifact ${name}: ${reasonOf(error)}`);
    }
  },
};

function nothingFound(part: NativePart, sentence: string): Record<string, string> {
  const how = part.inputs['if-no-files-found'];
  if (how === 'error') throw new KeepProblem(sentence);
  if (how === 'ignore') part.run.say(sentence);
  else warn(part, sentence);
  return {};
}

/** The folder that all paths have in common, and what of it is meant; null: there is no such folder. */
function selectionOf({
  run,
  place,
  inputs,
}: NativePart): { readonly root: string; readonly select: string[] } | null {
  const { directory, temporary } = run.place.setup.workspace;
  const home = place.environment.HOME ?? homedir();
  const given = linesOf(inputs.path);
  if (given.length === 0) throw new KeepProblem('the step says no `path`');
  const absolute = (text: string) => resolve(place.directory, text.replace(/^~(?=\/|$)/, home));
  const isHidden = (text: string) => /(^|\/)\.[^./][^/]*$/.test(text.replace(/\/+$/, ''));
  const keepsHidden = isTrue(inputs['include-hidden-files']);
  const wanted = given
    .filter((line) => !line.startsWith('!') && (keepsHidden || !isHidden(line)))
    .map(absolute);
  if (wanted.length === 0) return null;
  const bases = wanted.map(searchPath);
  const own = [directory, temporary].map((folder) => realpathSync(folder));
  for (const base of bases) {
    const real = lstatSync(base, { throwIfNoEntry: false }) ? realpathSync(base) : base;
    if (!own.some((folder) => real === folder || real.startsWith(`${folder}${sep}`)))
      throw new KeepProblem(`the path ${inputs.path!.trim()} lies outside of the workspace`);
  }
  const root = bases.reduce(common);
  if (!lstatSync(root, { throwIfNoEntry: false })?.isDirectory()) return null;
  const below = (path: string) => relative(root, path) || '.';
  const left = given
    .filter((line) => line.startsWith('!'))
    .map((line) => `!${below(absolute(line.slice(1)))}`);
  return {
    root,
    select: [
      ...wanted.map(below),
      ...left.filter((line) => !line.startsWith('!..')),
      ...(keepsHidden ? [] : ['!**/.*']),
    ],
  };
}

/** Where the search for a path begins: itself when it is a folder, else the folder that it is in. */
function searchPath(path: string): string {
  const parts = path.split(sep);
  const glob = parts.findIndex((part) => GLOB.test(part));
  if (glob >= 0 && !lstatSync(path, { throwIfNoEntry: false })) return parts.slice(0, glob).join(sep) || sep;
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : dirname(path);
}

function common(one: string, other: string): string {
  const [first, second] = [one.split(sep), other.split(sep)];
  const length = first.findIndex((part, index) => part !== second[index]);
  return length < 0 ? one : join(sep, ...first.slice(0, length));
}
