import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aJob } from '../../../test/support/plan.ts';
import { graphOf } from './graph.ts';
import { jobMs, remainingMs, totalMs, type Work } from './schedule.ts';

const work = (cellMs: number, cells = 1, parallelMax: number | null = null): Work => ({
  cells,
  cellMs,
  parallelMax,
});

function graph(...needs: readonly (readonly string[])[]) {
  return graphOf(needs.map((list, index) => aJob({ id: `j${index}`, needs: list })));
}

describe('graphOf', () => {
  it('orders every job after what it needs, in whatever order the file has them', () => {
    expect(graph(['j1', 'j2'], ['j2'], []).order).toEqual([2, 1, 0]);
  });

  it('lets jobs that need the same share one barrier', () => {
    const { barriers, barrierOf } = graph([], [], ['j0', 'j1'], ['j0', 'j1'], ['j0']);
    expect(barriers.map((list) => [...list])).toEqual([[], [0, 1], [0]]);
    expect(barrierOf).toEqual([0, 0, 1, 1, 2]);
  });

  it('breaks loudly on a circle or an unknown job, which the checks must have refused', () => {
    expect(() => graph(['j1'], ['j0'])).toThrow('internal error');
    expect(() => graph(['nobody'])).toThrow('internal error');
  });
});

describe('totalMs', () => {
  it('adds up a chain', () => {
    expect(totalMs(graph([], ['j0'], ['j1']), [work(5), work(7), work(1)], 4)).toBe(13);
  });

  it('shares workers among cells', () => {
    expect(totalMs(graph([]), [work(10, 5)], 2)).toBe(30);
    expect(totalMs(graph([]), [work(10, 5)], 100)).toBe(10);
  });

  it('keeps to the most parallel cells of a matrix', () => {
    expect(jobMs(work(10, 5, 2))).toBe(30);
    expect(totalMs(graph([]), [work(10, 5, 2)], 100)).toBe(30);
    expect(totalMs(graph([], []), [work(10, 3, 1), work(10, 3)], 2)).toBe(30);
  });

  it('takes the job with the longest chain behind it first', () => {
    expect(totalMs(graph([], [], ['j1']), [work(10), work(10), work(10)], 1)).toBe(30);
    expect(totalMs(graph([], [], [], ['j2']), [work(10), work(10), work(10), work(10)], 2)).toBe(20);
  });

  it('passes through jobs that do not run', () => {
    expect(totalMs(graph([], ['j0'], ['j1'], ['j2']), [work(5), work(7, 0), work(9, 0), work(1)], 1)).toBe(6);
    expect(totalMs(graph([]), [work(7, 0)], 1)).toBe(0);
  });

  it('lies between what the critical path and the work need and what one worker needs', () => {
    const jobs = fc.array(
      fc.record({
        ms: fc.integer({ min: 1, max: 50 }),
        cells: fc.integer({ min: 0, max: 4 }),
        needs: fc.array(fc.nat(), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 5 }), (given, workers) => {
        const needs = given.map((job, index) => [
          ...new Set(job.needs.map((need) => `j${need % Math.max(1, index)}`)),
        ]);
        const works = given.map(({ ms, cells }) => work(ms, cells));
        const plan = graph(...needs.map((list, index) => (index === 0 ? [] : list)));
        const sum = works.reduce((all, { cells, cellMs }) => all + cells * cellMs, 0);
        const total = totalMs(plan, works, workers);
        const longest = Math.max(...remainingMs(plan, works));
        expect(total).toBeGreaterThanOrEqual(Math.max(longest, sum / workers));
        expect(total).toBeLessThanOrEqual(sum);
        expect(totalMs(plan, works, 1)).toBe(sum);
        expect(totalMs(plan, works, 1000)).toBe(longest);
      }),
    );
  });
});
