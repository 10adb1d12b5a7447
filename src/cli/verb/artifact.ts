import { resolve } from 'node:path';
import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { ArtifactRecord, Client } from '../../client/contract.ts';
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
/** What an action is given. */
interface Call {
  readonly context: Context;
  readonly client: Client;
  readonly words: readonly string[];
  readonly options: Options;
}

const LIMIT_DEFAULT = 30;
const LIMIT_MAX = 100_000;

const ACTIONS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  list,
  show,
  files,
  cat,
  download: async (call) => {
    const { context, client, words, options } = call;
    return bring(context, client, await one(call), words.slice(1), options);
  },
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
  return action({ context, client: await context.client(), words, options });
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

async function list({ context, client, words: [word], options }: Call): Promise<number> {
  const limit = countOption('--limit', options.limit, LIMIT_DEFAULT, LIMIT_MAX);
  const found = (await matching(context, client, word, options)).slice(0, limit);
  if (context.json) context.printJson(found);
  else if (found.length === 0) context.print('no such artifact is kept; a job keeps some with `artifacts:`');
  else context.print(renderArtifacts(found, context.look, context.ports.clock.now()));
  return EXIT.done;
}

async function show(call: Call): Promise<number> {
  const { context } = call;
  const record = await one(call);
  if (context.json) context.printJson(record);
  else {
    context.print(renderArtifact(record, context.look, context.ports.clock.now()));
    context.note(`its files: sluice artifact files ${record.digest.slice(0, 12)} --run ${record.runId}`);
  }
  return EXIT.done;
}

async function files(call: Call): Promise<number> {
  const { context, client } = call;
  const record = await one(call);
  const entries = await client.artifacts.files(record);
  if (context.json) context.printJson(entries);
  else context.print(renderFiles(entries, context.look));
  return EXIT.done;
}

async function cat(call: Call): Promise<number> {
  const { context, client } = call;
  const [, file] = call.words;
  if (file === undefined) throw missing('which file', 'sluice artifact cat site index.html');
  const content = await client.artifacts.open(await one(call), file);
  if (!context.json) {
    await context.ports.pour(content);
    return EXIT.done;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  context.printJson({ file, base64: Buffer.concat(chunks).toString('base64') });
  return EXIT.done;
}

async function upload({ context, client, words: [name, ...paths], options }: Call): Promise<number> {
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

async function pin(call: Call): Promise<number> {
  const { context, client } = call;
  const record = await one(call);
  await client.artifacts.pin(record);
  return done(context, record, 'is pinned');
}

async function unpin(call: Call): Promise<number> {
  const { context, client, options } = call;
  const record = await one(call);
  await client.artifacts.unpin(record, options.by ?? null);
  const [after] = await client.artifacts.find({
    runId: record.runId,
    name: record.name,
    digest: record.digest,
  });
  const others = after?.pinnedBy ?? [];
  const still =
    others.length === 0 ? '' : `; still pinned by ${others.map(visible).join(', ')} (--by takes that back)`;
  return done(context, record, `is not pinned by you${still}`);
}

/** What is gone is gone, so here the newest is not good enough: it must be the only one. */
async function remove(call: Call): Promise<number> {
  const { context, client, options } = call;
  const [word] = call.words;
  const record = await one(call);
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
  return done(context, record, 'is removed');
}

function one({ context, client, words: [word], options }: Call) {
  if (word === undefined) throw missing('which artifact', 'sluice artifact list');
  return chosenArtifact(context, client, word, options);
}

/** `became`: what follows the name of the artifact: `is pinned`. */
function done(context: Context, record: ArtifactRecord, became: string): number {
  if (context.json) context.printJson(record);
  else context.print(`${visible(record.name)} ${visible(record.version)} of run ${record.runId} ${became}`);
  return EXIT.done;
}

function missing(what: string, example: string) {
  return userError('missing-argument', `say ${what}`, example);
}
