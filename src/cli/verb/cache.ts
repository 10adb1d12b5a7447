import { userError } from '../../base/diagnostic.ts';
import { formatDuration, parseDuration } from '../../base/duration.ts';
import { nearestName } from '../../base/near.ts';
import { formatBytes } from '../../base/size.ts';
import { counted, visible } from '../../base/text.ts';
import type { CacheView, Client } from '../../client/contract.ts';
import { parseSize, RETENTION_MAX_MS } from '../../pipeline/native/size.ts';
import { repositoryName } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import type { Look } from '../look.ts';
import { hanging } from '../row.ts';
import { tableLines } from '../table.ts';
import { ago } from '../time-text.ts';
import { unknownAction } from './artifact.ts';

interface Options {
  readonly all?: boolean;
  readonly run?: string;
  readonly maxSize?: string;
  readonly maxAge?: string;
}

const SIZE_DEFAULT = '10GiB';
const AGE_DEFAULT = '30d';

/** `sluice cache ACTION ...`: what is kept so that work need not be done twice. */
export async function perform(
  context: Context,
  [name, ...words]: readonly string[],
  options: Options,
): Promise<number> {
  switch (name) {
    case 'list':
      return list(context, await context.client());
    case 'remove':
      return remove(context, await context.client(), words, options);
    case 'prune':
      return prune(context, options);
    case 'explain': {
      if (words.length !== 1)
        throw userError('bad-argument', 'cache explain takes one job', 'sluice cache explain build');
      const { explain } = await import('./cache-explain.ts');
      return explain(context, words[0]!, options.run);
    }
    default:
      throw unknownAction('cache', name!, ['list', 'remove', 'prune', 'explain']);
  }
}

async function list(context: Context, client: Client): Promise<number> {
  const views = await client.caches.list(await repositoryOf(context));
  if (context.json) context.printJson(views);
  else if (views.length === 0) context.print('no cache yet; a job gets one with `cache:`');
  else context.print(renderCaches(views, context.look, context.ports.clock.now()));
  return EXIT.done;
}

/** Keys of directory caches as a table, and how much they helped together. Pure. */
export function renderCaches(views: readonly CacheView[], look: Look, nowMs: number): string[] {
  const bytesOf = ({ kept }: CacheView) => kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const sum = (of: (view: CacheView) => number) => views.reduce((total, view) => total + of(view), 0);
  const hits = sum((view) => view.hits);
  const asked = hits + sum((view) => view.misses);
  const total = `${counted(views.length, 'key')}, ${formatBytes(sum(bytesOf))}; ${hits} of ${counted(asked, 'restore')} hit, ${formatDuration(sum((view) => view.savedMs))} saved`;
  return [
    ...tableLines(
      [
        { heading: 'key', widthMin: 12 },
        { heading: 'of', widthMin: 6 },
        { heading: 'versions', right: true },
        { heading: 'size', right: true },
        { heading: 'used' },
        { heading: 'hits', right: true },
        { heading: 'saved', right: true },
      ],
      views.map((view) => [
        visible(view.key),
        view.kept.length > 1 ? `${view.kept.length} refs` : visible(view.kept[0]?.ref ?? ''),
        String(view.kept.reduce((count, { versions }) => count + versions, 0)),
        formatBytes(bytesOf(view)),
        view.kept.length === 0 ? '' : ago(Math.max(...view.kept.map(({ usedAtMs }) => usedAtMs)), nowMs),
        hitText(view),
        view.savedMs === 0 ? '' : formatDuration(view.savedMs),
      ]),
      look,
    ),
    '',
    ...hanging('', total, look.width),
  ];
}

function hitText({ hits, misses }: CacheView): string {
  const asked = hits + misses;
  return asked === 0 ? '' : `${hits}/${asked} ${Math.round((hits / asked) * 100)}%`;
}

async function remove(
  context: Context,
  client: Client,
  [key]: readonly string[],
  { all }: Options,
): Promise<number> {
  if ((key === undefined) === (all !== true))
    throw userError('missing-argument', 'say which key, or --all', 'see the keys: sluice cache list');
  const repository = await repositoryOf(context);
  const removed = await client.caches.remove(repository, key ?? null);
  if (removed === 0 && key !== undefined) {
    const keys = (await client.caches.list(repository)).filter(({ kept }) => kept.length > 0);
    const near = nearestName(
      key,
      keys.map((view) => view.key),
    );
    throw userError(
      'cache-unknown',
      `nothing is kept under the key "${visible(key)}"`,
      near ? `did you mean ${visible(near)}?` : 'see the keys: sluice cache list',
    );
  }
  if (context.json) context.printJson({ removed });
  else context.print(`${counted(removed, 'version')} removed; sluice cache prune gives their space back`);
  return EXIT.done;
}

async function prune(context: Context, options: Options): Promise<number> {
  const bytesMax = parseSize(options.maxSize ?? SIZE_DEFAULT);
  if (bytesMax === null) throw badOption('--max-size', options.maxSize, 'a size such as 10GiB');
  const ageMaxMs = parseDuration(options.maxAge ?? AGE_DEFAULT, RETENTION_MAX_MS);
  if (ageMaxMs === null) throw badOption('--max-age', options.maxAge, 'a time such as 30d');
  const pruned = await (await context.client()).caches.prune({ bytesMax, ageMaxMs });
  if (context.json) context.printJson(pruned);
  else {
    const { artifacts, cacheEntries, contents, bytes } = pruned;
    context.print(
      hanging(
        '',
        `${counted(artifacts, 'expired artifact')}, ${counted(cacheEntries, 'cache version')} and ${counted(contents, 'content')} removed: ${formatBytes(bytes)} free again`,
        context.look.width,
      ),
    );
  }
  return EXIT.done;
}

async function repositoryOf(context: Context): Promise<string> {
  const repository = await repositoryName(context);
  if (repository !== undefined) return repository;
  throw userError(
    'no-repository',
    'caches belong to a repository, and this folder is in none',
    'go into one',
  );
}

function badOption(flag: string, text: string | undefined, wanted: string) {
  return userError('bad-option', `${flag} is ${JSON.stringify(text)}, which is not ${wanted}`);
}
