import type { JsonObject } from '../../base/json.ts';
import { evaluateTemplate } from '../expression.ts';
import type { ExpressionContext } from '../expression-context.ts';
import { typedInputs } from '../expression-run.ts';
import type { Expression, Plan, PlanJob } from '../plan.ts';
import type { PlanCall, ScopeNeed, ScopeNeeds } from '../plan-call.ts';
import { foresee, type Needed, type Outlook } from './foresee.ts';

/** What only the run knows: results and outputs of other jobs. */
const LATER = /\b(needs|steps|secrets|env|job|runner)\b/i;
const OPEN: Outlook = { kind: 'open', sentence: 'its condition is decided at run time' };

/** What can be said before the run of the jobs of a workflow that calls others. */
export class CallOutlook {
  readonly #calls: ReadonlyMap<string, PlanCall>;
  readonly #context: ExpressionContext;
  /** By job: what is known of it. Those before a job are known when it is asked for. */
  readonly #known = new Map<string, Outlook>();

  constructor({ calls = [] }: Pick<Plan, 'calls'>, context: ExpressionContext) {
    this.#calls = new Map(calls.map((call) => [call.id, call]));
    this.#context = context;
  }

  /** To be asked in the order of needs. */
  foresee(job: PlanJob): Outlook {
    const outlook = this.#outlook(job);
    this.#known.set(job.id, outlook);
    return outlook;
  }

  #outlook(job: PlanJob): Outlook {
    const scope = job.workflow?.scope;
    if (!scope) return foresee(job.if, this.#context, { skipped: null, standby: null });
    const call = scope.call === null ? null : this.#calls.get(scope.call)!;
    const around = call ? this.#callOutlook(call) : null;
    if (around && around.kind !== 'runs') return around;
    return this.#condition(job.if, call, scope.needs);
  }

  #callOutlook(call: PlanCall): Outlook {
    const parent = call.parent === null ? null : this.#calls.get(call.parent)!;
    const around = parent ? this.#callOutlook(parent) : null;
    if (around && around.kind !== 'runs') return around;
    return this.#condition(call.if, parent, call.needs);
  }

  #condition(condition: Expression | null, call: PlanCall | null, needs: ScopeNeeds): Outlook {
    const inputs = call ? this.#inputs(call) : this.#context.inputs;
    if (inputs === null && /\binputs\b/i.test(condition?.source ?? '')) return OPEN;
    return foresee(condition, { ...this.#context, ...(inputs ? { inputs } : {}) }, this.#needed(needs));
  }

  /** null: some of them are known only to the run. */
  #inputs(call: PlanCall): JsonObject | null {
    const parent = call.parent === null ? null : this.#calls.get(call.parent)!;
    const outer = parent ? this.#inputs(parent) : this.#context.inputs;
    const values: Record<string, string> = {};
    for (const [name, { default: usual }] of Object.entries(call.inputs)) {
      const text = call.with[name] ?? usual;
      if (text === null) continue;
      if (text.includes('${{') && (LATER.test(text) || outer === null)) return null;
      const matrix = call.matrix ?? {};
      const value = evaluateTemplate(text, { ...this.#context, inputs: outer ?? {}, matrix });
      if (value.ok) values[name] = value.value;
    }
    return typedInputs(call, values);
  }

  #needed(needs: ScopeNeeds): Needed {
    const first = (kind: Outlook['kind']) =>
      Object.entries(needs).find(([, need]) => this.#kindOf(need) === kind)?.[0] ?? null;
    return { skipped: first('skipped'), standby: first('standby') };
  }

  /** A call is skipped, or stands by, when all of its jobs do. */
  #kindOf(need: ScopeNeed): Outlook['kind'] | null {
    if ('job' in need) return this.#known.get(need.job)?.kind ?? null;
    const kinds = need.calls.flatMap((id) =>
      Object.values(this.#calls.get(id)?.jobs ?? {}).map((one) => this.#kindOf(one)),
    );
    return (['skipped', 'standby'] as const).find((kind) => kinds.every((one) => one === kind)) ?? 'runs';
  }
}
