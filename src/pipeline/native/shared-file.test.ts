import { describe, expect, it } from 'vitest';
import { planOf, problemsOf } from './load.fixture.ts';

const JOBS = 'jobs: {t: {run: x}}\n';
const WAIVER =
  '{condition: sca, owner: team/a, reason: no fix, approver: alice, expires: 2026-12-31, match: {rule: CVE-1, path: "api/**"}}';

describe('files that all pipelines of a repository share', () => {
  it('give environments and services to each of them', () => {
    const plan = planOf(`environments: {qa: }\n${JOBS}`, {
      '.sluice/environments.yaml': 'environments: {prod: {host: a, promotion: {after: qa}}}\n',
      '.sluice/services.yaml': 'services: {api: {environments: prod}}\n',
    });
    expect(plan.environments.map(({ name, place }) => [name, place.file])).toEqual([
      ['qa', 'sluice.yaml'],
      ['prod', '.sluice/environments.yaml'],
    ]);
    expect(plan.services.map(({ name }) => name)).toEqual(['api']);
  });

  it('are a part of what the plan was made from', () => {
    const digest = (host: string) =>
      planOf(JOBS, { '.sluice/environments.yaml': `environments: {qa: {host: ${host}}}\n` }).digest;
    expect(digest('a')).not.toBe(digest('b'));
  });

  it('may be included by name, and count once', () => {
    const file = '.sluice/environments.yaml';
    const plan = planOf(`include: [${file}]\n${JOBS}`, { [file]: 'environments: {qa: }\n' });
    expect(plan.environments.map(({ name }) => name)).toEqual(['qa']);
  });

  it('are reported where they are wrong', () => {
    expect(
      problemsOf(`environments: {qa: }\n${JOBS}`, {
        '.sluice/environments.yaml': 'environments: {qa: }\njobs: {}\n',
      }),
    ).toEqual([
      'error .sluice/environments.yaml:1:16 duplicate-id: two environments are called `qa` -> give one of them another name (1:16 the first one is here)',
      'error .sluice/environments.yaml:2:1 unknown-key: the file has no key `jobs` -> it knows `environments`, `services`',
    ]);
  });
});

describe('the waivers file', () => {
  it('gives the accepted failures; a day means its end', () => {
    expect(planOf(JOBS, { '.sluice/waivers.yaml': `waivers: [${WAIVER}]\n` }).waivers).toEqual([
      {
        condition: 'sca',
        match: { rule: 'CVE-1', path: 'api/**' },
        owner: 'team/a',
        reason: 'no fix',
        ticket: null,
        approver: 'alice',
        expires: '2027-01-01T00:00:00.000Z',
        emergency: false,
        place: {
          file: '.sluice/waivers.yaml',
          start: { line: 1, column: 11 },
          end: { line: 1, column: 11 + WAIVER.length },
        },
      },
    ]);
  });

  it('stops the load when a waiver is malformed', () => {
    expect(
      problemsOf(`waivers: ok.yaml\n${JOBS}`, {
        'ok.yaml': 'waivers:\n  - {condition: sca, owner: a, reason: b, expires: someday}\n',
      }),
    ).toEqual([
      'error ok.yaml:2:5 missing-key: entry 1 of `waivers` needs the key `approver` -> write it, for example `approver: alice`',
      'error ok.yaml:2:52 bad-value: `expires` is `someday`, but must be a day such as `2026-12-31`, or a time such as `2026-12-31T12:00:00Z`',
    ]);
  });

  it('must be there when the pipeline names it', () => {
    expect(problemsOf(`waivers: none.yaml\n${JOBS}`)).toEqual([
      'error 1:10 missing-file: there is no waivers file `none.yaml` -> write it with `waivers: []`, or remove the key',
    ]);
  });
});
