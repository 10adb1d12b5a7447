import type { PlanJob } from '../../plan.ts';
import type { PlanArtifact, PlanDownload } from '../../plan-artifact.ts';
import type { DirectoryCache } from '../../plan-cache.ts';
import type { LossNote } from '../contract.ts';
import { type Tree, told } from '../yaml.ts';
import type { GithubWords } from './expression.ts';

const DAY_MS = 86_400_000;

/** The steps before a job's own: the repository, caches, artifacts of jobs before. On GitHub each of them is an action. */
export function stepsBefore(job: PlanJob, jobs: readonly PlanJob[], words: GithubWords): Tree[] {
  return [
    { uses: 'actions/checkout@v4' },
    ...job.caches.map((cache) => cacheStep(cache, words)),
    ...job.downloads.map((download) => downloadStep(download, jobs, words)),
  ];
}

/** The steps that keep what a job made: behind its steps, and before its clean-up. */
export function stepsAfter(job: PlanJob, words: GithubWords): Tree[] {
  return job.artifacts.map((artifact) => uploadStep(artifact, words));
}

function cacheStep(cache: DirectoryCache, words: GithubWords): Tree {
  const files = cache.keyFiles.map((glob) => `'${glob.replaceAll("'", "''")}'`).join(', ');
  const suffix = files === '' ? '' : `-\${{ hashFiles(${files}) }}`;
  return {
    name: `Cache ${cache.paths.join(', ')}`,
    uses: cache.readonly ? 'actions/cache/restore@v4' : 'actions/cache@v4',
    with: {
      path: lines(cache.paths.map(words.template)),
      key: words.template(cache.key) + suffix,
      'restore-keys': cache.restoreKeys.length > 0 ? lines(cache.restoreKeys.map(words.template)) : undefined,
    },
  };
}

function uploadStep(
  { name, paths, version, tags, retentionMs, when, place }: PlanArtifact,
  words: GithubWords,
) {
  const notes: LossNote[] = [];
  const lose = (feature: string, message: string, instead: string) =>
    notes.push({ feature: `artifact.${feature}`, message: `artifact ${name}: ${message}`, instead, place });
  if (version !== null) lose('version', `its version ${version}`, 'it is known by its name alone');
  if (Object.keys(tags).length > 0)
    lose('tags', `its tags ${JSON.stringify(tags)}`, 'it is known by its name alone');
  if (retentionMs !== null && retentionMs % DAY_MS !== 0)
    lose('retention', `that it is kept for ${retentionMs} ms`, 'whole days stand there');
  return told(
    {
      name: `Keep ${words.template(name)}`,
      if: when === 'success' ? undefined : when === 'failure' ? 'failure()' : 'always()',
      uses: 'actions/upload-artifact@v4',
      with: {
        name: words.template(name),
        path: lines(paths.map(words.template)),
        'retention-days': retentionMs === null ? undefined : Math.max(1, Math.ceil(retentionMs / DAY_MS)),
        'if-no-files-found': 'error',
      },
    },
    notes,
  );
}

function downloadStep(download: PlanDownload, jobs: readonly PlanJob[], words: GithubWords): Tree {
  const { artifact, files, path, place } = download;
  const maker = jobs.flatMap(({ artifacts }) => artifacts).find(({ name }) => name === artifact);
  const inner = maker ? rootOf(maker.paths) : '';
  const target = [path === '.' ? '' : path, inner].filter((one) => one !== '').join('/');
  const note = {
    feature: 'download.files',
    message: `artifact ${artifact}: that only ${files.join(', ')} of it is brought`,
    instead: 'all of it is brought',
    place,
  };
  return told(
    {
      name: `Bring ${words.template(artifact)}`,
      uses: 'actions/download-artifact@v4',
      with: { name: words.template(artifact), path: words.template(target === '' ? '.' : target) },
    },
    files.length > 0 ? [note] : [],
  );
}

/**
 * The folder of the workspace that the action puts at the top of an artifact, where our artifacts keep the whole path: the
 * one that all paths begin with, up to the first wildcard.
 */
function rootOf(paths: readonly string[]): string {
  const roots = paths
    .filter((path) => !path.startsWith('!'))
    .map((path) => {
      const parts = path.replace(/^\.\//, '').replace(/\/$/, '').split('/');
      const wild = parts.findIndex((part) => /[*?[\]{}]/.test(part));
      // A last part with a dot is a file, which lies in its folder.
      return wild >= 0
        ? parts.slice(0, wild)
        : /\.\w+$/.test(parts.at(-1)!) && paths.length === 1
          ? parts.slice(0, -1)
          : parts;
    });
  const [first = [], ...others] = roots;
  const common = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  return (common < 0 ? first : first.slice(0, common)).join('/');
}

function lines(texts: readonly string[]): string {
  return texts.join('\n');
}
