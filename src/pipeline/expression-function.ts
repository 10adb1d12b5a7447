import { data, wellKnownFunctions } from '@actions/expressions';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import type { JsonValue } from '../base/json.ts';
import type { ExpressionContext } from './expression-context.ts';
import { fromData, toData } from './expression-data.ts';

type Status = ExpressionContext['status'];

/** The functions that look at how things went. A condition that calls none of them is `success() && (condition)`. */
export const STATUS_FUNCTIONS: readonly string[] = ['success', 'failure', 'cancelled', 'always'];

/** As they are written in the manual. */
export const FUNCTION_NAMES: readonly string[] = [
  'contains',
  'startsWith',
  'endsWith',
  'format',
  'join',
  'toJSON',
  'fromJSON',
  'case',
  'hashFiles',
  ...STATUS_FUNCTIONS,
];

/** Like the library's, which cannot keep a key such as `constructor` and whose message does not say what it was given. */
const fromJson: FunctionDefinition = {
  name: 'fromJSON',
  minArgs: 1,
  maxArgs: 1,
  call: (input) => {
    const text = input!.coerceString();
    if (text.trim() === '') throw new Error('fromJSON() was given an empty text');
    return toData(parseJson(text));
  },
};

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    // The parser's own message quotes the text, which may be a secret.
    throw new Error(`fromJSON() was given ${text.length} characters that are not JSON`);
  }
}

const toJson: FunctionDefinition = {
  name: 'toJSON',
  minArgs: 1,
  maxArgs: 1,
  call: (value) => new data.StringData(JSON.stringify(fromData(value!), null, 2)),
};

function statusFunction(name: string, value: boolean): FunctionDefinition {
  return { name, minArgs: 0, maxArgs: 0, call: () => toData(value) };
}

function hashFiles(of: ExpressionContext['hashFiles']): FunctionDefinition {
  return {
    name: 'hashFiles',
    minArgs: 1,
    maxArgs: 255,
    call: (...globs) => {
      if (!of) throw new Error('hashFiles() was asked where no files are');
      return toData(of(globs.map((glob) => glob.coerceString())));
    },
  };
}

/** Names and counts of arguments, for the parser. */
export const FUNCTION_DEFINITIONS: readonly FunctionDefinition[] = [
  ...Object.values(wellKnownFunctions),
  ...STATUS_FUNCTIONS.map((name) => statusFunction(name, true)),
  hashFiles(undefined),
];

/** What each status function says. */
export function statusValue(name: string, status: Status): boolean {
  switch (name) {
    case 'success':
      return !status.failed && !status.cancelled && !status.skippedNeed;
    case 'failure':
      return status.failed;
    case 'cancelled':
      return status.cancelled;
    default:
      return true;
  }
}

const functionTables = new Map<number, Map<string, FunctionDefinition>>();

/** The functions for evaluation. */
export function functionsFor(
  context: Pick<ExpressionContext, 'status' | 'hashFiles'>,
): Map<string, FunctionDefinition> {
  const table = statusTable(context.status);
  return context.hashFiles ? new Map([...table, ['hashfiles', hashFiles(context.hashFiles)]]) : table;
}

/** One table for each of the eight statuses, made once. */
function statusTable(status: Status): Map<string, FunctionDefinition> {
  const key = (status.failed ? 1 : 0) + (status.cancelled ? 2 : 0) + (status.skippedNeed ? 4 : 0);
  let table = functionTables.get(key);
  if (!table) {
    table = new Map([
      ['fromjson', fromJson],
      ['tojson', toJson],
      ['hashfiles', hashFiles(undefined)],
    ]);
    for (const name of STATUS_FUNCTIONS) table.set(name, statusFunction(name, statusValue(name, status)));
    functionTables.set(key, table);
  }
  return table;
}
