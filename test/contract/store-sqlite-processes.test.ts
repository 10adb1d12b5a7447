import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineClock } from '../../src/machine/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { anEvent, messages } from './store-event.ts';

const KILLS = process.env.SLUICE_SOAK === '1' ? 100 : 20;
const SCRIPT = join(import.meta.dirname, 'store-process.ts');

describe('sqlite store and other processes', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
    file = join(folder, 'journal.db');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const open = () => openSqliteStore(file, { clock: machineClock });
  const start = (what: string, name: string, count = 0): ChildProcess =>
    spawn(process.execPath, [SCRIPT, what, file, name, String(count)], { stdio: ['ignore', 'pipe', 'pipe'] });

  /** What the process wrote, when it ended well. */
  async function finish(child: ChildProcess): Promise<string[]> {
    const [output, errors] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'exit'),
    ]);
    expect(errors).toBe('');
    return output.split('\n').filter((line) => line !== '');
  }

  it('is made once by processes that start together', async () => {
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => finish(start('append', name, 5))));
    const store = await open();
    expect(await store.journal.head('run/shared')).toBe(20);
    expect(await store.journal.verify()).toEqual([]);
    await store.close();
  });

  it('takes the appends of two processes to one stream: none lost, none doubled, no gap', async () => {
    await Promise.all([finish(start('append', 'a', 150)), finish(start('append', 'b', 150))]);
    const store = await open();
    const events = await store.journal.read('run/shared');
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    for (const name of ['a', 'b']) {
      const own = messages(events).filter((message) => message.startsWith(name));
      expect(own).toEqual(Array.from({ length: 150 }, (_, i) => `${name}-${i}`));
    }
    expect(await store.journal.verify()).toEqual([]);
    await store.close();
  });

  it('has one holder of a lease at a time, with growing tokens', async () => {
    await Promise.all([finish(start('fight', 'a', 25)), finish(start('fight', 'b', 25))]);
    const store = await open();
    const words = messages(await store.journal.read('run/holders')).map((message) => message.split(' '));
    expect(words).toHaveLength(100);
    let last = 0;
    for (let i = 0; i < words.length; i += 2) {
      const [came, went] = [words[i]!, words[i + 1]!];
      expect([came[0], went[0]]).toEqual(['came', 'went']);
      expect(went.slice(1)).toEqual(came.slice(1));
      expect(Number(came[1])).toBeGreaterThan(last);
      last = Number(came[1]);
    }
    await store.close();
  });

  it('gives each task to one process once', async () => {
    const store = await open();
    const ids = Array.from({ length: 200 }, (_, i) => `task-${i}`);
    await Promise.all(ids.map((id) => store.tasks.enqueue({ id, payload: '', labels: [], priority: 0 })));
    const done = await Promise.all([finish(start('claim', 'a')), finish(start('claim', 'b'))]);
    expect(done.flat().toSorted()).toEqual(ids.toSorted());
    expect(await store.tasks.waiting()).toBe(0);
    await store.close();
  });

  it('tells a watcher of what another process appended', async () => {
    const store = await open();
    // Listened to from the start: the process may be gone before the watcher is told.
    const ending = finish(start('append', 'a', 1));
    await new Promise<void>((resolve) => {
      store.journal.watch('run/shared', () => {
        void store.journal.head('run/shared').then((head) => head > 0 && resolve());
      });
    });
    expect(messages(await store.journal.read('run/shared'))).toEqual(['a-0']);
    await ending;
    await store.close();
  });

  it('sees what another process appended before it appends itself', async () => {
    const store = await open();
    await store.journal.append('run/shared', 0, [anEvent('own')]);
    await finish(start('append', 'a', 1));
    await expect(store.journal.append('run/shared', 1, [anEvent('x')])).rejects.toMatchObject({
      actualSequence: 2,
    });
    await store.journal.append('run/shared', 2, [anEvent('own again')]);
    expect(await store.journal.verify()).toEqual([]);
    await store.close();
  });

  it(`loses nothing acknowledged when its process is killed ${KILLS} times`, {
    timeout: KILLS * 3000,
  }, async () => {
    const acknowledged = new Map<string, number>();
    const timers = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      const child = start('run', `p${kill}`);
      let output = '';
      const errors = text(child.stderr!);
      child.stdout!.on('data', (chunk) => {
        output += chunk;
      });
      await once(child.stdout!, 'data');
      // A random point of the work, by chance on purpose: the seed would not repeat the kernel's schedule.
      await sleep(Math.random() * 60);
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(await errors).toBe('');
      for (const line of output.slice(0, output.lastIndexOf('\n')).split('\n')) {
        const [what, which] = line.split(' ') as [string, string];
        if (what === 'timer') timers.add(which);
        else acknowledged.set(what, Math.max(acknowledged.get(what) ?? 0, Number(which)));
      }

      const store = await open();
      for (const [stream, sequence] of acknowledged) {
        const events = await store.journal.read(stream);
        expect(events.length).toBeGreaterThanOrEqual(sequence);
        // Appends are of two: never half of one.
        expect(events.length % 2).toBe(0);
      }
      const present = new Set(
        (await store.timers.due(Number.MAX_SAFE_INTEGER, 1_000_000)).map(({ id }) => id),
      );
      expect([...timers].filter((id) => !present.has(id))).toEqual([]);
      expect(await store.journal.verify()).toEqual([]);
      await store.close();
    }
    expect(acknowledged.size).toBe(3);
  });
});
