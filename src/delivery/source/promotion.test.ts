import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortPlan } from '../../../test/sim/delivery/random-release.ts';
import { DeploymentRig } from '../../../test/support/deployment-rig/rig.ts';
import {
  HTTP_MISHAPS,
  type HttpAnswer,
  json,
  raw,
  ScriptedHttp,
} from '../../../test/support/scripted-http.ts';
import { openTestSource, SPAN } from '../../../test/support/source.ts';
import type { Reading } from './contract.ts';

const prometheus = (result: unknown, more: object = {}) =>
  json({ status: 'success', data: { resultType: 'matrix', result }, ...more });
const sample = (value: string) => [
  { metric: { code: '200', instance: 'a' }, values: [[Date.now() / 1000, value]] },
];

/** By the kind of the source: what it answers from the second look on. */
const LIES: Readonly<Record<'http' | 'prometheus', Readonly<Record<string, HttpAnswer>>>> = {
  http: {
    ...HTTP_MISHAPS,
    'has NaN': raw(200, '{"counts": {"requests": NaN, "errors": 0}}'),
    'has endless counts': raw(200, '{"counts": {"requests": 1e999, "errors": 0}}'),
    'has huge counts': json({ counts: { requests: 1e300, errors: 0 } }),
    'has text': json({ counts: { requests: '1000', errors: '0' } }),
    'has nothing there': json({}),
    'has more errors than requests': json({ counts: { requests: 1, errors: 2 } }),
    'is an hour old': json({ counts: { requests: 1000, errors: 0 } }, { age: '3600' }),
  },
  prometheus: {
    ...HTTP_MISHAPS,
    'has no samples': prometheus([]),
    'has NaN': prometheus(sample('NaN')),
    'has huge counts': prometheus(sample('1e300')),
    'answers in part': prometheus(sample('1000'), { warnings: ['a store did not answer'] }),
    'refuses the query': raw(400, '{"status": "error", "error": "unexpected end of input"}'),
  },
};

const SOURCES = {
  http: (url: string) => ({ kind: 'http', url: `${url}/\${{ deploy.arm }}`, field: 'counts' }) as const,
  prometheus: (url: string) =>
    ({ kind: 'prometheus', url, query: 'requests_total{arm="${{ deploy.arm }}"}' }) as const,
};

describe('a canary in production', () => {
  let server: ScriptedHttp;
  beforeAll(async () => {
    server = await ScriptedHttp.open(raw(200, ''));
  });
  afterAll(() => server.close());

  const lies = (['http', 'prometheus'] as const).flatMap((kind) =>
    Object.keys(LIES[kind]).map((lie) => [kind, lie] as const),
  );

  it.each(lies)('whose source by %s %s is not promoted, and goes back with the reason', async (kind, lie) => {
    const source = openTestSource(SOURCES[kind](server.url), { asked: 'counts' });
    const span = { ...SPAN, timeoutMs: 200 };
    await source.read({ ...span, toMs: span.fromMs });
    server.answer = LIES[kind][lie]!;
    const reading = (await source.read(span)) as Extract<Reading, { kind: 'none' }>;
    expect(reading.kind).toBe('none');

    const rig = await DeploymentRig.open(shortPlan('canary', 'immediate'), {
      surroundings: (usual) => ({ ...usual, source: { ...usual.source!, read: async () => reading } }),
    });
    const { driven } = await rig.begin();
    expect(await rig.play(driven!.finished)).toBe('rolled-back');
    expect(rig.world.weights).toEqual([5, 0]);
    const reasons = (await rig.events(driven!.deploymentId)).flatMap(({ event }) =>
      event.type === 'deployment.rollback-begun' ? [event.reason] : [],
    );
    expect(reasons).toEqual([expect.stringContaining(reading.reason)]);
  });
});
