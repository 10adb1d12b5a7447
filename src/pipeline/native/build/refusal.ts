import type { Refusal } from '../../plan.ts';
import { keyPathOf, placeOf, type Span } from '../node.ts';
import { headOf } from '../read.ts';
import { nodeAt } from '../value.ts';
import type { JobDefinition } from './step.ts';

/** What cannot be done yet, completing "this version checks X but cannot ... yet". */
const NOT_YET = {
  gates: 'judge them',
} as const;

/** A feature that is checked and planned, with the sentence that a run ends with. */
export function refusal(feature: string, cannot: string, at: Span): Refusal {
  const path = keyPathOf(at);
  const message = `this version checks \`${feature}\` but cannot ${cannot} yet; remove it, or wait for the release that does`;
  return { feature, message: path ? `${path}: ${message}` : message, place: placeOf(at) };
}

export function gatesRefusal(at: Span): Refusal {
  return refusal('gates', NOT_YET.gates, at);
}

export function refusalsOf(job: JobDefinition): Refusal[] {
  const found: Refusal[] = [];
  for (const [feature, cannot] of Object.entries(NOT_YET)) {
    if (job[feature as keyof typeof NOT_YET] !== undefined)
      found.push(refusal(feature, cannot, headOf(nodeAt(job, feature))));
  }
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
