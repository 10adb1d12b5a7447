import type { ReleaseRequest } from '../release-request.ts';
import type { Settled } from './resolve.ts';
import { commandDraft, type Draft, startDrafts, stopDrafts, weightDraft } from './step.ts';

/** How a plan treats the stable version: compare with it, only replace it, or there is none. */
export type Mode = 'compare' | 'replace' | 'first';

/** The steps to the candidate. `freezes`: latency is judged. Hooks and an expanding migration come first, a contracting one when nothing old is left. */
export function forthDrafts(
  request: ReleaseRequest,
  settled: Settled,
  mode: Mode,
  freezes: boolean,
): Draft[] {
  const { environment, service } = request;
  const { migrations } = service;
  const up = migrations?.up
    ? [commandDraft('migration-up', { name: migrations.kind, run: migrations.up, timeoutMs: null })]
    : [];
  const expands = migrations?.kind === 'expand';
  const hasOwnEnd = settled.type === 'recreate' && mode !== 'first';
  return [
    ...(mode === 'first' ? [] : [checkDraft()]),
    ...(freezes ? [freezeDraft(settled)] : []),
    ...environment.preDeployHooks.map((hook) => commandDraft('before-hook', hook)),
    ...(expands ? up : []),
    ...(hasOwnEnd ? stopDrafts('stable', settled.hosts) : []),
    ...(hasOwnEnd && !expands ? up : []),
    ...switchDrafts(request, settled, mode),
    ...smokeDrafts(request, 'with all the traffic'),
    bakeDraft(settled, mode, hasOwnEnd),
    ...(hasOwnEnd || mode === 'first' ? [] : stopDrafts('stable', settled.hosts, 'note')),
    ...(hasOwnEnd || expands ? [] : up),
    ...environment.postDeployHooks.map((hook) => commandDraft('after-hook', hook, 'note')),
  ];
}

function checkDraft(): Draft {
  return { title: 'check that the way back is there', action: { type: 'check-way-back' } };
}

/** While the stable version has all the traffic. Where evidence may be missing, that of latency may be too. */
function freezeDraft({ observation, isStrict }: Settled): Draft {
  const isOptional = observation.onNoData === 'proceed' || (observation.onNoData === 'hold' && !isStrict);
  return {
    title: 'fix what counts as slow',
    action: { type: 'freeze-quantiles' },
    ...(isOptional ? { onFailure: 'note' } : {}),
  };
}

/** From the candidate's start until it has all the traffic. */
function switchDrafts(request: ReleaseRequest, settled: Settled, mode: Mode): Draft[] {
  const { hosts, failuresMax } = settled;
  const type = mode === 'compare' || settled.type === 'recreate' ? settled.type : 'blue_green';
  switch (type) {
    case 'canary':
      return [
        ...startDrafts('candidate', hosts),
        ...smokeDrafts(request, 'before any traffic'),
        ...settled.weights.flatMap((weight) => canaryDrafts(weight, settled)),
      ];
    case 'blue_green':
      return [
        ...startDrafts('candidate', hosts),
        ...smokeDrafts(request, 'before any traffic'),
        weightDraft(100),
      ];
    case 'rolling':
      return batchesOf(settled).flatMap(({ batch, percent }) => [
        ...startDrafts('candidate', batch, failuresMax),
        weightDraft(percent),
      ]);
    case 'recreate':
      return [...startDrafts('candidate', hosts), weightDraft(100)];
  }
}

/** One weight of a canary. At 100 % nothing is left to compare with; the bake watches that. */
function canaryDrafts(weight: number, { observeMs, observation }: Settled): Draft[] {
  if (weight === 100) return [weightDraft(100)];
  return [
    weightDraft(weight),
    {
      title: `judge the candidate version at ${weight} %`,
      action: { type: 'observe', durationMs: observeMs, ...observation },
    },
  ];
}

function smokeDrafts({ environment }: ReleaseRequest, when: string): Draft[] {
  return environment.smokeTests.map((test) =>
    commandDraft('smoke-test', { ...test, name: `${test.name}, ${when}` }),
  );
}

function bakeDraft({ bakeMs, observation }: Settled, mode: Mode, hasOwnEnd: boolean): Draft {
  const isWarm = mode !== 'first' && !hasOwnEnd;
  return {
    title: isWarm ? 'bake, with the stable version still warm' : 'bake',
    action: { type: 'bake', durationMs: bakeMs, onNoData: observation.onNoData },
  };
}

/** Hosts in the order they are given, in batches of at least one. A percentage is rounded up. */
export function batchesOf({ hosts, batch }: Pick<Settled, 'hosts' | 'batch'>): readonly {
  readonly batch: readonly string[];
  /** Of all hosts, with this batch. */
  readonly percent: number;
}[] {
  const wanted = batch.unit === 'hosts' ? batch.value : Math.ceil((hosts.length * batch.value) / 100);
  const size = Math.max(1, Math.min(hosts.length, wanted));
  return Array.from({ length: Math.ceil(hosts.length / size) }, (_, index) => {
    const end = Math.min(hosts.length, (index + 1) * size);
    return { batch: hosts.slice(index * size, end), percent: hostPercent(end, hosts.length) };
  });
}

/** So many of the hosts, in percent with two decimals. */
export function hostPercent(count: number, all: number): number {
  return Math.round((count / all) * 10_000) / 100;
}
