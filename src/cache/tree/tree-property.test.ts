import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTree, type TreeFiles, writeTree } from '../../../test/support/tree-files.ts';
import { machineClock } from '../../machine/clock.ts';
import { machineRandom } from '../../machine/random.ts';
import { openMemoryStorage } from '../storage/memory-storage.ts';
import { treeStore } from './tree-store.ts';

type Node =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder'; readonly mode: number; readonly nodes: Readonly<Record<string, Node>> };

const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'c',
    'a-b',
    'a.b',
    '...',
    '[x]',
    '*',
    '!b',
    ' ',
    'ä',
    '日本',
    '\n',
    '-rf',
    '__proto__x',
    'n'.repeat(255),
  ),
  fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((text) => !/[/\0\ud800-\udfff]/.test(text) && text !== '.' && text !== '..'),
);
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o444, 0o400, 0o777, 0o000, 0o640);
const content = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.nat(255).map((value) => Buffer.alloc(1_200_000, `${value} and more `)) },
);
const { tree } = fc.letrec<{ tree: Record<string, Node>; node: Node }>((tie) => ({
  node: fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('file' as const), content, mode }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('link' as const),
        target: fc.constantFrom('a', 'b/c', './a', 'gone'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('folder' as const),
        mode: fc.constantFrom(0o755, 0o700, 0o777, 0o500),
        nodes: tie('tree'),
      }),
    },
  ),
  tree: fc.dictionary(name, tie('node'), {
    maxKeys: 6,
    depthIdentifier: 'tree',
    noNullPrototype: false,
  }) as fc.Arbitrary<Record<string, Node>>,
}));

function write(root: string, nodes: Readonly<Record<string, Node>>): void {
  const files: Record<string, TreeFiles[string]> = {};
  for (const [key, node] of Object.entries(nodes))
    files[key] = node.kind === 'folder' ? null : node.kind === 'link' ? { link: node.target } : node.content;
  writeTree(root, files);
  for (const [key, node] of Object.entries(nodes)) {
    if (node.kind === 'folder') write(join(root, key), node.nodes);
    if (node.kind !== 'link') chmodSync(join(root, key), node.mode);
  }
}

describe('TreeStore', () => {
  it('brings back any tree, into an empty folder and over another tree', async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, async (one, two) => {
        const folder = mkdtempSync(join(tmpdir(), 'sluice-tree-'));
        try {
          const [first, second, target] = [join(folder, 'one'), join(folder, 'two'), join(folder, 'target')];
          write(first, one);
          write(second, two);
          const { blobs } = openMemoryStorage(machineClock);
          const trees = treeStore({
            blobs,
            directory: join(folder, 'data'),
            clock: machineClock,
            random: machineRandom,
          });
          const saved = await trees.save({ root: first, select: ['.'] });
          await trees.restore(saved.digest, target);
          expect(readTree(target)).toEqual(readTree(first));
          const over = await trees.save({ root: second, select: ['.'], since: saved.digest });
          await trees.restore(over.digest, target, { exact: true });
          expect(readTree(target)).toEqual(readTree(second));
          expect((await trees.save({ root: target, select: ['.'] })).content).toBe(over.content);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('has in a row of snapshots of a changing tree each as it was', async () => {
    const change = fc.record({ path: fc.constantFrom('a', 'b', 'c/d', 'c/e', 'f'), content });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
        const folder = mkdtempSync(join(tmpdir(), 'sluice-tree-'));
        try {
          const [root, target] = [join(folder, 'root'), join(folder, 'target')];
          writeTree(root, { a: '1', 'c/d': '2', 'c/still': '3' });
          const { blobs } = openMemoryStorage(machineClock);
          const trees = treeStore({
            blobs,
            directory: join(folder, 'data'),
            clock: machineClock,
            random: machineRandom,
          });
          const kept = [{ snapshot: await trees.snapshot(root, null), seen: readTree(root) }];
          for (const { path, content } of changes) {
            const before = readTree(root);
            writeFileSync(join(root, path), content);
            const snapshot = await trees.snapshot(root, kept.at(-1)!.snapshot.digest);
            const seen = readTree(root);
            expect(snapshot.changed).toEqual(before[path] === seen[path] ? [] : [path]);
            kept.push({ snapshot, seen });
          }
          for (const { snapshot, seen } of kept.toReversed()) {
            await trees.restore(snapshot.digest, target, { exact: true });
            expect(readTree(target)).toEqual(seen);
          }
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
