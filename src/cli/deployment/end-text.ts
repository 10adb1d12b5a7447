import { visible } from '../../base/text.ts';
import { shortDigest } from '../../client/deployment/fold.ts';
import type { DeploymentView } from '../../client/deployment/view.ts';
import type { RollbackTrigger } from '../../journal/deployment-event.ts';
import type { Look } from '../look.ts';
import { hanging } from '../row.ts';
import { headLines } from './show-text.ts';

/** How a deployment ended, and the next command to type. Pure. */
export function endLines(view: DeploymentView, look: Look): string[] {
  return [...headLines(view, look), ...nextLines(view, look)];
}

function nextLines(
  { deploymentId, outcome, service, environment, candidate, data, rollback }: DeploymentView,
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
        ...say(quarantineText(shortDigest(candidate), rollback?.trigger ?? null)),
      ];
    case 'stranded':
      return [...say(look.paint('red', 'a person must act: neither version is wholly in place')), ...story];
    default:
      return story;
  }
}

function quarantineText(digest: string, trigger: RollbackTrigger | null): string {
  switch (trigger) {
    case 'harm':
    case 'alarm':
    case 'health':
      return `${digest} is in quarantine and goes nowhere again; were that wrong: sluice deployment lift ${digest} --reason TEXT`;
    case 'asked':
    case 'step-failed':
      return `whether ${digest} is in quarantine tells: sluice deployment quarantine`;
    default:
      return `nothing was found against ${digest}: it may be deployed again`;
  }
}
