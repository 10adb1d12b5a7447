import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../../test/support/deployment.ts';
import { aRelease } from '../../../test/support/release.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { compilePlan } from '../../delivery/strategy/compile.ts';
import type { DeploymentEvent, DeploymentOutcome } from '../../journal/deployment-event.ts';
import { openMemoryStore } from '../../store/memory.ts';
import { distinct, historyAt, servingOf } from './past.ts';

const WHERE = { repository: 'shop', environment: 'production', service: 'api' };

describe('the history of a service', () => {
  it('is in the order in which deployments had the environment, not in that of asking', async () => {
    const { journal } = openMemoryStore(new VirtualClock());
    const write = async (id: string, candidate: string, token: number | null, outcome: DeploymentOutcome) => {
      const requested = {
        ...aDeployment(compilePlan(aRelease({ type: 'canary' }))),
        deploymentId: id,
        candidate,
      };
      const end: DeploymentEvent = {
        type: 'deployment.finished',
        outcome,
        sentence: '',
        durationMs: 1,
        serving: outcome === 'succeeded' ? candidate : 'sha256:old',
        partly: [],
        data: 'unchanged',
      };
      const admitted = token === null ? [] : [{ type: 'deployment.admitted', token } as const];
      const bodies: DeploymentEvent[] = [requested, ...admitted, end];
      await journal.append(
        `deployment/${id}`,
        0,
        bodies.map((body) => ({ schemaVersion: 1, at: 1, actor: { kind: 'controller', id: 'c' }, body })),
      );
    };
    // The first to ask waits for people; meanwhile the second goes out and comes back.
    await write('1', 'sha256:patient', 2, 'succeeded');
    await write('2', 'sha256:hasty', 1, 'rolled-back');
    await write('3', 'sha256:never', null, 'cancelled');
    const history = await historyAt(journal, WHERE);
    expect(history.map(({ past }) => past.candidate)).toEqual([
      'sha256:hasty',
      'sha256:patient',
      'sha256:never',
    ]);
    expect(servingOf(history)?.digest).toBe('sha256:patient');
  });
});

describe('the names of digests', () => {
  it('are their versions, with the digest where several have the same', () => {
    const [first, again, other] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`);
    const versions = new Map([
      [first!, '1.0'],
      [again!, '1.0'],
      [other!, '1.1'],
    ]);
    expect([...distinct(versions).values()]).toEqual(['1.0 (aaaaaaaaaaaa)', '1.0 (bbbbbbbbbbbb)', '1.1']);
  });
});
