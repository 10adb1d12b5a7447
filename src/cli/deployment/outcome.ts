import type { DeploymentSummary } from '../../client/deployment/contract.ts';
import { outcomeWords } from '../../client/deployment/story.ts';
import type {
  DeploymentOutcome,
  DeploymentView,
  DeployStepView,
  Phase,
  StoryLine,
} from '../../client/deployment/view.ts';
import { EXIT } from '../context.ts';
import type { Look } from '../look.ts';

/** What a command that waited for a deployment ends with. `wanted` is what it asked for. */
export function exitCodeOfDeployment(
  outcome: DeploymentOutcome,
  wanted: readonly DeploymentOutcome[],
): number {
  if (wanted.includes(outcome)) return EXIT.done;
  switch (outcome) {
    case 'succeeded':
      return EXIT.done;
    case 'rolled-back':
    case 'cancelled':
      return EXIT.failed;
    case 'stranded':
      return EXIT.unable;
  }
}

/** Whether nothing goes on until a person has acted. */
export function asksPeople({ phase, waiting }: Pick<DeploymentView, 'phase' | 'waiting'>): boolean {
  return phase === 'asking' || (phase === 'waiting' && (waiting?.approvalsLeft ?? 0) > 0);
}

const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  waiting: 'waits for people or its time',
  queued: 'waits for the environment',
  'forth-acting': 'goes out',
  'forth-probing': 'asks what became of a step',
  'forth-pausing': 'tries a step again soon',
  watching: 'is watched',
  held: 'is held',
  asking: 'waits for a decision',
  'back-acting': 'goes back',
  'back-probing': 'goes back, asks what became of a step',
  'back-pausing': 'goes back, tries a step again soon',
  finished: 'is over',
};

/** How a deployment stands, in a few words. */
export function stateWords(
  { phase, outcome, candidatePercent }: Pick<DeploymentSummary, 'phase' | 'outcome' | 'candidatePercent'>,
  orphaned = false,
): string {
  if (outcome !== null) return outcomeWords(outcome);
  const percent = candidatePercent > 0 && candidatePercent < 100 ? ` at ${candidatePercent} %` : '';
  return `${PHASE_WORDS[phase]}${percent}${orphaned ? ', left' : ''}`;
}

export function deploymentGlyph(outcome: DeploymentOutcome | null, look: Look): string {
  const { glyphs } = look;
  switch (outcome) {
    case null:
      return look.paint('cyan', glyphs.running);
    case 'succeeded':
      return look.paint('green', glyphs.succeeded);
    case 'cancelled':
      return look.paint('yellow', glyphs.cancelled);
    case 'rolled-back':
    case 'stranded':
      return look.paint('red', glyphs.failed);
  }
}

export function stepGlyph(state: DeployStepView['state'], look: Look): string {
  const { glyphs } = look;
  switch (state) {
    case 'waiting':
      return look.paint('dim', glyphs.waiting);
    case 'running':
      return look.paint('cyan', glyphs.running);
    case 'done':
      return look.paint('green', glyphs.succeeded);
    case 'failed':
      return look.paint('red', glyphs.failed);
    case 'skipped':
      return look.paint('dim', glyphs.skipped);
  }
}

/** A sentence of the story in its colour. */
export function paintTone(tone: StoryLine['tone'], text: string, look: Look): string {
  switch (tone) {
    case 'plain':
      return text;
    case 'good':
      return look.paint('green', text);
    case 'bad':
      return look.paint('red', text);
    case 'person':
      return look.paint('cyan', text);
    case 'evidence':
      return look.paint('yellow', text);
  }
}
