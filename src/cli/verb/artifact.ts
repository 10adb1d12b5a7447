import { resolve } from 'node:path';
import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { Client } from '../../client/contract.ts';
import { type BringOptions, bring } from '../artifact/bring.ts';
import { type ChooseOptions, chosenArtifact, matching, readTags } from '../artifact/choose.ts';
import { renderArtifact, renderArtifacts, renderFiles } from '../artifact/render.ts';
import { type Context, EXIT } from '../context.ts';
import { commandWord } from '../shown.ts';
import { countOption } from './list.ts';

type Options = ChooseOptions &
  Omit<BringOptions, 'archive'> & {
    readonly archive?: string;
    readonly limit?: string;
    readonly by?: string;
  };
type Action = (
  context: Context,
  client: Client,
  words: readonly string[],
  options: Options,
) => Promise<number>;

const LIMIT_DEFAULT = 30;
const LIMIT_MAX = 100_000;

const ACTIONS: Readonly<Record<string, Action>> = {
  list,
  show,
  files,
  cat,
  download: async (context, client, [word, ...only], options) =>
    bring(context, client, await one(context, client, word, options), only, options),
  upload,
  pin,
  unpin,
  remove,
};

/** `sluice artifact ACTION ...`: what runs made and keep. */
export async function perform(
  context: Context,
  [name, ...words]: readonly string[],
  options: Options,
): Promise<number> {
  const action = ACTIONS[name!];
  if (!action) throw unknownAction('artifact', name!, Object.keys(ACTIONS));
  return action(context, await context.client(), words, options);
}

/** There is no such action of a verb; with the nearest one. */
export function unknownAction(verb: string, name: string, known: readonly string[]) {
  const near = nearestName(name, known);
  return userError(
    'unknown-action',
    `sluice ${verb} cannot "${visible(name)}"`,
    near ? `did you mean sluice ${verb} ${near}?` : `it can ${known.join(', ')}`,
  );
}

async function list(
  context: Context,
  client: Client,
  [word]: readonly string[],
  options: Options,
): Promise<number> {
  const limit = countOption('--limit', options.limit, LIMIT_DEFAULT, LIMIT_MAX);
  const found = (await matching(context, client, word, options)).slice(0, limit);
  if (context.json) context.printJson(found);
  else if (found.length === 0) context.print('no such artifact is kept; a job keeps some with `artifacts:`');
  else context.print(renderArtifacts(found, context.look, context.ports.clock.now()));
  return EXIT.done;
}

async function show(
  context: Context,
  client: Client,
  [word]: readonly string[],
  options: Options,
): Promise<number> {
  const record = await one(context, client, word, options);
  if (context.json) context.printJson(record);
  else {
    context.print(renderArtifact(record, context.look, context.ports.clock.now()));
    context.note(`its files: sluice artifact files ${record.digest.slice(0, 12)} --run ${record.runId}`);
  }
  return EXIT.done;
}

async function files(
  context: Context,
  client: Client,
  [word]: readonly string[],
  options: Options,
): Promise<number> {
  const record = await one(context, client, word, options);
  const entries = await client.artifacts.files(record);
  if (context.json) context.printJson(entries);
  else context.print(renderFiles(entries, context.look));
  return EXIT.done;
}

async function cat(
  context: Context,
  client: Client,
  [word, file]: readonly string[],
  options: Options,
): Promise<number> {
  if (file === undefined) throw missing('which file', 'sluice artifact cat site index.html');
  const content = await client.artifacts.open(await one(context, client, word, options), file);
  if (!context.json) {
    await context.ports.pour(content);
    return EXIT.done;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  context.printJson({ file, base64: Buffer.concat(chunks).toString('base64') });
  return EXIT.done;
}

async function upload(
  context: Context,
  client: Client,
  [name, ...paths]: readonly string[],
  options: Options,
): Promise<number> {
  const { archive, version = null } = options;
  if (name === undefined || (paths.length === 0) === (archive === undefined))
    throw missing(
      'a name, and files or an archive',
      'sluice artifact upload site dist (or --archive site.tar.gz)',
    );
  const { metadata, gitTags } = readTags(options.tag ?? []);
  if (gitTags.length > 0) throw missing(`a value for the tag ${gitTags[0]}`, '--tag stage=beta');
  const { cwd } = context.ports;
  const { record, warnings } = await client.artifacts.upload({
    name,
    source: await context.ports.repository(null),
    version,
    metadata,
    from:
      archive === undefined
        ? { kind: 'files', root: cwd, paths }
        : { kind: 'archive', file: resolve(cwd, archive) },
  });
  for (const warning of warnings) context.note(`warning: ${visible(warning)}`);
  if (context.json) context.printJson({ artifact: record, warnings });
  else context.print(renderArtifact(record, context.look, context.ports.clock.now()));
  return EXIT.done;
}

async function pin(
  context: Context,
  client: Client,
  [word]: readonly string[],
  options: Options,
): Promise<number> {
  const record = await one(context, client, word, options);
  await client.artifacts.pin(record);
  return done(
    context,
    record,
    `${visible(record.name)} ${visible(record.version)} of run ${record.runId} is pinned`,
  );
}

async function unpin(
  context: Context,
  client: Client,
  [word]: readonly string[],
  options: Options,
): Promise<number> {
  const record = await one(context, client, word, options);
  await client.artifacts.unpin(record, options.by ?? null);
  const [after] = await client.artifacts.find({
    runId: record.runId,
    name: record.name,
    digest: record.digest,
  });
  const others = after?.pinnedBy ?? [];
  const still =
    others.length === 0 ? '' : `; still pinned by ${others.map(visible).join(', ')} (--by takes that back)`;
  return done(
    context,
    record,
    `${visible(record.name)} ${visible(record.version)} of run ${record.runId} is not pinned by you${still}`,
  );
}

/** What is gone is gone, so here the newest is not good enough: it must be the only one. */
async function remove(
  context: Context,
  client: Client,
  [word]: readonly string[],
  options: Options,
): Promise<number> {
  const record = await one(context, client, word, options);
  const others = (await matching(context, client, word, options)).length - 1;
  if (others > 0)
    throw userError(
      'artifact-ambiguous',
      `"${visible(word ?? '')}" can mean ${others + 1} artifacts`,
      `say which: sluice artifact remove ${commandWord(record.name)} --run ${record.runId} --cell ${commandWord(record.cell)}`,
    );
  if (record.pinnedBy.length > 0 && !options.force)
    throw userError(
      'artifact-pinned',
      `${visible(record.name)} of run ${record.runId} is pinned by ${record.pinnedBy.map(visible).join(', ')}`,
      'unpin it first: sluice artifact unpin, or remove it all the same with --force',
    );
  await client.artifacts.remove(record);
  return done(
    context,
    record,
    `${visible(record.name)} ${visible(record.version)} of run ${record.runId} is removed`,
  );
}

function one(context: Context, client: Client, word: string | undefined, options: Options) {
  if (word === undefined) throw missing('which artifact', 'sluice artifact list');
  return chosenArtifact(context, client, word, options);
}

function done(context: Context, record: unknown, sentence: string): number {
  if (context.json) context.printJson(record);
  else context.print(sentence);
  return EXIT.done;
}

function missing(what: string, example: string) {
  return userError('missing-argument', `say ${what}`, example);
}
