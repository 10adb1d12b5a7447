import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

type Row = readonly [canaryErrors: number, canary: number, baselineErrors: number, baseline: number];

function recording(rows: readonly Row[]): string {
  return JSON.stringify(
    rows.map(([x, n, y, m], index) => ({
      at: new Date(1_700_000_000_000 + index * 15_000).toISOString(),
      canary: { requests: n, errors: x },
      baseline: { requests: m, errors: y },
    })),
  );
}

function worldWith(text: string): ScriptedWorld {
  const world = new ScriptedWorld();
  world.files.set(`${world.cwd}/windows.json`, text);
  return world;
}

async function replayed(text: string, ...options: string[]): Promise<{ lnE: number; verdict: string }[]> {
  const world = worldWith(text);
  expect(await world.run('analysis', 'replay', 'windows.json', '--json', ...options)).toBe(0);
  return JSON.parse(world.out.text);
}

describe('sluice analysis replay', () => {
  it.each([
    [[7, 500, 0, 500], 3.842257],
    [[8, 500, 0, 500], 4.444708],
    [[9, 500, 1, 500], 3.174571],
    [[3, 100, 0, 900], 4.936798],
    [[4, 100, 2, 900], 4.822044],
    [[5, 100, 5, 900], 4.24383],
  ] as const)('gives the golden ln E of a window of %j', async (row, golden) => {
    const [only] = await replayed(recording([row]));
    expect(only!.lnE).toBeCloseTo(golden, 6);
    expect(only!.verdict).toBe(golden > Math.log(100) ? 'harm' : 'undecided');
  });

  it('gives lnE, verdict and reason of each window, and nothing more', async () => {
    const rows = await replayed(
      recording([
        [0, 0, 3, 900],
        [1, 100, 3, 900],
      ]),
    );
    expect(rows.map((row) => Object.keys(row))).toEqual([
      ['lnE', 'verdict', 'reason'],
      ['lnE', 'verdict', 'reason'],
    ]);
    expect(rows.map(({ verdict }) => verdict)).toEqual(['no-data', 'undecided']);
  });

  it('judges latency too where the recording holds it, and tells of each trigger', async () => {
    const exceed = (q50: number, q99: number) => ({ q50, q90: q99, q95: q99, q99 });
    const text = JSON.stringify([
      {
        at: 1,
        canary: { requests: 100, errors: 0, exceed: exceed(99, 60) },
        baseline: { requests: 900, errors: 2, exceed: exceed(450, 9) },
      },
    ]);
    const [only] = await replayed(text);
    expect(only).toMatchObject({ verdict: 'harm', triggers: { 'error rate': expect.any(Number) } });
  });

  it('draws the course of the evidence in 80 columns', async () => {
    const world = worldWith(recording(Array.from({ length: 100 }, () => [1, 20, 0, 180] as const)));
    expect(await world.run('analysis', 'replay', 'windows.json')).toBe(0);
    const lines = world.out.text.split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[0]).toBe('windows.json: 100 windows, 2,000 canary and 18,000 baseline requests');
    expect(lines[2]).toMatch(/^ln E {2}[▁-█]+$/);
    expect(world.out.text).toContain(
      'harm: the canary fails and the baseline does not (3 of 60 against 0 of 540)',
    );
  });

  it('takes a limit, another alpha and the guard', async () => {
    const text = recording([[3, 100, 0, 900]]);
    expect((await replayed(text, '--alpha', '0.001'))[0]!.verdict).toBe('undecided');
    expect((await replayed(text, '--guard'))[0]).toMatchObject({ verdict: 'undecided' });
    const limited = await replayed(recording([[40, 100, 360, 900]]), '--slo', '1%');
    expect(limited[0]).toMatchObject({
      verdict: 'harm',
      reason: expect.stringMatching(/^error rate > 1 %: /),
    });
  });

  it('learns bursts from A/A windows', async () => {
    const world = worldWith(recording([[9, 100, 0, 900]]));
    const bursts = Array.from(
      { length: 40 },
      (_, index): Row => (index % 2 ? [9, 100, 0, 900] : [0, 100, 9, 900]),
    );
    world.files.set(`${world.cwd}/aa.json`, recording(bursts));
    expect(await world.run('analysis', 'replay', 'windows.json', '--learn', 'aa.json', '--json')).toBe(0);
    expect(JSON.parse(world.out.text)[0].verdict).toBe('undecided');
  });

  it('names every problem of the file with its place, and exits with 2', async () => {
    const world = worldWith(`[
  {"at": "2026-01-31T12:00:00Z", "canary": {"requests": 5, "errors": 9}, "baseline": {"requests": 9, "errors": 0}},
  {"at": "2026-01-31T12:00:00Z", "canary": {"requests": -5, "errors": 0}, "baseline": {"requests": 9}}
]`);
    expect(await world.run('analysis', 'replay', 'windows.json')).toBe(2);
    expect(world.out.text).toBe('');
    expect(world.err.text).toContain('windows[0].canary.errors is 9, more than its 5 requests');
    expect(world.err.text).toContain('windows.json:2:70');
    expect(world.err.text).toContain('windows[1].canary.requests is -5');
    expect(world.err.text).toContain('windows[1].baseline.errors is missing');
    expect(world.err.text).toContain('windows[1].at is the same time as that of the window before');
    expect(world.err.text).toContain('4 errors');
  });

  it.each([
    ['[{"at": 1, "canary": {"requests": NaN', /is no JSON: Unexpected token 'N'[\s\S]*windows\.json:1:35/],
    ['', /is no JSON[\s\S]*the file is empty/],
    ['<html>', /is no JSON[\s\S]*windows\.json:1:1/],
    ['{}', /the file holds no array of windows/],
    ['[]', /holds no window, so there is nothing to judge/],
  ])('refuses %j with a reason', async (text, problem) => {
    const world = worldWith(text);
    expect(await world.run('analysis', 'replay', 'windows.json')).toBe(2);
    expect(world.err.text).toMatch(problem);
  });

  it.each([
    [['reply', 'windows.json'], 'did you mean sluice analysis replay?'],
    [['replay', 'window.json'], 'there is no file window.json'],
    [['replay', 'windows.json', '--alpha', '2'], '--alpha is "2"'],
    [['replay', 'windows.json', '--not-worse-than', '1'], '--not-worse-than is "1"'],
  ])('refuses %j', async (words, problem) => {
    const world = worldWith(recording([[1, 100, 1, 900]]));
    expect(await world.run('analysis', ...words)).toBe(2);
    expect(world.err.text).toContain(problem);
  });
});
