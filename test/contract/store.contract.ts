import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/port.ts';
import { ConflictError, FencedError, type Store } from '../../src/store/contract.ts';
import { anEvent, messages } from './store-event.ts';

/** A clock that stands still until a test moves it. The wall clock can jump without the monotonic one. */
export class TestClock implements Clock {
  wallMs = Date.UTC(2026, 10, 21, 12);
  monotonicMs = 5_000;

  now(): number {
    return this.wallMs;
  }

  monotonic(): number {
    return this.monotonicMs;
  }

  after(): () => void {
    throw new Error('internal error: a store sets no timer on the clock');
  }

  pass(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }
}

/** Every implementation of `Store` passes this. `open` makes a new, empty store; the suite closes it. */
export function storeContract(open: (clock: TestClock) => Promise<Store>): void {
  let clock: TestClock;
  let store: Store;

  beforeEach(async () => {
    clock = new TestClock();
    store = await open(clock);
  });

  afterEach(async () => {
    await store.close();
  });

  describe('journal', () => {
    it('reads back what was appended, numbered from 1', async () => {
      expect(await store.journal.append('run/a', 0, [anEvent('one'), anEvent('two')])).toEqual({
        sequence: 2,
      });
      expect(await store.journal.append('run/a', 2, [anEvent('three')])).toEqual({ sequence: 3 });
      const events = await store.journal.read('run/a');
      expect(events).toMatchObject([
        { ...anEvent('one'), stream: 'run/a', sequence: 1 },
        { ...anEvent('two'), stream: 'run/a', sequence: 2 },
        { ...anEvent('three'), stream: 'run/a', sequence: 3 },
      ]);
      expect(await store.journal.head('run/a')).toBe(3);
    });

    it('chains each event to the one before it, over the stored text', async () => {
      await store.journal.append('run/a', 0, [anEvent('one'), anEvent('two')]);
      const sha = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
      const first = sha(`${'0'.repeat(64)}\nrun/a\n1\n${JSON.stringify(anEvent('one'))}`);
      const second = sha(`${first}\nrun/a\n2\n${JSON.stringify(anEvent('two'))}`);
      expect((await store.journal.read('run/a')).map(({ hash }) => hash)).toEqual([first, second]);
    });

    it('knows nothing of a stream that nobody wrote', async () => {
      expect(await store.journal.head('run/none')).toBe(0);
      expect(await store.journal.read('run/none')).toEqual([]);
      expect(await store.journal.read('run/none', 5, 10)).toEqual([]);
    });

    it('refuses an append at another sequence than the head, and writes none of it', async () => {
      await store.journal.append('run/a', 0, [anEvent('one')]);
      for (const expected of [0, 2]) {
        const refused = store.journal.append('run/a', expected, [anEvent('x'), anEvent('y')]);
        await expect(refused).rejects.toThrow(ConflictError);
        await expect(refused).rejects.toMatchObject({ actualSequence: 1 });
      }
      expect(messages(await store.journal.read('run/a'))).toEqual(['one']);
    });

    it('applies the appends of one turn in call order', async () => {
      const appended = Array.from({ length: 50 }, (_, i) =>
        store.journal.append('run/a', i, [anEvent(String(i))]),
      );
      expect((await Promise.all(appended)).map(({ sequence }) => sequence)).toEqual(
        appended.map((_, i) => i + 1),
      );
      expect(messages(await store.journal.read('run/a'))).toEqual(appended.map((_, i) => String(i)));
    });

    it('lets an append that is refused not harm the others of its turn', async () => {
      const results = await Promise.allSettled([
        store.journal.append('run/a', 0, [anEvent('a1')]),
        store.journal.append('run/a', 0, [anEvent('late')]),
        store.journal.append('run/b', 0, [anEvent('b1')], { lease: 'nobody', token: 1 }),
        store.journal.append('run/a', 1, [anEvent('a2')]),
        store.journal.append('run/c', 7, [anEvent('c')]),
        store.journal.append('run/b', 0, [anEvent('b1')]),
      ]);
      expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
        true,
        false,
        false,
        true,
        false,
        true,
      ]);
      expect(messages(await store.journal.read('run/a'))).toEqual(['a1', 'a2']);
      expect(messages(await store.journal.read('run/b'))).toEqual(['b1']);
      expect(await store.journal.streams('')).toEqual(['run/b', 'run/a']);
      expect(await store.journal.verify()).toEqual([]);
    });

    it('appends nothing with an empty list, but checks the head', async () => {
      expect(await store.journal.append('run/a', 0, [])).toEqual({ sequence: 0 });
      expect(await store.journal.streams('')).toEqual([]);
      await expect(store.journal.append('run/a', 1, [])).rejects.toThrow(ConflictError);
    });

    it('appends thousands of events as one, while other writes wait their turn', async () => {
      const many = Array.from({ length: 2500 }, (_, i) => anEvent(String(i)));
      const [big, small, seen] = await Promise.all([
        store.journal.append('run/big', 0, many),
        store.journal.append('run/small', 0, [anEvent('s')]),
        // A read meanwhile sees all of it or nothing.
        store.journal.read('run/big').then(({ length }) => length),
      ]);
      expect(big).toEqual({ sequence: 2500 });
      expect(small).toEqual({ sequence: 1 });
      expect([0, 2500]).toContain(seen);
      expect(messages(await store.journal.read('run/big'))).toEqual(messages(many));
    });

    it('reads a part from the middle', async () => {
      await store.journal.append('run/a', 0, ['1', '2', '3', '4', '5'].map(anEvent));
      const part = async (after?: number, limit?: number) =>
        messages(await store.journal.read('run/a', after, limit));
      expect(await part(2)).toEqual(['3', '4', '5']);
      expect(await part(2, 2)).toEqual(['3', '4']);
      expect(await part(0, 1)).toEqual(['1']);
      expect(await part(0, 0)).toEqual([]);
      expect(await part(5)).toEqual([]);
      expect(await part(9)).toEqual([]);
    });

    it('keeps any text', async () => {
      const texts = [
        '',
        'a\0b',
        '\u{1f600}',
        'line\nfeed',
        '"quoted"\\',
        '\u202e',
        '\ud800',
        'x'.repeat(200_000),
      ];
      await store.journal.append('run/texts', 0, texts.map(anEvent));
      expect(messages(await store.journal.read('run/texts'))).toEqual(texts);
    });

    it('keeps what was handed in, whatever happens to the object later', async () => {
      const event = { ...anEvent('before'), at: 1 };
      const appended = store.journal.append('run/a', 0, [event]);
      event.at = 2;
      await appended;
      const [first] = await store.journal.read('run/a');
      Object.assign(first!, { at: 3 });
      expect(await store.journal.read('run/a')).toMatchObject([{ at: 1 }]);
    });

    it('lists streams by prefix, newest name first', async () => {
      for (const name of ['run/1', 'run/3', 'inbox/1', 'run/2', 'run0', 'run/\u{1f600}', 'run/\uff5e']) {
        await store.journal.append(name, 0, [anEvent(name)]);
      }
      expect(await store.journal.streams('run/')).toEqual([
        'run/\u{1f600}',
        'run/\uff5e',
        'run/3',
        'run/2',
        'run/1',
      ]);
      expect(await store.journal.streams('run/', 2)).toEqual(['run/\u{1f600}', 'run/\uff5e']);
      expect(await store.journal.streams('group/')).toEqual([]);
      expect(await store.journal.streams('', 100)).toHaveLength(7);
    });

    it.each(['', 'a\nb', 'a\0', '\ud800', 'x'.repeat(513)])(
      'refuses %j as a name of a stream',
      async (name) => {
        await expect(store.journal.append(name, 0, [anEvent('x')])).rejects.toThrow(
          /internal error: .* is no name for a stream/,
        );
      },
    );

    it('finds nothing wrong with itself, with and without checkpoints', async () => {
      expect(await store.journal.verify()).toEqual([]);
      const appended = store.journal.append('run/a', 0, [anEvent('1'), anEvent('2')]);
      await Promise.all([appended, store.journal.checkpoint()]);
      await store.journal.append('run/a', 2, [anEvent('3')]);
      await store.journal.append('run/b', 0, [anEvent('1')]);
      await store.journal.checkpoint();
      await store.journal.checkpoint();
      await store.journal.append('run/b', 1, [anEvent('2')]);
      expect(await store.journal.verify()).toEqual([]);
    });
  });

  describe('watch', () => {
    it('tells of appends to its stream until it ends', async () => {
      const calls: string[] = [];
      const add = (name: string) => () => calls.push(name);
      const count = (name: string) => calls.filter((call) => call === name).length;
      const same = add('a');
      const endFirst = store.journal.watch('run/a', same);
      const endSecond = store.journal.watch('run/a', same);
      const endOther = store.journal.watch('run/none', add('none'));
      await store.journal.append('run/a', 0, [anEvent('1')]);
      expect(count('a')).toBeGreaterThanOrEqual(2);
      endFirst();
      endFirst();
      const before = count('a');
      await store.journal.append('run/a', 1, [anEvent('2')]);
      expect(count('a')).toBeGreaterThan(before);
      endSecond();
      const atEnd = count('a');
      await store.journal.append('run/a', 2, [anEvent('3')]);
      expect(count('a')).toBe(atEnd);
      endOther();
    });

    it('can read the event that it was told of', async () => {
      const read = new Promise((resolve) => {
        const end = store.journal.watch('run/a', () => {
          end();
          resolve(store.journal.read('run/a').then(messages));
        });
      });
      await store.journal.append('run/a', 0, [anEvent('1')]);
      expect(await read).toEqual(['1']);
    });
  });

  describe('fence', () => {
    it('lets the holder write, and nobody with an older token', async () => {
      const first = (await store.leases.acquire('run/a', 'one', 1000))!;
      await store.journal.append('run/a', 0, [anEvent('1')], first);
      clock.pass(1000);
      const second = (await store.leases.acquire('run/a', 'two', 1000))!;
      await expect(store.journal.append('run/a', 1, [anEvent('late')], first)).rejects.toThrow(FencedError);
      await store.journal.append('run/a', 1, [anEvent('2')], second);
      expect(messages(await store.journal.read('run/a'))).toEqual(['1', '2']);
    });

    it('refuses after a release, and for a lease that never was', async () => {
      const lease = (await store.leases.acquire('run/a', 'one', 1000))!;
      await store.leases.release(lease);
      await expect(store.journal.append('run/a', 0, [anEvent('1')], lease)).rejects.toThrow(FencedError);
      await expect(
        store.journal.append('run/a', 0, [anEvent('1')], { lease: 'x', token: 1 }),
      ).rejects.toThrow(FencedError);
      expect(await store.journal.head('run/a')).toBe(0);
    });

    it('is decided in call order within one turn', async () => {
      const lease = (await store.leases.acquire('run/a', 'one', 1000))!;
      const [before, , after] = await Promise.allSettled([
        store.journal.append('run/a', 0, [anEvent('1')], lease),
        store.leases.release(lease),
        store.journal.append('run/a', 1, [anEvent('2')], lease),
      ]);
      expect([before!.status, after!.status]).toEqual(['fulfilled', 'rejected']);
    });
  });

  describe('leases', () => {
    it('has one owner at a time', async () => {
      const lease = await store.leases.acquire('l', 'one', 1000);
      expect(lease).toEqual({ lease: 'l', token: 1, expiresAtMs: clock.wallMs + 1000 });
      expect(await store.leases.acquire('l', 'two', 1000)).toBeNull();
      expect(await store.leases.peek('l')).toEqual({
        owner: 'one',
        token: 1,
        expiresAtMs: clock.wallMs + 1000,
      });
      expect(await store.leases.acquire('other', 'two', 1000)).toMatchObject({ token: 1 });
    });

    it('goes to another owner when it has expired, with a greater token', async () => {
      const first = (await store.leases.acquire('l', 'one', 1000))!;
      clock.pass(999);
      expect(await store.leases.acquire('l', 'two', 1000)).toBeNull();
      clock.pass(1);
      expect(await store.leases.peek('l')).toBeNull();
      expect(await store.leases.acquire('l', 'two', 1000)).toMatchObject({ token: 2 });
      expect(await store.leases.renew(first, 1000)).toBe(false);
      await store.leases.release(first);
      await store.leases.break('l', 1);
      expect(await store.leases.peek('l')).toMatchObject({ owner: 'two', token: 2 });
    });

    it('is kept by renewing, also after a stall in which nobody took it', async () => {
      const lease = (await store.leases.acquire('l', 'one', 1000))!;
      clock.pass(900);
      expect(await store.leases.renew(lease, 1000)).toBe(true);
      clock.pass(900);
      expect(await store.leases.peek('l')).toMatchObject({ expiresAtMs: clock.wallMs + 100 });
      clock.pass(5000);
      expect(await store.leases.renew(lease, 1000)).toBe(true);
      expect(await store.leases.acquire('l', 'two', 1000)).toBeNull();
    });

    it('never uses a token twice: not after release, break, expiry or a second acquire', async () => {
      const tokens: number[] = [];
      for (let i = 0; i < 4; i++) {
        const lease = (await store.leases.acquire('l', 'one', 1000))!;
        tokens.push(lease.token);
        if (i === 0) await store.leases.release(lease);
        if (i === 1) await store.leases.break('l', lease.token);
        if (i === 2) clock.pass(2000);
      }
      tokens.push((await store.leases.acquire('l', 'one', 1000))!.token);
      expect(tokens).toEqual([1, 2, 3, 4, 5]);
    });

    it('is not ended or prolonged by a jump of the wall clock', async () => {
      await store.leases.acquire('l', 'one', 1000);
      for (const jumpMs of [86_400_000, -172_800_000]) {
        clock.wallMs += jumpMs;
        expect(await store.leases.acquire('l', 'two', 1000)).toBeNull();
        expect(await store.leases.peek('l')).toMatchObject({ expiresAtMs: clock.wallMs + 1000 });
      }
      clock.pass(1000);
      expect(await store.leases.acquire('l', 'two', 1000)).not.toBeNull();
    });

    it('remembers who had it last, after its end too', async () => {
      const first = (await store.leases.acquire('l', 'one', 1000))!;
      expect(await store.leases.lastOwner('l')).toBe('one');
      await store.leases.release(first);
      expect(await store.leases.lastOwner('l')).toBe('one');
      await store.leases.acquire('l', 'two', 1000);
      clock.pass(1000);
      expect(await store.leases.lastOwner('l')).toBe('two');
    });

    it('does not know a lease that nobody took', async () => {
      expect(await store.leases.peek('l')).toBeNull();
      expect(await store.leases.lastOwner('l')).toBeNull();
      expect(await store.leases.renew({ lease: 'l', token: 1 }, 1000)).toBe(false);
      await store.leases.release({ lease: 'l', token: 1 });
      await store.leases.break('l', 1);
      expect(await store.leases.peek('l')).toBeNull();
    });
  });

  describe('timers', () => {
    it('are due in order, and stay until they are removed', async () => {
      await store.timers.set({ id: 'c', dueAtMs: 30, payload: 'C' });
      await store.timers.set({ id: 'a', dueAtMs: 10, payload: 'A' });
      await store.timers.set({ id: 'b', dueAtMs: 10, payload: 'B\0' });
      const due = async (nowMs: number, limit?: number) =>
        (await store.timers.due(nowMs, limit)).map(({ id }) => id);
      expect(await due(9)).toEqual([]);
      expect(await due(10)).toEqual(['a', 'b']);
      expect(await due(10)).toEqual(['a', 'b']);
      expect(await due(99, 2)).toEqual(['a', 'b']);
      await store.timers.remove('a');
      await store.timers.remove('a');
      expect(await store.timers.due(99)).toEqual([
        { id: 'b', dueAtMs: 10, payload: 'B\0' },
        { id: 'c', dueAtMs: 30, payload: 'C' },
      ]);
    });

    it('are moved by setting them again; the next one is known', async () => {
      expect(await store.timers.next()).toBeNull();
      await store.timers.set({ id: 'a', dueAtMs: 10, payload: 'first' });
      await store.timers.set({ id: 'b', dueAtMs: 20, payload: 'B' });
      await store.timers.set({ id: 'a', dueAtMs: 30.5, payload: 'second' });
      expect(await store.timers.next()).toEqual({ id: 'b', dueAtMs: 20, payload: 'B' });
      expect(await store.timers.due(30)).toHaveLength(1);
      expect(await store.timers.due(31)).toContainEqual({ id: 'a', dueAtMs: 31, payload: 'second' });
    });
  });

  describe('tasks', () => {
    const task = (id: string, priority = 0, labels: readonly string[] = []) => ({
      id,
      payload: `p-${id}`,
      labels,
      priority,
    });
    const claim = (labels: readonly string[] = [], nowMs = 0) =>
      store.tasks.claim(labels, 'worker', 100, nowMs);

    it('are claimed once, highest priority first, then oldest', async () => {
      for (const [id, priority] of [
        ['b', 1],
        ['a', 1],
        ['low', 0.5],
        ['top', 7.25],
      ] as const)
        await store.tasks.enqueue(task(id, priority));
      expect(await store.tasks.waiting()).toBe(4);
      const order = [await claim(), await claim(), await claim(), await claim()];
      expect(order.map((one) => one?.id)).toEqual(['top', 'b', 'a', 'low']);
      expect(order[0]).toEqual({ ...task('top', 7.25), attempt: 1 });
      expect(await claim()).toBeNull();
    });

    it('are added once', async () => {
      await store.tasks.enqueue(task('a'));
      await store.tasks.enqueue({ ...task('a'), payload: 'other' });
      expect(await claim()).toMatchObject({ payload: 'p-a' });
      await store.tasks.enqueue(task('a'));
      expect(await claim()).toBeNull();
    });

    it('go to a worker that has all their labels', async () => {
      await store.tasks.enqueue(task('a', 9, ['linux', 'gpu']));
      await store.tasks.enqueue(task('b', 1, ['linux']));
      expect(await claim([])).toBeNull();
      expect(await claim(['gpu'])).toBeNull();
      expect(await claim(['linux', 'x'])).toMatchObject({ id: 'b', labels: ['linux'] });
      expect(await claim(['x', 'gpu', 'linux'])).toMatchObject({ id: 'a', labels: ['linux', 'gpu'] });
    });

    it('come back when the claim lapses, and the late worker is refused', async () => {
      await store.tasks.enqueue(task('a'));
      expect(await claim([], 0)).toMatchObject({ attempt: 1 });
      expect(await claim([], 99)).toBeNull();
      expect(await store.tasks.touch('a', 1, 100, 50)).toBe(true);
      expect(await claim([], 149)).toBeNull();
      expect(await claim([], 150)).toMatchObject({ id: 'a', attempt: 2 });
      expect(await store.tasks.touch('a', 1, 100, 150)).toBe(false);
      expect(await store.tasks.complete('a', 1)).toBe(false);
      expect(await store.tasks.fail('a', 1, 0)).toBe(false);
      expect(await store.tasks.complete('a', 2)).toBe(true);
      expect(await store.tasks.complete('a', 2)).toBe(false);
      expect(await claim([], 10_000)).toBeNull();
    });

    it('that failed wait for their time, and belong to nobody meanwhile', async () => {
      await store.tasks.enqueue(task('a'));
      await claim();
      expect(await store.tasks.fail('a', 1, 500)).toBe(true);
      expect(await store.tasks.waiting()).toBe(1);
      expect(await store.tasks.complete('a', 1)).toBe(false);
      expect(await claim([], 499)).toBeNull();
      expect(await claim([], 500)).toMatchObject({ attempt: 2 });
    });

    it('count attempts on when a task of the same id is added after the first is done', async () => {
      await store.tasks.enqueue(task('a'));
      await claim();
      await store.tasks.complete('a', 1);
      expect(await store.tasks.waiting()).toBe(0);
      await store.tasks.enqueue(task('a'));
      expect(await claim()).toMatchObject({ attempt: 2 });
      expect(await store.tasks.complete('a', 1)).toBe(false);
    });

    it('that are unknown are refused', async () => {
      expect(await store.tasks.touch('x', 1, 1, 1)).toBe(false);
      expect(await store.tasks.complete('x', 1)).toBe(false);
      expect(await store.tasks.fail('x', 1, 1)).toBe(false);
    });
  });
}
