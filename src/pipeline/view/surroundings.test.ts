import { describe, expect, it } from 'vitest';
import { aJob, aPlan } from '../../../test/support/plan.ts';
import { planMermaid } from './plan-mermaid.ts';
import { surroundingsOf } from './surroundings.ts';

const place = { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
const download = { artifact: 'site', from: null, files: [], path: '.', readonly: false, place };
const artifact = {
  name: 'site',
  paths: ['dist'],
  version: null,
  tags: {},
  retentionMs: null,
  when: 'success' as const,
  place,
};

describe('surroundingsOf', () => {
  it('says nothing of a job that has only steps', () => {
    expect(surroundingsOf(aJob({ id: 'a' }))).toEqual([]);
  });

  it('says where a job runs, what it brings along and what it keeps', () => {
    const { isolation } = aJob({ id: 'a' });
    const limits = { cpus: 2, memoryBytes: 512 * 1024 ** 2, processesMax: 64, diskBytes: 1024 ** 3 };
    const cache = { key: 'npm', keyFiles: [], restoreKeys: [], paths: ['a', 'b'], readonly: true, place };
    const job = aJob({
      id: 'a',
      isolation: { ...isolation, mode: 'sandbox', network: 'none', limits },
      downloads: [{ ...download, from: 'build', path: 'public' }],
      caches: [cache],
      artifacts: [artifact, { ...artifact, name: 'log', when: 'failure' }],
    });
    expect(surroundingsOf(job)).toEqual([
      'isolation sandbox; no network; at most 2 processors, 512 MiB of memory, 64 processes, 1 GiB of disk',
      'brings site of build to public',
      'cache npm: a, b, only read',
      'keeps site: dist',
      'keeps log: dist when it fails',
    ]);
  });
});

describe('planMermaid', () => {
  it('draws once which job brings the artifact of which', () => {
    const plan = aPlan([
      aJob({ id: 'build', artifacts: [artifact] }),
      aJob({ id: 'check', needs: ['build'], downloads: [download, { ...download, path: 'again' }] }),
    ]);
    expect(planMermaid(plan).match(/j0 -\. "site" \.-> j1/g)).toHaveLength(1);
  });

  it('leaves out an artifact of which it is not known who makes it', () => {
    const plan = aPlan([
      aJob({ id: 'a', artifacts: [artifact] }),
      aJob({ id: 'b', artifacts: [artifact] }),
      aJob({ id: 'c', needs: ['a', 'b'], downloads: [download] }),
    ]);
    expect(planMermaid(plan)).not.toContain('-.');
  });
});
