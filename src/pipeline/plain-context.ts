import type { JsonObject, JsonValue } from '../base/json.ts';
import { evaluateTemplate } from './expression.ts';
import type { RunContexts } from './expression-run.ts';

/** Characters that mean nothing to any shell. */
const HARMLESS = /^[A-Za-z0-9._/@:+=,-]*$/;

/** Whether a shell would take the text for no more than a word. */
export function isHarmless(text: string): boolean {
  return HARMLESS.test(text);
}

/**
 * The contexts of a run without the text that comes from outside: the event's, and names of branches and tags that a shell could
 * take for more than a word; and what variables have of it. `variables`: templates.
 */
export function plainRunContexts(
  contexts: RunContexts,
  variables: Readonly<Record<string, string>>,
): Pick<RunContexts, 'event' | 'git' | 'vars'> {
  const git = harmless(contexts.git) as JsonObject;
  const event = {
    name: harmless(contexts.event.name ?? null),
    ...(contexts.event.actor === undefined ? {} : { actor: harmless(contexts.event.actor) }),
    payload: withoutText(contexts.event.payload ?? {}),
  };
  const plain = { ...contexts, event, git };
  const status = { failed: false, cancelled: false, skippedNeed: false };
  const vars: Record<string, string> = {};
  for (const [name, template] of Object.entries(variables)) {
    const value = evaluateTemplate(template, { ...plain, vars, status });
    vars[name] = value.ok ? value.value : template;
  }
  return { event, git, vars };
}

/** What a forge itself fills in, or allows no free text in. */
const FILLED_IN = new Set([
  ...['action', 'base_ref', 'conclusion', 'default_branch', 'event', 'full_name', 'login', 'node_id', 'ref'],
  ...['ref_type', 'schedule', 'state', 'status', 'tag_name', 'type', 'visibility'],
]);

/** Numbers, truth values, commits and words that a forge fills in. Of all else a word may still be an option of a command. */
function withoutText(value: JsonValue, key = '', parent = ''): JsonValue {
  if (typeof value === 'string') {
    const isFilledIn = FILLED_IN.has(key) || (key === 'name' && parent === 'repository');
    const isWord = isFilledIn && HARMLESS.test(value) && !value.startsWith('-');
    return isWord || /^[0-9a-f]{40}$/.test(value) ? value : '';
  }
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((one) => withoutText(one));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutText(one, name, key)]));
}

/** With every text left out that is more than a word to a shell, however deep. */
export function harmless(value: JsonValue): JsonValue {
  if (typeof value === 'string') return HARMLESS.test(value) ? value : '';
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(harmless);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, harmless(one)]));
}
