import type { DeploymentPlan, ReleaseRequest, Strategy, WayBack } from '../plan.ts';
import { type Draft, finishSteps, startDrafts, stopDrafts, weightDraft } from './step.ts';

/**
 * A release and its strategy as a plan. Pure. Without a healthy stable version there is nothing to compare with or to protect:
 * then only health decides, whatever the strategy, and the plan says so.
 */
export function compilePlan(request: ReleaseRequest): DeploymentPlan {
  const { stable, strategy } = request;
  const isProtected = stable !== null && (stable.isHealthy || strategy.type === 'recreate');
  const drafts = isProtected ? strategyDrafts(strategy, request) : rescueDrafts(request);
  const steps = finishSteps('step', drafts, request);
  return {
    schemaVersion: 1,
    service: request.service,
    environment: request.environment,
    candidate: request.candidate,
    stable: stable?.digest ?? null,
    strategy: strategy.type,
    steps,
    wayBack: wayBack(request),
    expectedMs: steps.reduce((sum, step) => sum + step.expectedMs, 0),
    notes: notes(request),
  };
}

function strategyDrafts(strategy: Strategy, request: ReleaseRequest): Draft[] {
  const { hosts } = request;
  switch (strategy.type) {
    case 'canary':
      return [
        ...startDrafts('candidate', hosts),
        ...strategy.weights.flatMap((weight) => canaryDrafts(weight, strategy)),
        ...closingDrafts(request),
      ];
    case 'blue_green':
      return [...startDrafts('candidate', hosts), weightDraft(100), ...closingDrafts(request)];
    case 'rolling': {
      let done = 0;
      const batches = batchesOf(hosts, strategy.batch).flatMap((batch) => {
        done += batch.length;
        const percent = Math.round((done / hosts.length) * 10_000) / 100;
        return [...startDrafts('candidate', batch, strategy.failuresMax), weightDraft(percent)];
      });
      return [...batches, ...closingDrafts(request)];
    }
    case 'recreate':
      return [
        ...stopDrafts('stable', hosts),
        ...startDrafts('candidate', hosts),
        weightDraft(100),
        bakeDraft(request),
      ];
  }
}

/** One weight of a canary. At 100 % nothing is left to compare with; the bake watches that. */
function canaryDrafts(weight: number, strategy: Extract<Strategy, { readonly type: 'canary' }>): Draft[] {
  if (weight === 100) return [weightDraft(100)];
  const { observeMs, sampleMin, advance, onUndecided, onNoData } = strategy;
  const action = {
    type: 'observe',
    durationMs: observeMs,
    sampleMin,
    advance,
    onUndecided,
    onNoData,
  } as const;
  return [weightDraft(weight), { title: `judge the candidate version at ${weight} %`, action }];
}

/** Health alone: for a first release, and when what runs now is broken itself. */
function rescueDrafts(request: ReleaseRequest): Draft[] {
  const { hosts, stable } = request;
  return [
    ...startDrafts('candidate', hosts),
    weightDraft(100),
    bakeDraft(request),
    ...(stable ? stopDrafts('stable', hosts) : []),
  ];
}

function closingDrafts(request: ReleaseRequest): Draft[] {
  return [bakeDraft(request), ...stopDrafts('stable', request.hosts)];
}

function bakeDraft({ bakeMs, stable, strategy }: ReleaseRequest): Draft {
  const isWarm = stable !== null && strategy.type !== 'recreate';
  const title = isWarm ? 'bake, with the stable version still warm' : 'bake';
  return { title, action: { type: 'bake', durationMs: bakeMs } };
}

/** Hosts in the order they are given, in batches of at least one. A percentage is rounded up. */
function batchesOf(
  hosts: readonly string[],
  batch: { readonly unit: 'hosts' | 'percent'; readonly value: number },
): readonly (readonly string[])[] {
  const wanted = batch.unit === 'hosts' ? batch.value : Math.ceil((hosts.length * batch.value) / 100);
  const size = Math.max(1, Math.min(hosts.length, wanted));
  return Array.from({ length: Math.ceil(hosts.length / size) }, (_, index) =>
    hosts.slice(index * size, (index + 1) * size),
  );
}

/**
 * Traffic goes back before anything else is touched: it takes one write, whatever the way forth took. Versions that cannot run
 * beside each other (`recreate`) change places instead.
 */
function wayBack(request: ReleaseRequest): WayBack {
  const { hosts, stable, strategy } = request;
  if (stable === null) return { warm: null, cold: null };
  const stopped = stopDrafts('candidate', hosts);
  const started = startDrafts('stable', hosts);
  if (strategy.type === 'recreate') {
    return { warm: null, cold: finishSteps('back', [...stopped, ...started, weightDraft(0)], request) };
  }
  const back = [weightDraft(0), ...stopped];
  return {
    warm: finishSteps('back', back, request),
    cold: finishSteps('back', [...started, ...back], request),
  };
}

function notes({ stable, strategy, hosts }: ReleaseRequest): string[] {
  const said: string[] = [];
  if (stable === null) {
    said.push('this is the first release: only health decides, and there is no version to go back to');
  } else if (!stable.isHealthy) {
    said.push('the stable version is not healthy: only health decides, and nothing is compared with it');
  }
  if (strategy.type === 'recreate' && stable !== null) {
    said.push('nobody is served from the end of the stable version until the candidate version is healthy');
  }
  if (strategy.type === 'rolling' && hosts.length === 1) {
    said.push('there is one host, so rolling is the same as blue_green');
  }
  return said;
}
