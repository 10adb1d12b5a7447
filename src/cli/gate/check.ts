import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { UserError, userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import type { BrokenReport, Evidence, ReportEvidence } from '../../gate/evidence.ts';
import { FactCollector } from '../../gate/facts/collect.ts';
import { type ChangeScope, judge } from '../../gate/judge.ts';
import { presetCondition } from '../../gate/policy/production.ts';
import { ReportError } from '../../gate/report/contract.ts';
import { readReport } from '../../gate/report/read-report.ts';
import type { GateResult } from '../../gate/result.ts';
import { GATE_PRESETS, type GateCondition, type GatePreset, type Waiver } from '../../pipeline/plan-gate.ts';
import { type Context, EXIT } from '../context.ts';
import { loadAsked } from '../pipeline-source.ts';
import { gateLines } from './render.ts';

export interface CheckOptions {
  readonly preset?: readonly string[];
  readonly job?: string;
}

interface Asked {
  readonly gate: string;
  readonly conditions: readonly GateCondition[];
  readonly waivers: readonly Waiver[];
}

/**
 * Judges reports on disk by the gates of the pipeline, or by presets, as a run would. There is no target branch here: what is
 * compared with it is inconclusive.
 */
export async function checkFiles(
  context: Context,
  files: readonly string[],
  options: CheckOptions,
): Promise<number> {
  if (files.length === 0)
    throw userError(
      'no-report',
      'gate check needs the reports to judge',
      'name them: sluice gate check report.xml lcov.info',
    );
  const source = await context.ports.repository(null).catch((error: unknown) => {
    if (error instanceof UserError && options.preset) return null;
    throw error;
  });
  const asked = options.preset ? [fromPresets(options.preset)] : await fromPipeline(context, options);
  const read = await readFiles(context, files, source?.path ?? context.ports.cwd);
  const now = context.ports.clock.now();
  const scope: ChangeScope = {
    base: null,
    head: source?.commit ?? null,
    baseBehind: 0,
    change: null,
    labels: [],
    authors: [],
  };
  const results = asked.map(({ gate, conditions, waivers }) => {
    const head = evidenceOf(read, gate, scope.head);
    const about = { gate, leadsToProduction: false, artifactDigest: null, waiverHistory: {} };
    return judge(conditions, { head, base: null }, scope, waivers, about, now);
  });
  if (context.json) context.printJson(results);
  else context.print(results.flatMap((result, index) => lines(context, result, index)));
  return results.some(({ effect }) => effect === 'blocks') ? EXIT.failed : EXIT.done;
}

function lines(context: Context, result: GateResult, index: number): string[] {
  const told = gateLines(result, context.look);
  return index === 0 ? told : ['', ...told];
}

function fromPresets(names: readonly string[]): Asked {
  const place = {
    file: 'the command line',
    start: { line: 1, column: 1 },
    end: { line: 1, column: 1 },
  };
  for (const name of names) {
    if (GATE_PRESETS.includes(name as GatePreset)) continue;
    const near = nearestName(name, GATE_PRESETS);
    throw userError(
      'preset-unknown',
      `there is no preset ${name}`,
      near ? `perhaps --preset ${near}` : `there are ${GATE_PRESETS.join(', ')}`,
    );
  }
  const conditions = names.map((name) => presetCondition(name as GatePreset, place));
  return { gate: 'preset', conditions, waivers: [] };
}

async function fromPipeline(context: Context, { job }: CheckOptions): Promise<readonly Asked[]> {
  const plan = await loadAsked(context, await context.ports.repository(null), undefined);
  const gated = plan.jobs.filter(({ gates }) => gates.length > 0);
  const names = gated.map(({ id }) => id);
  if (names.length === 0)
    throw userError('no-gate', `${plan.file} has no gates`, 'judge by a preset: --preset coverage-unit');
  if (job !== undefined && !names.includes(job)) {
    const near = nearestName(job, names);
    throw userError(
      'job-unknown',
      `no job with gates is called ${job}`,
      near ? `did you mean ${near}?` : `there are ${names.join(', ')}`,
    );
  }
  return gated
    .filter(({ id }) => job === undefined || id === job)
    .map(({ id, gates }) => ({ gate: id, conditions: gates, waivers: plan.waivers }));
}

interface Read {
  readonly reports: readonly Omit<ReportEvidence, 'job' | 'commit'>[];
  readonly broken: readonly Omit<BrokenReport, 'job'>[];
}

async function readFiles(context: Context, files: readonly string[], root: string): Promise<Read> {
  const reports: Omit<ReportEvidence, 'job' | 'commit'>[] = [];
  const broken: Omit<BrokenReport, 'job'>[] = [];
  for (const file of files) {
    const sink = new FactCollector([root]);
    try {
      const chunks = context.ports.files.chunks(resolve(context.ports.cwd, file));
      const read = await readReport(file, chunks, null, sink, turn);
      reports.push({ facts: sink.facts(file, read), writtenAtMs: null });
    } catch (error) {
      if (!(error instanceof ReportError)) throw error;
      const { kind, code, message, line } = error;
      broken.push({ file, kind: kind as BrokenReport['kind'], code, message, line });
    }
  }
  return { reports, broken };
}

function evidenceOf({ reports, broken }: Read, job: string, commit: string | null): Evidence {
  return {
    commit,
    beganAtMs: null,
    reports: reports.map((report) => ({ ...report, job, commit })),
    broken: broken.map((report) => ({ ...report, job })),
    jobs: [],
    figures: {},
  };
}
