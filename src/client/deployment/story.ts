import { formatDuration } from '../../base/duration.ts';
import { counted } from '../../base/text.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { DeploymentState } from '../../delivery/machine/state.ts';
import { presentStep, routePlan, stepsOf } from '../../delivery/machine/state.ts';
import type { DeploymentStep } from '../../delivery/plan.ts';
import type { DeploymentEvent, DeploymentOutcome, EvidenceFigures } from '../../journal/deployment-event.ts';
import type { StoryLine } from './view.ts';

type Told = Omit<StoryLine, 'atMs'>;

/**
 * What an event adds to the story of a deployment, as sentences without a full stop; nothing for details. `before` is the state without the
 * event. `name` calls a digest as people do. Pure.
 */
export function tellStory(
  before: DeploymentState,
  event: DeploymentEvent,
  name: (digest: string) => string,
): readonly Told[] {
  switch (event.type) {
    case 'deployment.requested':
      return [plain(requestText(event, name))];
    case 'deployment.owned':
      return event.resumed ? [plain('another process took it over and goes on')] : [];
    case 'deployment.queued':
      return [plain(`it waits for ${event.behind.join(', ')}, which has the environment`)];
    case 'deployment.admitted':
      return before.behind.length > 0 && before.token === null
        ? [plain('the environment is its own now')]
        : [];
    case 'deployment.waiting':
      return [plain(waitingText(event))];
    case 'deployment.approved':
      return [{ tone: 'person', text: `${event.by} approved it${because(event.reason)}` }];
    case 'deployment.rejected':
      return [{ tone: 'person', text: `${event.by} rejected it: ${event.reason}` }];
    case 'deployment.approval-refused':
      return [{ tone: 'person', text: `the approval of ${event.by} does not count: ${event.reason}` }];
    case 'deployment.window-overridden':
      return [{ tone: 'person', text: `${event.by} lets it begin all the same: ${event.reason}` }];
    case 'deployment.permitted':
      return before.waitingFor === null ? [] : [plain('it may begin')];
    case 'deployment.step-started':
      return event.attempt > 1 ? [plain(`${titleOf(before, event.step)}: attempt ${event.attempt}`)] : [];
    case 'deployment.step-unknown': {
      const step = presentStep(before);
      return before.probes === 0 && step
        ? [plain(`whether this was done is asked: ${step.title} (${event.reason})`)]
        : [];
    }
    case 'deployment.step-repeated':
      return [plain('it was not done, so it is asked for again')];
    case 'deployment.step-finished':
      return finishedStep(before, event);
    case 'deployment.weight-set':
      return [plain(weightText(event.candidatePercent))];
    case 'deployment.observed': {
      if (event.verdict === 'harm') return [{ tone: 'bad', text: `the evidence says harm: ${event.reason}` }];
      if (event.verdict === before.watch.verdict || event.verdict === 'undecided') return [];
      return [
        {
          tone: 'evidence',
          text: event.verdict === 'safe' ? `safe: ${event.reason}` : `no data: ${event.reason}`,
        },
      ];
    }
    case 'deployment.held':
      return [{ tone: 'evidence', text: `held, although its time is over: ${event.reason}` }];
    case 'deployment.ask-ignored':
      return [{ tone: 'person', text: `${event.by} asked to ${event.asked}, to no effect: ${event.reason}` }];
    case 'deployment.proceeded':
      return [{ tone: 'person', text: `${event.by} lets it go on: ${event.reason}` }];
    case 'deployment.decision-asked':
      return [
        {
          tone: 'bad',
          text: `it should go back, and a person decides within ${formatDuration(event.deadlineMs)}: ${event.reason}`,
        },
      ];
    case 'deployment.deadline-passed':
      return [
        {
          tone: 'bad',
          text: `the time for ${SCOPES[event.scope]} is over (${formatDuration(event.limitMs)})`,
        },
      ];
    case 'deployment.rollback-begun': {
      // The line before told it.
      const isTold = before.watch.verdict === 'harm' && before.watch.reason === event.reason;
      const why = isTold ? '' : because(event.reason);
      return [{ tone: 'bad', text: `it goes back from ${event.fromPercent} %${why}` }];
    }
    case 'deployment.rerouted':
      return [{ tone: 'bad', text: `it goes back another way (${ROUTES[event.route]}): ${event.reason}` }];
    case 'deployment.baked':
      return [
        { tone: 'good', text: `${name(event.digest)} is proven: it had all the traffic for the whole bake` },
      ];
    case 'deployment.warning':
      return [{ tone: 'bad', text: `warning: ${event.message}` }];
    case 'deployment.finished':
      return [
        {
          tone: OUTCOME_TONES[event.outcome],
          text: `${outcomeWords(event.outcome)}: ${withoutReason(event.sentence, before.rollback?.reason)}`,
        },
      ];
    default:
      return unreachable(event, 'every event of a deployment is told');
  }
}

const SCOPES = {
  queue: 'the environment to become free',
  permission: 'people and windows to let it begin',
  step: 'the step',
  decision: 'a person to decide',
  deployment: 'the deployment',
  'way-back': 'the way back',
} as const;

const ROUTES = {
  warm: 'the old version still runs',
  cold: 'the old version is started first',
  data: 'the change of the data is taken back first',
  part: 'some hosts keep the new version',
} as const;

const OUTCOME_TONES: Readonly<Record<DeploymentOutcome, StoryLine['tone']>> = {
  succeeded: 'good',
  'rolled-back': 'bad',
  cancelled: 'plain',
  stranded: 'bad',
};

/** An outcome as people read it. */
export function outcomeWords(outcome: DeploymentOutcome): string {
  return outcome === 'rolled-back' ? 'rolled back' : outcome;
}

/** The end without why it went back, which was told when it began. */
function withoutReason(sentence: string, reason = ''): string {
  const lead = `${reason}; `;
  return sentence.startsWith(lead) ? sentence.slice(lead.length) : sentence;
}

function plain(text: string): Told {
  return { tone: 'plain', text };
}

function because(reason: string | null): string {
  return reason === null || reason === '' ? '' : `: ${reason}`;
}

function requestText(
  event: Extract<DeploymentEvent, { type: 'deployment.requested' }>,
  name: (digest: string) => string,
): string {
  const { by, kind, service, environment, candidate, stable, reason } = event;
  const strategy = (event.plan as { readonly strategy?: string }).strategy;
  if (kind === 'rollback')
    return `${by} asked to take ${service} in ${environment} back to ${name(candidate)}${because(reason)}`;
  const over = stable === null ? 'the first release there' : `over ${name(stable)}`;
  return `${by} asked to bring ${service} ${name(candidate)} to ${environment}, ${over}, by ${strategy}${because(reason)}`;
}

function waitingText({
  approvalsLeft,
  closed,
  untilMs,
}: Extract<DeploymentEvent, { type: 'deployment.waiting' }>): string {
  const people = approvalsLeft === 0 ? [] : [`for ${counted(approvalsLeft, 'approval')}`];
  return `it waits ${[...people, ...(closed === null ? [] : [`for its time: ${closedText(closed, untilMs)}`])].join(', and ')}`;
}

/** Why an environment is closed and when it opens, without a full stop. The end of a freeze may be both. */
export function closedText(closed: string, untilMs: number | null): string {
  if (untilMs === null) return `${closed}; no window opens within a year`;
  const time = new Date(untilMs).toISOString();
  return closed.includes(time) ? closed : `${closed}; it opens at ${time}`;
}

function weightText(percent: number): string {
  return percent === 0
    ? 'all traffic goes to the stable version'
    : `${percent} % of the traffic goes to the candidate version`;
}

function stepOf(state: DeploymentState, id: string): DeploymentStep | null {
  const here = stepsOf(state).find((step) => step.id === id);
  if (here) return here;
  const { plan } = state;
  const routes = (['warm', 'cold', 'part', 'data'] as const).flatMap(
    (route) => routePlan(plan, route)?.steps ?? [],
  );
  return [...plan.steps, ...routes].find((step) => step.id === id) ?? null;
}

function titleOf(state: DeploymentState, id: string): string {
  return stepOf(state, id)?.title ?? id;
}

function finishedStep(
  before: DeploymentState,
  event: Extract<DeploymentEvent, { type: 'deployment.step-finished' }>,
): readonly Told[] {
  const step = stepOf(before, event.step);
  const title = step?.title ?? event.step;
  if (event.outcome === 'failed') {
    const again = event.retryAfterMs === null ? '' : '; it is tried again';
    return [{ tone: 'bad', text: `failed: ${title}${because(event.reason)}${again}` }];
  }
  if (event.outcome === 'skipped') return [plain(`passed over: ${title}${because(event.reason)}`)];
  const found = event.foundBy === 'probe' ? ' (found done when it was asked)' : '';
  const type = step?.action.type;
  // The weight is told when the router confirms it.
  if (type === 'set-weight') return found === '' ? [] : [plain(`${title}${found}`)];
  const took = formatDuration(event.durationMs);
  if (type === 'observe' || type === 'bake')
    return [{ tone: 'evidence', text: `${title}: over after ${took}${because(event.reason)}` }];
  return [plain(`${title}: ${took}${found}${because(event.reason)}`)];
}

/** What both versions did, in one line: `candidate 3 of 1203 failed, stable 12 of 22000`. */
export function countsText({ canary, baseline }: EvidenceFigures): string {
  return `candidate ${canary.errors} of ${canary.requests} failed, stable ${baseline.errors} of ${baseline.requests}`;
}
