import type { Place } from '../../../base/diagnostic.ts';
import type { Concurrency } from '../../plan.ts';
import type { LossNote } from '../contract.ts';
import type { Tree } from '../yaml.ts';
import { written } from './step.ts';

/** What stands under `concurrency`. GitHub keeps one waiting, of which the newest wins, unless told otherwise. */
export function writtenConcurrency(
  { group, policy, cancelIf }: Concurrency,
  template: (text: string) => string,
): Tree {
  const name = template(group);
  const queue = policy === 'newest-wins' ? undefined : 'max';
  if (cancelIf) return { group: name, 'cancel-in-progress': written(cancelIf), queue };
  if (policy === 'newest-wins') return name;
  return policy === 'cancel-running'
    ? { group: name, 'cancel-in-progress': true }
    : { group: name, queue: 'max' };
}

export function concurrencyLosses(what: string, { policy }: Concurrency, place: Place | null): LossNote[] {
  if (policy !== 'never-cancel') return [];
  return [
    {
      feature: 'concurrency',
      message: `${what}: that nothing may supersede it (never-cancel)`,
      instead: 'it is a queue, from which nothing is superseded by itself',
      place,
    },
  ];
}
