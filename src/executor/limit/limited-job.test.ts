import { describe, expect, it } from 'vitest';
import { realClock } from '../../../test/support/job-rig.ts';
import type { ConfinedJob } from '../process/confined-step.ts';
import { limitedJob } from './limited-job.ts';

const groups = { words: [], counts: () => ({ memory: 0, processes: 0 }), remove: () => true };
const limits = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };
const limited = (job: ConfinedJob) => limitedJob(job, { limits, groups, writable: [], clock: realClock });
const plain: ConfinedJob = {
  start: async () => expect.fail('nothing is started'),
  attach: async () => null,
  close: async () => ({ killed: 0 }),
  forget: () => {},
};

describe('a job that is held to limits', () => {
  it('can do what the job without them can, and no more', async () => {
    const image = { entrypoint: ['sh'], command: ['-c'] };
    const able = limited({
      ...plain,
      claim: async () => true,
      container: { id: 'c', network: 'n' },
      imageCommand: async () => image,
    });
    expect(await able.claim!('a.1')).toBe(true);
    expect(await able.imageCommand!()).toBe(image);
    expect(able.container).toEqual({ id: 'c', network: 'n' });
    expect(Object.keys(limited(plain)).sort()).toEqual(Object.keys(plain).sort());
  });
});
