/*
 * The plan of a 10,000-cell pipeline from its text, and the engine's cost an event at 100, 1,000 and 10,000 cells.
 * The floor beside the plan is the bare YAML parse of the same text; the goals are absolute (issue A).
 */
import { performance } from 'node:perf_hooks';
import { parseDocument } from 'yaml';
import type { JsonObject } from '../src/base/json.ts';
import { decide, decideRequest } from '../src/engine/decide.ts';
import { loadPipeline } from '../src/pipeline/load.ts';
import type { Plan } from '../src/pipeline/plan.ts';
import { aRequest } from '../test/support/plan.ts';
import { median } from './support/measure.ts';

const STEP_RECEIPT = {
  type: 'step.finished',
  step: 'step-1',
  try: 1,
  outcome: 'succeeded',
  cause: null,
  durationMs: 1,
  outputs: {},
  exported: { variables: {}, path: [] },
  log: { bytes: 0, lines: 0 },
  usage: null,
  reason: null,
  patterns: [],
} as const;

function pipelineText(cells: number): string {
  const axis = (count: number) => `[${Array.from({ length: count }, (_, index) => index).join(', ')}]`;
  const jobs = Array.from({ length: cells / 100 }, (_, index) => {
    const needs = index >= 10 ? `\n    needs: [job${index - 10}]` : '';
    const commands = `commands: ["echo \${{ matrix.a }}", "true"]`;
    return `  job${index}:${needs}\n    matrix: { a: ${axis(20)}, b: ${axis(5)} }\n    ${commands}`;
  });
  return `name: large\njobs:\n${jobs.join('\n')}\n`;
}

function planOf(text: string): Plan {
  const checked = loadPipeline('sluice.yaml', {
    read: (path) => (path === 'sluice.yaml' ? new TextEncoder().encode(text) : null),
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics));
  return checked.value;
}

function timed(rounds: number, work: () => void): number {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    work();
    samples.push(performance.now() - startedMs);
  }
  return median(samples);
}

/** Plays a whole run in which every step succeeds; returns microseconds an event. */
function engineCost(plan: Plan): { readonly perEventUs: number; readonly firstMs: number } {
  const request = aRequest(plan, { plan: plan as unknown as JsonObject, workersMax: 8 });
  let startedMs = performance.now();
  let { state, commands } = decideRequest(request, 0);
  const firstMs = performance.now() - startedMs;
  const open = [...commands];
  let events = 0;
  startedMs = performance.now();
  for (let command = open.shift(); command; command = open.shift()) {
    if (command.type !== 'start-cell') continue;
    const { cell, attempt } = command;
    const report = {
      outcome: 'succeeded',
      cause: null,
      step: null,
      durationMs: 1,
      outputs: {},
      tail: [],
      patterns: [],
    } as const;
    const started = {
      type: 'step.started',
      cell,
      attempt,
      step: 'step-1',
      try: 1,
      isolation: 'process',
    } as const;
    for (const input of [
      { type: 'step', event: started },
      { type: 'step', event: { ...STEP_RECEIPT, cell, attempt } },
      { type: 'report', cell, attempt, report },
    ] as const) {
      const decided = decide(state, input, 1);
      state = decided.state;
      events += decided.events.length;
      open.push(...decided.commands);
    }
  }
  if (state.outcome !== 'succeeded') throw new Error(`the run ${state.outcome}`);
  return { perEventUs: ((performance.now() - startedMs) * 1000) / events, firstMs };
}

for (const cells of [100, 1_000, 10_000]) {
  const text = pipelineText(cells);
  const planMs = timed(7, () => planOf(text));
  const parseMs = timed(7, () => parseDocument(text));
  const plan = planOf(text);
  engineCost(plan);
  const { perEventUs, firstMs } = engineCost(plan);
  console.log(
    `${String(cells).padStart(6)} cells: plan ${planMs.toFixed(1)} ms (${(planMs / parseMs).toFixed(1)}x of the YAML parse, goal <= 300 ms at 10,000); ` +
      `first decision ${firstMs.toFixed(1)} ms; then ${perEventUs.toFixed(2)} us an event (goal <= 10)`,
  );
}
