import { unreachable } from '../../base/unreachable.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import { apply, begin } from '../../delivery/machine/apply.ts';
import { type DeploymentRequested, type DeploymentState, routePlan } from '../../delivery/machine/state.ts';
import type { DeploymentStep } from '../../delivery/plan.ts';
import type { DeploymentEvent } from '../../journal/deployment-event.ts';
import type { PlacedEvent } from '../../journal/event.ts';
import { countsText, tellStory } from './story.ts';
import type { DeploymentView, DeployStepView, StoryLine, WatchView } from './view.ts';

/** The view of a deployment from all its events so far. `names`: what people call digests. */
export function foldDeployment(
  events: readonly PlacedEvent[],
  names: ReadonlyMap<string, string> = new Map(),
): DeploymentView {
  const fold = new DeploymentFold(names);
  for (const event of events) fold.apply(event);
  return fold.view();
}

/** The same fold, an event at a time. */
export class DeploymentFold {
  readonly #names: ReadonlyMap<string, string>;
  readonly #story: StoryLine[] = [];
  readonly #warnings: string[] = [];
  readonly #approvals: DeploymentView['approvals'][number][] = [];
  #request: DeploymentRequested | null = null;
  #state: DeploymentState | null = null;
  #atMs = 0;
  #forth: DeployStepView[] = [];
  #back: DeployStepView[] = [];
  #rollback: DeploymentView['rollback'] = null;
  #waiting: DeploymentView['waiting'] = null;
  #asked: DeploymentView['asked'] = null;
  #held: DeploymentView['held'] = null;
  #end: Extract<DeploymentEvent, { type: 'deployment.finished' }> | null = null;

  constructor(names: ReadonlyMap<string, string> = new Map()) {
    this.#names = names;
  }

  apply({ body, at }: Pick<PlacedEvent, 'body' | 'at'>): void {
    const event = body as DeploymentEvent;
    if (event.type === 'deployment.requested') {
      this.#request = event;
      this.#state = begin(event, at);
      this.#forth = this.#state.plan.steps.map(waitingStep);
    }
    const before = this.#state;
    if (before === null) throw new Error('internal error: a deployment begins with its request');
    this.#atMs = at;
    for (const told of tellStory(before, event, (digest) => this.#name(digest)))
      this.#story.push({ atMs: at, tone: told.tone, text: this.#plain(told.text) });
    if (event.type !== 'deployment.requested') {
      this.#take(before, event, at);
      this.#state = apply(before, event, at);
    }
  }

  view(): DeploymentView {
    const request = this.#request;
    const state = this.#state;
    if (request === null || state === null)
      throw new Error('internal error: a deployment without its request');
    const definition = (request.definition ?? null) as unknown as DeploymentDefinition | null;
    const { deploymentId, kind, service, environment, candidate, stable, by, reason, binding } = request;
    return {
      deploymentId,
      kind,
      service,
      environment,
      candidate,
      stable,
      version: this.#name(candidate),
      release: definition?.release ?? null,
      commit: definition?.source.commit ?? binding.commit,
      branch: definition?.source.branch ?? null,
      repository: definition?.source.repository ?? null,
      by,
      reason,
      plan: state.plan,
      binding,
      requestedAtMs: state.requestedAtMs,
      startedAtMs: state.startedAtMs,
      atMs: this.#atMs,
      phase: state.phase,
      outcome: state.outcome,
      sentence: this.#end ? this.#plain(this.#end.sentence) : null,
      durationMs: this.#end?.durationMs ?? null,
      serving: this.#end?.serving ?? null,
      partly: this.#end?.partly ?? [],
      data: this.#end?.data ?? state.data,
      owner: state.owner,
      candidatePercent: state.candidatePercent,
      forth: [...this.#forth],
      back: [...this.#back],
      rollback: this.#rollback,
      waiting: state.phase === 'waiting' ? this.#waiting : null,
      approvals: [...this.#approvals],
      behind: state.phase === 'queued' ? state.behind : [],
      asked: state.phase === 'asking' ? this.#asked : null,
      held: state.phase === 'held' ? this.#held : null,
      warnings: [...this.#warnings],
      story: [...this.#story],
    };
  }

  /** A sentence with what people call its digests. */
  #plain(text: string): string {
    return withNames(text, (digest) => this.#name(digest));
  }

  #name(digest: string): string {
    const known = this.#names.get(digest);
    if (known !== undefined) return known;
    const definition = (this.#request?.definition ?? null) as unknown as DeploymentDefinition | null;
    return definition && this.#request?.candidate === digest
      ? definition.release.version
      : shortDigest(digest);
  }

  #take(before: DeploymentState, event: DeploymentEvent, at: number): void {
    switch (event.type) {
      case 'deployment.waiting': {
        const { approvalsLeft, closed, untilMs } = event;
        this.#waiting = { approvalsLeft, closed, untilMs };
        return;
      }
      case 'deployment.approved':
        this.#approvals.push({ by: event.by, reason: event.reason, atMs: at });
        if (this.#waiting)
          this.#waiting = { ...this.#waiting, approvalsLeft: Math.max(0, this.#waiting.approvalsLeft - 1) };
        return;
      case 'deployment.step-started':
        this.#change(event.way, event.step, (step) => ({
          ...step,
          state: 'running',
          attempt: event.attempt,
          startedAtMs: step.startedAtMs ?? at,
          reason: null,
        }));
        return;
      case 'deployment.step-finished':
        this.#change(event.way, event.step, (step) => ({
          ...step,
          state: event.retryAfterMs === null ? event.outcome : 'running',
          attempt: event.attempt,
          durationMs: event.durationMs,
          reason: event.reason,
        }));
        this.#tellCounts(event, at);
        return;
      case 'deployment.observed':
        this.#change('forth', event.step, (step) => ({ ...step, watch: watchOf(before, step.watch, event) }));
        return;
      case 'deployment.held':
        this.#held = { reason: event.reason, untilMs: before.sinceMs + event.deadlineMs };
        return;
      case 'deployment.decision-asked':
        this.#asked = { trigger: event.trigger, reason: event.reason, untilMs: at + event.deadlineMs };
        return;
      case 'deployment.rollback-begun': {
        const { trigger, reason, by, route, fromPercent } = event;
        this.#rollback = { trigger, reason: this.#plain(reason), by, route, fromPercent, atMs: at };
        this.#back = (routePlan(before.plan, route)?.steps ?? []).map(waitingStep);
        this.#leaveForth(reason, at);
        return;
      }
      case 'deployment.rerouted':
        this.#back = (routePlan(before.plan, event.route)?.steps ?? []).map(waitingStep);
        return;
      case 'deployment.warning':
        this.#warnings.push(event.message);
        return;
      case 'deployment.finished':
        this.#end = event;
        return;
      case 'deployment.requested':
      case 'deployment.owned':
      case 'deployment.queued':
      case 'deployment.admitted':
      case 'deployment.rejected':
      case 'deployment.approval-refused':
      case 'deployment.window-overridden':
      case 'deployment.permitted':
      case 'deployment.ask-ignored':
      case 'deployment.step-unknown':
      case 'deployment.step-repeated':
      case 'deployment.weight-set':
      case 'deployment.proceeded':
      case 'deployment.deadline-passed':
      case 'deployment.baked':
        return;
      default:
        unreachable(event, 'every event of a deployment is taken');
    }
  }

  /** What was seen stands beside the sentence that the step is over. */
  #tellCounts({ step }: { readonly step: string }, atMs: number): void {
    const figures = this.#forth.find(({ id }) => id === step)?.watch?.figures;
    // Where nobody asked there is nothing to tell.
    if (figures && figures.canary.requests + figures.baseline.requests > 0)
      this.#story.push({ atMs, tone: 'evidence', text: countsText(figures) });
  }

  /** What was on its way when it turned back is not done any more. */
  #leaveForth(reason: string, atMs: number): void {
    this.#forth = this.#forth.map((step) =>
      step.state === 'running'
        ? {
            ...step,
            state: 'failed',
            reason,
            durationMs: step.startedAtMs === null ? null : atMs - step.startedAtMs,
          }
        : step,
    );
  }

  #change(way: 'forth' | 'back', id: string, change: (step: DeployStepView) => DeployStepView): void {
    const steps = way === 'forth' ? this.#forth : this.#back;
    const index = steps.findIndex((step) => step.id === id);
    if (index >= 0) steps[index] = change(steps[index]!);
  }
}

/** A sentence in which each digest is what people call it. */
export function withNames(text: string, name: (digest: string) => string): string {
  return text.replace(/(sha256:)?[0-9a-f]{64}/g, name);
}

/** A digest as people may read it aloud. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

function waitingStep({ id, title, action, expectedMs }: DeploymentStep): DeployStepView {
  return {
    id,
    title,
    action: action.type,
    state: 'waiting',
    attempt: 0,
    startedAtMs: null,
    durationMs: null,
    expectedMs,
    reason: null,
    watch: null,
  };
}

function watchOf(
  { plan }: DeploymentState,
  before: WatchView | null,
  event: Extract<DeploymentEvent, { type: 'deployment.observed' }>,
): WatchView {
  const action = plan.steps.find(({ id }) => id === event.step)?.action;
  return {
    coveredMs: (before?.coveredMs ?? 0) + event.coveredMs,
    durationMs: action?.type === 'observe' || action?.type === 'bake' ? action.durationMs : 0,
    looks: (before?.looks ?? 0) + 1,
    verdict: event.verdict,
    reason: event.reason,
    figures: event.figures ?? before?.figures ?? null,
    sampleMin: action?.type === 'observe' ? action.sampleMin : 0,
  };
}
