import { type Digest, digestOf } from '../../base/digest.ts';
import { newId } from '../../base/id.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Clock, Random } from '../../base/port.ts';
import {
  BlobDamageError,
  type BlobStore,
  type CacheScope,
  type Fingerprint,
  type ReferenceStore,
  type TreeStore,
  type WorkResult,
  type WorkResults,
} from '../contract.ts';

export interface WorkResultsOptions {
  readonly references: ReferenceStore;
  readonly blobs: BlobStore;
  readonly trees: TreeStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** Below it lie the results, and below the other what they were made of, which only a miss asks for. */
const RESULTS = 'cache/work';
const MADE = 'cache/work-made';
/** Who goes back and forth between some versions finds them all. */
const RESULTS_MAX = 4;
/** So many records of one pipeline are read one by one; then they are made one. */
const RECORDS_MAX = 6;

type Subjects<T> = Map<string, T>;

/**
 * Reads the results that a run may take over. Each run adds records of its own, so that two runs at once lose nothing, and now
 * and then they are joined. A record that is damaged or gone is as good as none.
 */
export async function openWorkResults(
  options: WorkResultsOptions,
  scope: CacheScope,
  pipeline: string,
): Promise<WorkResults> {
  const { references, blobs, trees, clock, random } = options;
  const [own, ...others] = placesOf(scope, pipeline);
  const known: Subjects<readonly WorkResult[]> = new Map();
  for (const place of [own!, ...others])
    for (const name of await namesIn(references, RESULTS, place))
      take(known, await readSubjects<readonly WorkResult[]>(references, name));
  // All at once, and only of what is most likely asked for: a thousand questions cost more than a thousand answers.
  const asked = new Set([...known.values()].flatMap(([newest]) => newest!.files?.blobs ?? []));
  const present = asked.size === 0 ? asked : await blobs.has([...asked]);
  const changed: Subjects<{ readonly fingerprint: Fingerprint; readonly result: WorkResult }> = new Map();
  let made: Subjects<Fingerprint> | null = null;
  let saving: Promise<void> = Promise.resolve();

  async function isWhole({ blobs: wanted }: NonNullable<WorkResult['files']>): Promise<boolean> {
    const found = await blobs.has(wanted);
    return wanted.every((digest) => found.has(digest));
  }

  async function write(): Promise<void> {
    if (changed.size === 0) return;
    const taken = new Map(changed);
    changed.clear();
    const results: Subjects<readonly WorkResult[]> = new Map();
    const fingerprints: Subjects<Fingerprint> = new Map();
    for (const [subject, { fingerprint, result }] of taken) {
      results.set(subject, [result]);
      fingerprints.set(subject, fingerprint);
    }
    const joined = await join<readonly WorkResult[]>(RESULTS, (older) => take(results, older));
    const joinedMade = await join<Fingerprint>(MADE, (older) => addMissing(fingerprints, older));
    const id = newId(clock.now(), random);
    // What they were made of comes first: a result without it would be a miss that cannot be explained.
    await references.write(`${MADE}/${own}/${id}`, recordOf(fingerprints));
    await references.write(`${RESULTS}/${own}/${id}`, recordOf(results, keptBy(results)));
    for (const name of [...joined, ...joinedMade]) await references.remove(name);
  }

  /** Hands on what the earlier records hold, the newest first, when there are too many of them, and says which those were. */
  async function join<T>(
    prefix: string,
    add: (older: ReadonlyMap<string, T>) => void,
  ): Promise<readonly string[]> {
    const names = await namesIn(references, prefix, own!);
    if (names.length < RECORDS_MAX) return [];
    for (const name of names) add(await readSubjects<T>(references, name));
    return names;
  }

  return {
    find: (subject, fingerprint) =>
      known.get(subject)?.find((result) => result.fingerprint === fingerprint) ?? null,
    isWhole(result) {
      if (result.files === null) return true;
      if (result.files.blobs.every((digest) => asked.has(digest)))
        return result.files.blobs.every((digest) => present.has(digest));
      return isWhole(result.files);
    },
    async last(subject) {
      if (made === null) {
        made = new Map();
        for (const place of [own!, ...others])
          for (const name of await namesIn(references, MADE, place))
            addMissing(made, await readSubjects<Fingerprint>(references, name));
      }
      return changed.get(subject)?.fingerprint ?? made.get(subject) ?? null;
    },
    used(subject, fingerprint) {
      const results = known.get(subject) ?? [];
      if (results[0]?.fingerprint === fingerprint.digest) return;
      const result = results.find((one) => one.fingerprint === fingerprint.digest);
      if (result) changed.set(subject, { fingerprint, result });
    },
    async keepFiles(root, select, reveals) {
      if (reveals)
        for (const path of (await trees.digestFiles(root, select)).keys())
          if (await reveals(path)) return `${path} holds a secret that the job was granted`;
      const { digest, files } = await trees.save({ root, select, links: 'any', isPassing: true });
      if (files === 0) return `no file matches ${select.join(', ')}`;
      const manifest = await trees.manifest(digest);
      return { tree: digest, blobs: [digest, ...(manifest?.packs ?? [])] };
    },
    async bringFiles({ tree }, root) {
      await trees.restore(tree, root, { links: 'any' });
    },
    add(subject, fingerprint, result) {
      changed.set(subject, { fingerprint, result });
      take(known, new Map([[subject, [result, ...(known.get(subject) ?? [])]]]));
    },
    save() {
      saving = saving.then(write, write);
      return saving;
    },
  };
}

/** Adds results behind those that are known, which are newer or nearer. */
function take(
  known: Subjects<readonly WorkResult[]>,
  older: ReadonlyMap<string, readonly WorkResult[]>,
): void {
  for (const [subject, results] of older) {
    const all = known.get(subject);
    if (!all) known.set(subject, results.slice(0, RESULTS_MAX));
    else {
      const news = results.filter(({ fingerprint }) => !all.some((one) => one.fingerprint === fingerprint));
      known.set(subject, [...all, ...news].slice(0, RESULTS_MAX));
    }
  }
}

function addMissing<T>(known: Subjects<T>, older: ReadonlyMap<string, T>): void {
  for (const [subject, one] of older) if (!known.has(subject)) known.set(subject, one);
}

/**
 * The places that a run may read, its own first. What an untrusted run wrote is read by nobody else than untrusted runs of the
 * same ref.
 */
function placesOf({ repository, trust, ref, readableRefs }: CacheScope, pipeline: string): string[] {
  const place = (of: CacheScope['trust'], one: string) =>
    [short(repository), of, short(one), short(pipeline)].join('/');
  return [...new Set([place(trust, ref), ...readableRefs.map((one) => place('trusted', one))])];
}

function short(text: string): string {
  return digestOf(text).slice(0, 32);
}

function namesIn(references: ReferenceStore, prefix: string, place: string): Promise<readonly string[]> {
  return references.list(`${prefix}/${place}`);
}

async function readSubjects<T>(references: ReferenceStore, name: string): Promise<Subjects<T>> {
  try {
    const record = await references.read(name);
    if (record?.schemaVersion !== 1) return new Map();
    return new Map(Object.entries(record.subjects as unknown as Readonly<Record<string, T>>));
  } catch (error) {
    if (error instanceof BlobDamageError) return new Map();
    throw error;
  }
}

function recordOf(subjects: ReadonlyMap<string, unknown>, keeps: readonly Digest[] = []): JsonObject {
  return {
    schemaVersion: 1,
    subjects: Object.fromEntries(subjects) as JsonObject,
    ...(keeps.length > 0 ? { keeps } : {}),
  };
}

function keptBy(results: ReadonlyMap<string, readonly WorkResult[]>): readonly Digest[] {
  const trees = [...results.values()].flatMap((all) => all.flatMap(({ files }) => files?.tree ?? []));
  return [...new Set(trees)];
}
