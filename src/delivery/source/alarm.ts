import { visible } from '../../base/text.ts';
import { askJson } from './ask-http.ts';
import type { AlarmState } from './contract.ts';
import { valueAt } from './field.ts';
import { askPrometheus, type Labels } from './prometheus-api.ts';
import { type CommandPlace, runCommand } from './run-command.ts';

const QUIET: AlarmState = { state: 'quiet' };
const unknown = (reason: string): AlarmState => ({ state: 'unknown', reason });

/** Fires when the query has a value that is not 0, such as `ALERTS{alertname="Paging", alertstate="firing"}`. */
export async function askAlert(url: string, query: string, timeoutMs: number): Promise<AlarmState> {
  const asked = await askPrometheus(url, query, Date.now(), timeoutMs);
  if ('problem' in asked) return unknown(asked.problem);
  const result = asked.value;
  if (result.type === 'matrix') return unknown('gives a range; ask for what is now');
  const series = result.type === 'scalar' ? [{ metric: {}, value: result.sample }] : result.series;
  // An alert that is pending has not fired yet.
  const present = series.filter(({ metric }: { metric: Labels }) => metric.alertstate !== 'pending');
  if (present.some(({ value }) => Number.isNaN(Number(value[1])))) return unknown('gives NaN; see its query');
  const firing = present.find(({ value }) => Number(value[1]) !== 0);
  if (firing === undefined) return QUIET;
  const name = (firing.metric as Labels).alertname;
  return { state: 'firing', reason: name === undefined ? 'its query has a value' : `${visible(name)} fires` };
}

/** Fires when the field is true or a number over 0. */
export async function askFlag(url: string, field: string, timeoutMs: number): Promise<AlarmState> {
  const asked = await askJson({ url, form: null, timeoutMs });
  if ('problem' in asked) return unknown(asked.problem);
  const value = valueAt(asked.value.json, field);
  if (value === true || (typeof value === 'number' && value > 0))
    return { state: 'firing', reason: `${visible(field)} is ${value}` };
  if (value === false || typeof value === 'number') return QUIET;
  return unknown(`has neither true, false nor a number in the field ${visible(field)}; see what it answers`);
}

/** Fires when the command ends with an exit code that is not 0. */
export async function askScript(run: string, place: CommandPlace, timeoutMs: number): Promise<AlarmState> {
  const heard = await runCommand(run, place, timeoutMs);
  if (heard.kind === 'problem') return unknown(heard.problem);
  if (heard.code === 0) return QUIET;
  const said = heard.lastError === '' ? '' : `: ${heard.lastError}`;
  return { state: 'firing', reason: `it ended with exit code ${heard.code}${said}` };
}
