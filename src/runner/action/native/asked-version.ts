import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeepProblem } from '../../problem.ts';
import { insideWorkspace } from './inside.ts';
import { linesOf, type NativePart } from './native-part.ts';

/** Where a set-up finds which version is meant. */
export interface VersionPlaces {
  readonly versionInput: string;
  readonly fileInput: string;
  /** Files that say the version when nobody else does. */
  readonly files: readonly string[];
}

/** Which versions the step asks for, or a file of the repository; the last one is what programs are to find. None: anything. */
export function askedVersions(
  { inputs, place }: Pick<NativePart, 'inputs' | 'place'>,
  { versionInput, fileInput, files }: VersionPlaces,
): readonly string[] {
  const asked = linesOf(inputs[versionInput]);
  if (asked.length > 0) return asked;
  const named = inputs[fileInput];
  if (named) {
    const path = insideWorkspace(place.directory, named);
    if (!existsSync(path)) throw new KeepProblem(`there is no file ${named}, which \`${fileInput}\` names`);
    return listed(versionIn(named, readSmall(path)));
  }
  for (const file of files) {
    const path = join(place.directory, file);
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) return listed(versionIn(file, readSmall(path)));
  }
  return [];
}

function listed(version: string | null): readonly string[] {
  return version === null ? [] : [version];
}

const BYTES_MAX = 1024 * 1024;

function readSmall(path: string): string {
  const status = lstatSync(path);
  if (!status.isFile() || status.size > BYTES_MAX)
    throw new KeepProblem(`${path} is no file that says a version`);
  return readFileSync(path, 'utf8');
}

/** The version that a file says; null when it says none. */
export function versionIn(file: string, text: string): string | null {
  const name = file.split('/').at(-1)!;
  if (name === 'package.json') return packageVersion(text);
  if (name === 'global.json') return /"version"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? null;
  if (name === 'go.mod' || name === 'go.work')
    return /^\s*toolchain\s+go([\w.]+)/m.exec(text)?.[1] ?? /^\s*go\s+([\w.]+)/m.exec(text)?.[1] ?? null;
  if (name === 'pyproject.toml')
    return /^\s*requires-python\s*=\s*["']([^"']+)["']/m.exec(text)?.[1]?.replaceAll(',', ' ') ?? null;
  if (name === 'Gemfile') return /^\s*ruby\s+["']([^"']+)["']/m.exec(text)?.[1] ?? null;
  if (name === '.tool-versions')
    return /^\s*(?:nodejs|node|python|golang|go|java|ruby|dotnet)\s+(\S+)/m.exec(text)?.[1] ?? null;
  const line = text.split('\n').find((one) => one.trim() !== '' && !one.trim().startsWith('#'));
  return line?.trim().replace(/^(ruby-|v)/, '') ?? null;
}

function packageVersion(text: string): string | null {
  try {
    const { volta, engines } = JSON.parse(text) as Partial<
      Record<'volta' | 'engines', { readonly node?: string }>
    >;
    return volta?.node ?? engines?.node ?? null;
  } catch {
    return null;
  }
}
