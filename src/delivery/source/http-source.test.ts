import { describe, expect, it } from 'vitest';
import { countsContract, figuresContract } from '../../../test/contract/source.contract.ts';
import {
  HTTP_MISHAPS,
  type HttpAnswer,
  json,
  raw,
  ScriptedHttp,
} from '../../../test/support/scripted-http.ts';
import { openTestSource, SPAN } from '../../../test/support/source.ts';
import type { Source } from './contract.ts';

const URL_BY_ARM = '/figures/${{ deploy.arm }}';

/** Opens a source over a server that shows `shown` of each version. */
async function overHttp<T>(asked: 'counts' | 'figure', mishaps: Readonly<Record<string, HttpAnswer>>) {
  let shown: Readonly<Record<string, unknown>> = {};
  const honest: HttpAnswer = (request, response, body) =>
    json({ data: [{ value: shown[request.url!.split('/').at(-1)!] }] })(request, response, body);
  const server = await ScriptedHttp.open(honest);
  const all = { ...HTTP_MISHAPS, ...mishaps };
  const source = openTestSource(
    { kind: 'http', url: `${server.url}${URL_BY_ARM}`, field: 'data.0.value' },
    { asked },
  );
  return {
    source,
    show: async (candidate: T, stable: T) => {
      shown = { candidate, stable };
      server.answer = honest;
    },
    mishaps: Object.keys(all),
    suffer: async (mishap: string) => {
      server.answer = all[mishap]!;
    },
    dispose: () => server.close(),
  };
}

const value = (figure: unknown, headers = {}) => json({ data: [{ value: figure }] }, headers);
const text = (figure: string) => raw(200, `{"data": [{"value": ${figure}}]}`);
const longAgo = new Date(Date.now() - 3_600_000).toUTCString();

countsContract('counts by HTTP', () =>
  overHttp('counts', {
    'has no such field': json({ data: [] }),
    'has a number there': value(4),
    'has a list there': value([1, 2]),
    'has no errors': value({ requests: 5 }),
    'has negative counts': value({ requests: -1, errors: 0 }),
    'has parts of requests': value({ requests: 1.5, errors: 0 }),
    'has huge counts': value({ requests: 1e300, errors: 0 }),
    'has endless counts': text('{"requests": 1e999, "errors": 0}'),
    'has NaN': text('{"requests": NaN, "errors": 0}'),
    'has text': value({ requests: '10', errors: '0' }),
    'has more errors than requests': value({ requests: 1, errors: 2 }),
    'is an hour old by its date': value({ requests: 10, errors: 0 }, { date: longAgo }),
    'is an hour old by its age': value({ requests: 10, errors: 0 }, { age: '3600' }),
  }),
);

figuresContract('a figure by HTTP', () =>
  overHttp('figure', {
    'has no such field': json({ data: [{ other: 1 }] }),
    'has null': value(null),
    'has text': value('12'),
    'has true': value(true),
    'has an object': value({}),
    'has NaN': text('NaN'),
    'has an endless number': text('1e999'),
    'has a huge number': value(1e300),
    'is an hour old': value(1, { age: '3600' }),
  }),
);

describe('HTTP', () => {
  const read = async (source: Source) => {
    await source.read({ ...SPAN, toMs: SPAN.fromMs });
    return source.read(SPAN);
  };

  it.each([
    ['http://127.0.0.1:1/', /nothing listens/],
    ['http://nowhere.invalid/', /name/],
    ['ftp://127.0.0.1/', /no address/],
    ['http://', /no address/],
  ])('says what to do when %s cannot be asked', async (url, reason) => {
    const reading = await read(openTestSource({ kind: 'http', url, field: 'a' }));
    expect(reading).toMatchObject({ kind: 'none', reason: expect.stringMatching(reason) });
  });

  it('never shows the password, the query or the fragment of an address', async () => {
    for (const url of [
      'http://ada:hunter2@127.0.0.1:1/a?token=hunter2',
      'http://ada:hunter2@nowhere.invalid/',
      'http:///x:hunter2@',
      'ada:hunter2@host',
    ]) {
      const reading = await read(openTestSource({ kind: 'http', url, field: 'a' }));
      expect(reading.kind).toBe('none');
      expect(JSON.stringify(reading)).not.toContain('hunter2');
    }
  });

  it('has nothing to compare when it asks the same of both versions', async () => {
    const server = await ScriptedHttp.open(json({ a: 1, counts: { requests: 1, errors: 0 } }));
    try {
      const figure = openTestSource({ kind: 'http', url: server.url, field: 'a' });
      expect(await read(figure)).toMatchObject({
        kind: 'figures',
        candidate: 1,
        stable: null,
        reason: expect.stringMatching(/asks the same for both versions/),
      });
      const counts = openTestSource({ kind: 'http', url: server.url, field: 'counts' }, { asked: 'counts' });
      expect(await read(counts)).toMatchObject({
        kind: 'none',
        reason: expect.stringMatching(/asks the same/),
      });
    } finally {
      await server.close();
    }
  });

  it('tells of a template that cannot be filled in', async () => {
    const reading = await read(
      openTestSource({ kind: 'http', url: 'http://a/${{ deploy.nothing }}', field: 'a' }),
    );
    expect(reading).toMatchObject({ kind: 'none', reason: expect.stringMatching(/deploy\.nothing/) });
  });

  it('finds only what the answer itself has', async () => {
    const server = await ScriptedHttp.open(json({ a: 1 }));
    try {
      for (const field of ['constructor.length', '__proto__', 'a.b', 'toString']) {
        const reading = await read(openTestSource({ kind: 'http', url: server.url, field }));
        expect(reading).toMatchObject({ kind: 'none' });
      }
    } finally {
      await server.close();
    }
  });
});
