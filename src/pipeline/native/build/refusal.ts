import type { Refusal } from '../../plan.ts';
import { placeOf } from '../node.ts';
import { nodeAt } from '../value.ts';
import type { JobDefinition } from './step.ts';

export function refusalsOf(job: JobDefinition): Refusal[] {
  const found: Refusal[] = [];
  if (
    job.language !== undefined &&
    job.commands === undefined &&
    job.steps === undefined &&
    job.run === undefined &&
    job.approval === undefined
  ) {
    const at = nodeAt(job, 'language');
    const message =
      'this version checks `language` but cannot build by it alone yet; add `commands`, or wait for the release that does';
    found.push({ feature: 'language', message, place: placeOf(at) });
  }
  return found;
}
