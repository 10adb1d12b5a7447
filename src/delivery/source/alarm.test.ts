import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HTTP_MISHAPS, type HttpAnswer, json, ScriptedHttp } from '../../../test/support/scripted-http.ts';
import { fillTemplate } from '../../../test/support/source.ts';
import type { EvidenceSource } from '../../pipeline/plan-analysis.ts';
import { openAlarm } from './open-source.ts';

const PLACE = { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
const COMMANDS = { folder: '/', environment: { PATH: process.env.PATH ?? '' } };

function ask(source: EvidenceSource, timeoutMs = 700) {
  const trigger = { name: 'paging', source, place: PLACE } as never;
  return openAlarm(trigger, { template: fillTemplate, commands: COMMANDS }).ask(timeoutMs);
}

describe('alarms', () => {
  let server: ScriptedHttp;
  beforeEach(async () => {
    server = await ScriptedHttp.open(json({}));
  });
  afterEach(() => server.close());

  const flag = (value: unknown) => {
    server.answer = json({ state: { fires: value } });
    return ask({ kind: 'http', url: server.url, field: 'state.fires' });
  };
  const alert = (answer: HttpAnswer) => {
    server.answer = answer;
    return ask({ kind: 'prometheus', url: server.url, query: 'ALERTS' });
  };
  const vector = (...series: readonly [Readonly<Record<string, string>>, string][]) =>
    json({
      status: 'success',
      data: { resultType: 'vector', result: series.map(([metric, text]) => ({ metric, value: [1, text] })) },
    });

  it.each([true, 1, 0.5])('a field fires by %s', async (value) => {
    expect(await flag(value)).toEqual({ state: 'firing', reason: `state.fires is ${value}` });
  });

  it.each([false, 0, -1])('a field is quiet by %s', async (value) => {
    expect(await flag(value)).toEqual({ state: 'quiet' });
  });

  it.each([undefined, null, 'true', '1', [], {}])(
    'a field fires nothing by %j, and says so',
    async (value) => {
      expect(await flag(value)).toMatchObject({
        state: 'unknown',
        reason: expect.stringMatching(/^the trigger paging: .*;/),
      });
    },
  );

  it.each(Object.keys(HTTP_MISHAPS))('a server that %s fires nothing', async (mishap) => {
    server.answer = HTTP_MISHAPS[mishap]!;
    const state = await ask({ kind: 'http', url: server.url, field: 'fires' }, 300);
    expect(state).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(/^the trigger paging: .*;/),
    });
    expect(await alert(HTTP_MISHAPS[mishap]!)).toMatchObject({ state: 'unknown' });
  });

  it('an alert fires by its name, and neither when it is pending nor when there is none', async () => {
    expect(await alert(vector([{ alertname: 'Paging', alertstate: 'firing' }, '1']))).toEqual({
      state: 'firing',
      reason: 'Paging fires',
    });
    expect(await alert(vector([{ alertname: 'Paging', alertstate: 'pending' }, '1']))).toEqual({
      state: 'quiet',
    });
    expect(await alert(vector())).toEqual({ state: 'quiet' });
    expect(await alert(vector([{}, '0']))).toEqual({ state: 'quiet' });
    expect(await alert(vector([{}, '2']))).toEqual({ state: 'firing', reason: 'its query has a value' });
    expect(await alert(vector([{}, 'NaN']))).toMatchObject({ state: 'unknown' });
  });

  it('a script fires by its exit code, and says its last word', async () => {
    expect(await ask({ kind: 'command', run: 'exit 0' })).toEqual({ state: 'quiet' });
    expect(await ask({ kind: 'command', run: 'echo alice is paged >&2; exit 3' })).toEqual({
      state: 'firing',
      reason: 'it ended with exit code 3: alice is paged',
    });
  });

  it.each(['no-such-program-at-all', 'sleep 60', 'kill -9 $$'])(
    'a script that cannot be asked (%s) fires nothing',
    async (run) => {
      expect(await ask({ kind: 'command', run }, 300)).toMatchObject({
        state: 'unknown',
        reason: expect.stringMatching(/^the trigger paging: its command .*;/),
      });
    },
  );

  it('a template that cannot be filled in fires nothing', async () => {
    expect(await ask({ kind: 'command', run: '${{ deploy.nothing }}' })).toMatchObject({ state: 'unknown' });
  });
});
