import type { BackPlan, WayBack } from '../plan.ts';
import type { ReleaseRequest } from '../release-request.ts';
import { DECISION_DEFAULT_MS, WAY_BACK_DEFAULT_MS } from './default.ts';
import { batchesOf, hostPercent, type Mode } from './forth.ts';
import type { Settled } from './resolve.ts';
import {
  commandDraft,
  type Draft,
  finishSteps,
  healthyDraft,
  startDrafts,
  stopDrafts,
  weightDraft,
} from './step.ts';

/** A dead router is asked again for about five minutes: going back must not be given up for a restart. */
const BACK_RETRIES = 30;

/**
 * Traffic goes back before anything else is touched: it takes one write, whatever the way forth took. Versions that cannot run
 * beside each other (`recreate`) change places instead. That the candidate's end fails is shown and changes nothing.
 */
export function wayBackOf(request: ReleaseRequest, settled: Settled, mode: Mode): WayBack {
  const { rollback } = settled;
  const patience = { timeoutMs: rollback.timeoutMs, retries: rollback.retries ?? BACK_RETRIES };
  const plan = (drafts: readonly Draft[]): BackPlan => {
    const steps = finishSteps('back', drafts, settled, patience);
    return { steps, expectedMs: steps.reduce((sum, step) => sum + step.expectedMs, 0) };
  };
  const only = settled.hosts.filter((host) => rollback.only.includes(host));
  const ended = [...stopDrafts('candidate', settled.hosts, 'note'), ...expandDownDrafts(request)];
  const isBeside = settled.type !== 'recreate' && mode !== 'first';
  return {
    strategy: rollback.strategy,
    automatic: rollback.automatic && rollback.strategy !== 'manual',
    decisionMs: DECISION_DEFAULT_MS,
    warm: isBeside ? plan([...trafficDrafts(settled), ...ended]) : null,
    cold: plan(mode === 'first' ? ended : coldDrafts(settled, ended, [])),
    part:
      isBeside && rollback.strategy === 'partial' && only.length > 0 ? plan(partDrafts(settled, only)) : null,
    data: dataPlan(request, settled, mode, ended, plan),
    dataBreaks:
      (request.service.migrations?.up ?? null) !== null && request.service.migrations?.kind !== 'expand',
    onIrreversible: rollback.onIrreversible,
    deadlineMs: WAY_BACK_DEFAULT_MS,
    only: rollback.strategy === 'partial' ? only : [],
  };
}

/** What traffic does on the warm way; afterwards the stable version has all of it, or with `partial` its part. */
function trafficDrafts(settled: Settled): Draft[] {
  const { hosts, rollback, weights } = settled;
  const healthy = healthyDraft('stable', hosts);
  switch (rollback.strategy) {
    case 'immediate':
    case 'manual':
    case 'partial':
      return [weightDraft(0), healthy];
    case 'blue_green':
      return [healthy, weightDraft(0)];
    case 'rolling':
      return [
        healthy,
        ...batchesOf(settled)
          .map(({ percent }) => weightDraft(percent))
          .reverse()
          .slice(1),
        weightDraft(0),
      ];
    case 'canary':
      return [
        healthy,
        ...weights.toReversed().flatMap((weight) => (weight === 100 ? [] : [weightDraft(weight), healthy])),
        weightDraft(0),
      ];
  }
}

function coldDrafts(settled: Settled, ended: readonly Draft[], down: readonly Draft[]): Draft[] {
  const started = startDrafts('stable', settled.hosts);
  const back = weightDraft(0);
  return settled.type === 'recreate'
    ? [...stopDrafts('candidate', settled.hosts), ...down, ...started, back]
    : [...down, ...started, back, ...ended];
}

/** A migration after which the stable version cannot run; null when there is one and no way to take it back. */
function dataPlan(
  { service: { migrations } }: ReleaseRequest,
  settled: Settled,
  mode: Mode,
  ended: readonly Draft[],
  plan: (drafts: readonly Draft[]) => BackPlan,
): BackPlan | null {
  if (!migrations?.up || migrations.kind !== 'contract' || !migrations.down) return null;
  const down = commandDraft('migration-down', { name: 'contract', run: migrations.down, timeoutMs: null });
  return plan(mode === 'first' ? [...ended, down] : coldDrafts(settled, ended, [down]));
}

/** The stable version runs on expanded data too, so taking that back is no condition for anything. */
function expandDownDrafts({ service: { migrations } }: ReleaseRequest): Draft[] {
  if (migrations?.kind !== 'expand' || !migrations.up || !migrations.down) return [];
  return [commandDraft('migration-down', { name: 'expand', run: migrations.down, timeoutMs: null }, 'note')];
}

/** The stable version takes over the named hosts' part of the traffic; the candidate ends there. */
function partDrafts({ hosts }: Settled, only: readonly string[]): Draft[] {
  const others = hosts.filter((host) => !only.includes(host));
  return [
    healthyDraft('stable', only),
    weightDraft(hostPercent(hosts.length - only.length, hosts.length)),
    {
      title: `stop the candidate version on ${only.join(', ')}`,
      action: { type: 'stop', version: 'candidate', hosts: only },
      onFailure: 'note',
    },
    ...(others.length === 0
      ? []
      : [
          {
            title: `stop the stable version on ${others.join(', ')}`,
            action: { type: 'stop', version: 'stable', hosts: others },
            onFailure: 'note',
          } as const,
        ]),
  ];
}
