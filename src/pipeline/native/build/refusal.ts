import type { Refusal } from '../../plan.ts';
import { keyPathOf, placeOf, type Span } from '../node.ts';
import { nodeAt } from '../value.ts';
import type { JobDefinition } from './step.ts';

/** A feature that is checked and planned, with the sentence that a run ends with; `cannot` completes "this version checks X but cannot ... yet". */
export function refusal(feature: string, cannot: string, at: Span): Refusal {
  const path = keyPathOf(at);
  const message = `this version checks \`${feature}\` but cannot ${cannot} yet; remove it, or wait for the release that does`;
  return { feature, message: path ? `${path}: ${message}` : message, place: placeOf(at) };
}

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
