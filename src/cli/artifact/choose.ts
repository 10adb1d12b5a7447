import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { ArtifactQuery, ArtifactRecord, Client } from '../../client/contract.ts';
import { repositoryName } from '../chosen-run.ts';
import type { Context } from '../context.ts';

/** The flags by which artifacts are found. */
export interface ChooseOptions {
  readonly run?: string;
  readonly cell?: string;
  readonly version?: string;
  readonly commit?: string;
  readonly branch?: string;
  /** `name=value`, or a tag of git. */
  readonly tag?: readonly string[];
  readonly all?: boolean;
}

/** Artifacts that a word (name, name@version or digest; undefined: any) and the flags may mean, newest first. */
export async function matching(
  context: Context,
  client: Client,
  word: string | undefined,
  options: ChooseOptions,
): Promise<readonly ArtifactRecord[]> {
  const repository = options.all ? undefined : await repositoryName(context);
  const runId = options.run === undefined ? undefined : await client.resolve(options.run, repository);
  const { metadata, gitTags } = readTags(options.tag ?? []);
  const { version, commit, branch } = options;
  const shared: ArtifactQuery = {
    ...(repository !== undefined && { repository }),
    ...(runId !== undefined && { runId }),
    ...(version !== undefined && { version }),
    ...(branch !== undefined && { branch }),
    metadata,
  };
  for (const meaning of meanings(word)) {
    const found = (await client.artifacts.find({ ...shared, ...meaning })).filter(
      (record) =>
        (commit === undefined || record.commit?.startsWith(commit)) &&
        (options.cell === undefined || record.cell === options.cell) &&
        gitTags.every((tag) => record.tag === tag),
    );
    if (found.length > 0) return found;
  }
  return [];
}

/** Exactly one: the newest. Refuses when that run has several of that name with different content. */
export async function chosenArtifact(
  context: Context,
  client: Client,
  word: string | undefined,
  options: ChooseOptions,
): Promise<ArtifactRecord> {
  const found = await matching(context, client, word, options);
  const [newest] = found;
  if (!newest) throw await unknown(context, client, word ?? '', options);
  const rivals = found.filter(
    (other) => other.runId === newest.runId && other.name === newest.name && other.digest !== newest.digest,
  );
  if (rivals.length === 0) return newest;
  const cells = [newest, ...rivals].map(({ cell }) => visible(cell)).join(', ');
  throw userError(
    'artifact-ambiguous',
    `run ${newest.runId} has several artifacts "${visible(newest.name)}", of ${cells}`,
    'say which with --cell, or give the digest',
  );
}

/** `name=value` as metadata; anything else is a tag of git. */
export function readTags(texts: readonly string[]): {
  readonly metadata: Readonly<Record<string, string>>;
  readonly gitTags: readonly string[];
} {
  const pairs = texts.filter((text) => text.includes('='));
  return {
    metadata: Object.fromEntries(
      pairs.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
    ),
    gitTags: texts.filter((text) => !text.includes('=')),
  };
}

/** A name may look like the others, so it comes first. */
function meanings(word: string | undefined): readonly ArtifactQuery[] {
  if (word === undefined) return [{}];
  const at = word.lastIndexOf('@');
  const digest = /^(?:sha256:)?([0-9a-f]{8,64})$/.exec(word)?.[1];
  return [
    { name: word },
    ...(at > 0 ? [{ name: word.slice(0, at), version: word.slice(at + 1) }] : []),
    ...(digest === undefined ? [] : [{ digest }]),
  ];
}

async function unknown(context: Context, client: Client, word: string, options: ChooseOptions) {
  const all = await matching(context, client, undefined, {
    ...(options.all && { all: true }),
    ...(options.run !== undefined && { run: options.run }),
  });
  const near = nearestName(
    word,
    all.map(({ name }) => name),
  );
  const asked = Object.keys(options).some((key) => /^(run|cell|version|commit|branch|tag)$/.test(key));
  return userError(
    'artifact-unknown',
    `there is no artifact "${visible(word)}"${asked ? ' of which all that holds' : ''}`,
    near && near !== word ? `did you mean ${visible(near)}?` : 'see what there is: sluice artifact list',
  );
}
