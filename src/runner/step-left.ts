import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HiddenLeft } from './command/notes.ts';
import { summaryFile } from './log/paths.ts';
import type { Redaction } from './mask/redaction.ts';
import { parseAssignments, parsePathEntries, readStepFile, type VariableRules } from './step-file.ts';
import type { StepFiles } from './step-files.ts';

/** What a step left for later steps, and what of it was not taken. */
export interface StepLeft {
  readonly outputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly path: readonly string[];
  readonly warnings: readonly string[];
  /** What holds a secret; null: nothing does, or it was dropped. */
  readonly hidden: HiddenLeft | null;
}

/** How the files of a step are read. */
export interface LeftRules {
  /** As the step knows its files: `SLUICE` or `GITHUB`. */
  readonly prefix: 'SLUICE' | 'GITHUB';
  /** What holds a secret goes to the steps behind this one without the journal; else it is dropped with a warning. */
  readonly hides: boolean;
  /** Which variables a step may leave for the others. */
  readonly variables: VariableRules;
}

const NOTHING: StepLeft = { outputs: {}, variables: {}, path: [], warnings: [], hidden: null };

/**
 * Reads the files that the step wrote. What holds a secret is never recorded in the journal. The summary is kept beside the log,
 * masked. Throws a `JobProblem`.
 */
export function readStepLeft(
  files: StepFiles,
  redaction: Redaction,
  log: string,
  { prefix, hides, variables }: LeftRules,
): StepLeft {
  const output = readStepFile(files.output, `${prefix}_OUTPUT`);
  const env = readStepFile(files.variables, `${prefix}_ENV`);
  const path = readStepFile(files.path, `${prefix}_PATH`);
  const summary = readStepFile(files.summary, `${prefix}_${prefix === 'GITHUB' ? 'STEP_' : ''}SUMMARY`);
  if (summary) keepSummary(log, redaction.redact(summary));
  if (!output && !env && !path) return NOTHING;
  const warnings: string[] = [];
  const hidden = { outputs: {}, variables: {}, path: [] as string[] };
  let isHidden = false;
  const withoutSecrets = (
    values: Record<string, string>,
    kind: string,
    kept: Record<string, string>,
  ): Record<string, string> => {
    for (const name of Object.keys(values)) {
      if (!redaction.reveals(values[name]!) && !redaction.reveals(name)) continue;
      if (hides) {
        kept[name] = values[name]!;
        isHidden = true;
      }
      delete values[name];
      if (hides) continue;
      warnings.push(
        `${kind} ${redaction.redact(name)} holds a secret and was dropped; later steps can be granted the secret itself`,
      );
    }
    return values;
  };
  const entries = path === null ? [] : parsePathEntries(path, `${prefix}_PATH`);
  const left = {
    outputs: withoutSecrets(
      output === null ? {} : parseAssignments(output, `${prefix}_OUTPUT`, 'output'),
      'output',
      hidden.outputs,
    ),
    variables: withoutSecrets(
      env === null ? {} : parseAssignments(env, `${prefix}_ENV`, variables),
      'variable',
      hidden.variables,
    ),
    path: entries.filter((entry) => !redaction.reveals(entry)),
  };
  return { ...left, warnings, hidden: isHidden ? hidden : null };
}

function keepSummary(log: string, text: string): void {
  const file = summaryFile(log);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
}
