import { describe, expect, it } from 'vitest';
import { aDeployment, BINDING } from '../../../test/support/deployment.ts';
import { aCommand, anEnvironment, aRelease, aService } from '../../../test/support/release.ts';
import { canonicalJson } from '../../base/json.ts';
import type { DeploymentPlan } from '../plan.ts';
import { compilePlan } from '../strategy/compile.ts';
import { type DeploymentInput, decide, decideRequest } from './decide.ts';
import { type DeploymentState, presentStep } from './state.ts';
import { PHASES, TRANSITIONS } from './transition.ts';
import type { Decided } from './turn.ts';

const NOW = 86_400_000;
const counts = (requests: number, errors: number) => ({
  requests,
  errors,
  exceed: { q50: 0, q90: 0, q95: 0, q99: 0 },
  samples: {
    p95: { taken: requests, bad: 0 },
    health: { taken: 9, bad: 0 },
    resources: { taken: 9, bad: 0 },
  },
});

/** Everything that the world could say in a state. */
function inputsOf(state: DeploymentState, timers: ReadonlySet<string>): DeploymentInput[] {
  const key = state.intent?.key ?? 'none';
  const step = presentStep(state)?.id ?? 'none';
  const rest = { reason: 'so', outputs: {} };
  const window = (errors: number | null, coveredMs: number): DeploymentInput => ({
    type: 'window',
    step,
    look: state.looks + 1,
    coveredMs,
    window: errors === null ? null : { at: 1, canary: counts(200, errors), baseline: counts(600, 0) },
    problem: errors === null ? 'nothing came' : null,
  });
  return [
    { type: 'owned', owner: 'next', fence: 2, resumed: true },
    { type: 'queued', behind: ['d0'] },
    { type: 'admitted', token: (state.token ?? 0) + 1, running: state.request.stable },
    { type: 'admitted', token: (state.token ?? 0) + 1, running: 'sha256:other' },
    { type: 'superseded', by: 'd2' },
    { type: 'approve', by: 'bob', teams: [], reason: null, artifact: BINDING.artifact, plan: BINDING.plan },
    { type: 'reject', by: 'bob', reason: 'no' },
    { type: 'cancel', by: 'bob', reason: 'no' },
    { type: 'proceed', by: 'bob', reason: 'yes' },
    { type: 'alarm', name: 'paging', reason: 'it fired' },
    { type: 'unhealthy', version: 'candidate', host: 'web-1', reason: 'it exited' },
    ...(['done', 'failed', 'unknown'] as const).map((outcome) => ({
      type: 'result' as const,
      key,
      outcome,
      ...rest,
    })),
    ...(['done', 'failed', 'unknown', 'not-done'] as const).map((found) => ({
      type: 'probed' as const,
      key,
      found,
      ...rest,
    })),
    window(0, 60_000),
    window(0, 1),
    window(190, 60_000),
    window(null, 60_000),
    ...[...timers].map((id) => ({ type: 'timer' as const, id })),
  ];
}

/** What of a state decides its future, apart from times and how much was seen. */
function shapeOf(state: DeploymentState): string {
  const { phase, step, route, token, begun, isBaked, isOverruled, approvedBy, attempt, asked } = state;
  const covered = state.watch.coveredMs >= 40_000;
  const windows = Math.min(1, state.watch.windows);
  const shape = { phase, step, route, owns: token !== null, begun, isBaked, isOverruled, covered, windows };
  const people = approvedBy.length;
  return canonicalJson({
    ...shape,
    people,
    tries: Math.min(2, attempt),
    asked: asked?.trigger,
    v: state.watch.verdict,
    i: state.intent !== null,
  });
}

interface Explored {
  readonly states: number;
  readonly edges: ReadonlySet<string>;
}

function explore(plan: DeploymentPlan): Explored {
  const seen = new Set<string>();
  const edges = new Set<string>();
  const open: { state: DeploymentState; timers: ReadonlySet<string> }[] = [];
  const visit = (decided: Decided, timers: ReadonlySet<string>): void => {
    const { state, commands } = decided;
    const shape = shapeOf(state);
    if (seen.has(shape)) return;
    seen.add(shape);
    const set = commands.flatMap((one) => (one.type === 'set-timer' ? [one.id] : []));
    open.push({ state, timers: new Set([...timers, ...set]) });
  };
  visit(decideRequest(aDeployment(plan), NOW), new Set());
  while (open.length > 0) {
    const { state, timers } = open.pop()!;
    checkWayOut(state, timers);
    for (const input of inputsOf(state, timers)) {
      const decided = decide(state, input, NOW);
      if (decided.state.phase !== state.phase) edges.add(`${state.phase} > ${decided.state.phase}`);
      visit(decided, timers);
    }
  }
  return { states: seen.size, edges };
}

/** A deadline is running, and when it passes, or a person says so, the candidate goes. */
function checkWayOut(state: DeploymentState, timers: ReadonlySet<string>): void {
  if (state.phase === 'finished') return;
  const deadline = `deadline/${state.epoch}`;
  if (!timers.has(deadline)) throw new Error(`${state.phase} at ${presentStep(state)?.id} has no deadline`);
  const passed = decide(state, { type: 'timer', id: deadline }, NOW);
  const isMoved = passed.state.phase !== state.phase || passed.state.epoch !== state.epoch;
  if (!isMoved) throw new Error(`the deadline of ${state.phase} changes nothing`);
  const { state: after } = decide(state, { type: 'cancel', by: 'ada', reason: 'no' }, NOW);
  const isGone = after.phase === 'finished' || after.route !== null;
  if (!isGone) throw new Error(`${state.phase} at ${presentStep(state)?.id} has no way back`);
}

function shortRelease(
  type: 'canary' | 'rolling' | 'blue_green' | 'recreate',
  more: object = {},
): DeploymentPlan {
  const hosts = anEnvironment().hosts.slice(0, type === 'rolling' ? 2 : 1);
  const protection = {
    approvals: 1,
    approvers: [],
    authorAllowed: false,
    windows: [],
    freezes: [],
    gates: [],
    branches: [],
  };
  return compilePlan(
    aRelease(
      { type, weights: [5, 100], observeMs: 40_000, bakeMs: 40_000, batch: { unit: 'hosts', value: 1 } },
      { environment: anEnvironment({ hosts, protection, smokeTests: [aCommand('smoke')] }), ...more },
    ),
  );
}

// Every state is computed: how long that takes is the machine's affair.
describe('the transition table', { timeout: 180_000 }, () => {
  it('has a deadline, a way on and a way back for every phase but the end', () => {
    for (const phase of PHASES) {
      const { deadline, next, back } = TRANSITIONS[phase];
      if (phase === 'finished')
        expect({ deadline, next, back }).toEqual({ deadline: null, next: [], back: [] });
      else {
        expect(deadline, phase).not.toBeNull();
        expect(next.length, phase).toBeGreaterThan(0);
        expect(back.length, phase).toBeGreaterThan(0);
      }
    }
  });

  it('is all that happens in every state that can be reached, and no edge of it is of no use', () => {
    const migrations = {
      kind: 'contract',
      up: './up.sh',
      down: './down.sh',
      place: aService().place,
    } as const;
    const plans = [
      ...(['canary', 'rolling', 'blue_green', 'recreate'] as const).map((type) => shortRelease(type)),
      shortRelease('canary', { rollback: { strategy: 'manual' } }),
      shortRelease('canary', { rollback: { strategy: 'canary' } }),
      shortRelease('rolling', { rollback: { strategy: 'rolling' } }),
      shortRelease('blue_green', { rollback: { strategy: 'blue_green' } }),
      shortRelease('recreate', {
        rollback: { strategy: 'manual' },
        service: aService({ migrations: { ...migrations, kind: 'irreversible', down: null } }),
      }),
      shortRelease('rolling', { rollback: { strategy: 'partial', only: ['web-1'] } }),
      shortRelease('recreate', { service: aService({ migrations }) }),
      shortRelease('canary', { stable: null }),
    ];
    const edges = new Set<string>();
    let states = 0;
    for (const plan of plans) {
      const explored = explore(plan);
      states += explored.states;
      for (const edge of explored.edges) edges.add(edge);
    }
    const table = PHASES.flatMap((from) =>
      [...new Set([...TRANSITIONS[from].next, ...TRANSITIONS[from].back])]
        .filter((to) => to !== from)
        .map((to) => `${from} > ${to}`),
    );
    expect(states).toBeGreaterThan(1000);
    // A window that closes while it is queued is told by the clock, not by an input (decide.test.ts).
    expect(table.filter((edge) => !edges.has(edge))).toEqual(['queued > waiting']);
    expect([...edges].filter((edge) => !table.includes(edge))).toEqual([]);
  });
});
