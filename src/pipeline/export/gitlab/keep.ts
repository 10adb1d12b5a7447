import { shellWord } from '../../../base/shell-word.ts';
import type { PlanJob } from '../../plan.ts';
import type { DirectoryCache } from '../../plan-cache.ts';
import type { LossNote } from '../contract.ts';
import { type Look, type Piece, piecesOf } from '../shell/value.ts';
import type { Tree } from '../yaml.ts';
import { OUTPUT_FILE } from './vocabulary.ts';

const DAY_MS = 86_400_000;

/** Writes a text with `${{ }}` as GitLab fills it in: `$NAME`. */
export function gitlabText(template: string, look: Look, lose: (source: string) => void): string {
  return piecesOf(template, look, lose).map(pieceText).join('');
}

function pieceText(piece: Piece): string {
  return piece.kind === 'text' ? piece.text : `\${${piece.name}}`;
}

/** What stands under `artifacts`: GitLab keeps one archive a job. */
export function writtenArtifacts(job: PlanJob, look: Look, notes: LossNote[]): Tree | undefined {
  const { artifacts, reports, outputs } = job;
  const [first, ...others] = artifacts;
  const lose = (feature: string, message: string, instead: string) =>
    notes.push({
      feature: `artifact.${feature}`,
      message: `job ${job.id}: ${message}`,
      instead,
      place: (first ?? job).place,
    });
  const text = (template: string) =>
    gitlabText(template, look, (source) =>
      lose('name', `an artifact with ${source}`, 'the expression stands there as it is'),
    );
  if (others.length > 0) {
    const names = artifacts.map(({ name }) => name).join(', ');
    lose('name', `the artifacts ${names} by themselves`, 'all are in one archive');
    if (others.some(({ when }) => when !== first!.when))
      lose(
        'when',
        `that ${artifacts.map(({ name, when }) => `${name} is kept after ${when}`).join(', ')}`,
        'all are kept always',
      );
  }
  for (const { name, version, tags, retentionMs } of artifacts) {
    if (version !== null)
      lose('version', `the version ${version} of ${name}`, 'it is known by its name alone');
    if (Object.keys(tags).length > 0)
      lose('tags', `the tags ${JSON.stringify(tags)} of ${name}`, 'it is known by its name alone');
    if (retentionMs !== null && others.some((other) => other.retentionMs !== first!.retentionMs))
      lose(
        'retention',
        `that ${name} is kept for ${retentionMs / DAY_MS} days`,
        'the longest time holds for all',
      );
  }
  const paths = artifacts.flatMap((artifact) => artifact.paths.map(text));
  const junit = reports.filter(({ kind }) => kind === 'junit').flatMap((report) => report.paths);
  const kinds = {
    dotenv: Object.keys(outputs).length > 0 ? OUTPUT_FILE : undefined,
    junit: junit.length > 0 ? junit : undefined,
  };
  const hasReports = Object.values(kinds).some((one) => one !== undefined);
  if (!first) return hasReports ? { reports: kinds } : undefined;
  const whens = new Set(artifacts.map(({ when }) => when));
  const when = whens.size > 1 ? 'always' : first.when;
  const longest = Math.max(...artifacts.map(({ retentionMs }) => retentionMs ?? 0));
  return {
    name: others.length > 0 ? undefined : text(first.name),
    paths: paths.filter((path) => !path.startsWith('!')),
    exclude: paths.some((path) => path.startsWith('!'))
      ? paths.filter((path) => path.startsWith('!')).map((path) => path.slice(1))
      : undefined,
    when: when === 'success' ? undefined : when === 'failure' ? 'on_failure' : 'always',
    expire_in: longest > 0 ? `${Math.ceil(longest / 1000)} seconds` : undefined,
    reports: hasReports ? kinds : undefined,
  };
}

/** Artifacts lie where they were made; a job that wants one elsewhere, or a part of it, copies it there. */
export function downloadCommands(job: PlanJob, jobs: readonly PlanJob[]): string[] {
  return job.downloads.flatMap(({ artifact, files, path }) => {
    const made = jobs.flatMap(({ artifacts }) => artifacts).find(({ name }) => name === artifact);
    const chosen = files.length > 0 ? files : (made?.paths ?? []).filter((one) => !one.startsWith('!'));
    if (path === '.' || chosen.length === 0) return [];
    const words = chosen.map((one) => (/^[\w./*?[\]-]+$/.test(one) ? one : shellWord(one))).join(' ');
    return [`mkdir -p ${shellWord(path)}\ntar -cf - ${words} | tar -xf - -C ${shellWord(path)}`];
  });
}

/** The downloads of what no job before makes, or what only another one may make. */
export function downloadLosses(job: PlanJob, jobs: readonly PlanJob[]): LossNote[] {
  return job.downloads
    .filter(({ artifact }) => !jobs.some(({ artifacts }) => artifacts.some(({ name }) => name === artifact)))
    .map(({ artifact, path, files, place }) => ({
      feature: 'download',
      message: `job ${job.id}: the artifact ${artifact} for ${path} (${files.join(', ') || 'all of it'}), which no job has under this name`,
      instead: 'it is not brought',
      place,
    }));
}

/** What stands under `cache`. */
export function writtenCaches(job: PlanJob, look: Look, notes: LossNote[]): Tree | undefined {
  if (job.caches.length === 0) return undefined;
  const written = job.caches.map((cache) => writtenCache(cache, job, look, notes));
  return written.length === 1 ? written[0]! : written;
}

/** GitLab makes a key from at most two files. */
const KEY_FILES_MAX = 2;

function writtenCache(cache: DirectoryCache, job: PlanJob, look: Look, notes: LossNote[]): Tree {
  const { key, keyFiles, restoreKeys, paths, readonly, place } = cache;
  const lose = (message: string, instead: string) =>
    notes.push({ feature: 'cache', message: `job ${job.id}: the cache ${key}: ${message}`, instead, place });
  const hashed = hashedFiles(key);
  const files = [...keyFiles, ...(hashed?.files ?? [])];
  const text = (template: string) =>
    gitlabText(template, look, (source) =>
      lose(`its key has ${source}`, 'the expression stands there as it is'),
    );
  if (files.length > KEY_FILES_MAX)
    lose(`files ${files.slice(KEY_FILES_MAX).join(', ')} in its key`, `${KEY_FILES_MAX} files are in it`);
  if (restoreKeys.length > 0)
    lose('restore keys as beginnings', 'only a key that is exactly one of them is taken');
  const prefix = text(hashed ? hashed.rest : key);
  return {
    key:
      files.length > 0
        ? { files: files.slice(0, KEY_FILES_MAX), prefix: prefix === '' ? undefined : prefix }
        : prefix,
    fallback_keys: restoreKeys.length > 0 ? restoreKeys.map(text) : undefined,
    paths: paths.map(text),
    policy: readonly ? 'pull' : undefined,
  };
}

/** A key of a workflow with `hashFiles('a', 'b')` at its end. */
function hashedFiles(key: string): { readonly rest: string; readonly files: readonly string[] } | null {
  const found = /^([\s\S]*?)-?\$\{\{\s*hashFiles\(((?:\s*'[^']*'\s*,?)+)\)\s*\}\}$/i.exec(key);
  if (!found) return null;
  return {
    rest: found[1]!,
    files: [...found[2]!.matchAll(/'([^']*)'/g)].map((one) => one[1]!.replace(/^\*\*\//, '')),
  };
}
