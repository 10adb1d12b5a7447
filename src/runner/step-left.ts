import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { summaryFile } from './log/paths.ts';
import type { Redaction } from './mask/redaction.ts';
import { parseAssignments, parsePathEntries, readStepFile } from './step-file.ts';
import type { StepFiles } from './step-files.ts';

/** What a step left for later steps, and what of it was not taken. */
export interface StepLeft {
  readonly outputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly path: readonly string[];
  readonly warnings: readonly string[];
}

const NOTHING: StepLeft = { outputs: {}, variables: {}, path: [], warnings: [] };

/**
 * Reads the files that the step wrote. What holds a secret is dropped with a warning: it would be recorded in the journal.
 * The summary is kept beside the log, masked. Throws a `JobProblem`.
 */
export function readStepLeft(files: StepFiles, redaction: Redaction, log: string): StepLeft {
  const output = readStepFile(files.output, 'SLUICE_OUTPUT');
  const env = readStepFile(files.variables, 'SLUICE_ENV');
  const path = readStepFile(files.path, 'SLUICE_PATH');
  const summary = readStepFile(files.summary, 'SLUICE_SUMMARY');
  if (summary !== null) keepSummary(log, redaction.redact(summary));
  if (output === null && env === null && path === null) return NOTHING;
  const warnings: string[] = [];
  const withoutSecrets = (values: Record<string, string>, kind: string) => {
    for (const name of Object.keys(values)) {
      if (!redaction.reveals(values[name]!) && !redaction.reveals(name)) continue;
      delete values[name];
      warnings.push(
        `${kind} ${redaction.redact(name)} holds a secret and was dropped; later steps can be granted the secret itself`,
      );
    }
    return values;
  };
  const entries = path === null ? [] : parsePathEntries(path, 'SLUICE_PATH');
  return {
    outputs:
      output === null ? {} : withoutSecrets(parseAssignments(output, 'SLUICE_OUTPUT', 'output'), 'output'),
    variables:
      env === null ? {} : withoutSecrets(parseAssignments(env, 'SLUICE_ENV', 'variable'), 'variable'),
    path: entries.filter((entry) => !redaction.reveals(entry)),
    warnings,
  };
}

function keepSummary(log: string, text: string): void {
  const file = summaryFile(log);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
}
