import { describe, expect, it } from 'vitest';
import { aRelease } from '../../test/support/release.ts';
import { compilePlan } from '../delivery/strategy/compile.ts';
import { rollbackRequest } from './request.ts';

describe('the plan of a rollback', () => {
  const { candidate: _candidate, stable: _stable, ...present } = aRelease({ type: 'canary' });
  const plan = compilePlan(rollbackRequest(present, { digest: 'sha256:proven', from: 'sha256:bad' }));

  it('brings the proven release at once', () => {
    expect(plan).toMatchObject({ candidate: 'sha256:proven', stable: 'sha256:bad', strategy: 'blue_green' });
    expect(plan.refusals).toEqual([]);
  });

  it('says why nothing is compared, and nothing of the health of what goes', () => {
    expect(plan.notes.join('\n')).toContain('the candidate was proven before');
    expect(plan.notes.join('\n')).not.toContain('not healthy');
  });
});
