import { visible } from '../../base/text.ts';
import type { DeploymentView } from '../../client/deployment/view.ts';
import type { Look } from '../look.ts';
import { hanging } from '../row.ts';
import { headLines } from './show-text.ts';

/** How a deployment ended, and the next command to type. Pure. */
export function endLines(view: DeploymentView, look: Look): string[] {
  return [...headLines(view, look), ...nextLines(view, look)];
}

function nextLines(
  { deploymentId, outcome, service, environment, candidate, data }: DeploymentView,
  look: Look,
): string[] {
  const say = (text: string) => hanging('  ', text, look.width);
  const story = say(`the whole story: sluice deployment show ${deploymentId}`);
  const back = `sluice rollback ${visible(environment)} --service ${visible(service)}`;
  switch (outcome) {
    case 'succeeded':
      return say(`should it be wrong after all: ${back}`);
    case 'rolled-back':
      return [
        ...story,
        ...(data === 'changed' || data === 'unknown' ? say('its data were changed and not taken back') : []),
        ...say(
          `${candidate.replace(/^sha256:/, '').slice(0, 12)} may be in quarantine now: sluice deployment quarantine`,
        ),
      ];
    case 'stranded':
      return [...say(look.paint('red', 'a person must act: neither version is wholly in place')), ...story];
    default:
      return story;
  }
}
