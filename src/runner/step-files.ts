import { readdirSync } from 'node:fs';
import type { Random } from '../base/port.ts';
import { JobProblem } from './problem.ts';

/** Where a step leaves what it wants to tell; made by the step, under names that another step cannot guess. */
export interface StepFiles {
  readonly output: string;
  readonly variables: string;
  readonly path: string;
  readonly summary: string;
  /** Of an action: for its own later parts. */
  readonly state: string;
  /** Ours: the script, when it is not handed over as an argument. */
  readonly script: string;
}

/** Fresh names for one try of a step in the private folder of the job. Makes no file. */
export function newStepFiles(folder: string, stepKey: string, random: Random): StepFiles {
  return stepFiles(folder, stepKey, Buffer.from(random.bytes(12)).toString('hex'));
}

/**
 * The names that an earlier owner gave a try, found by what the step wrote; null when it wrote nothing so far. Throws a
 * `JobProblem` when there are several: then nobody can say which are the real ones.
 */
export function findStepFiles(folder: string, stepKey: string): StepFiles | null {
  const tokens = new Set<string>();
  for (const name of readdirSync(folder)) {
    const match = /^(output|env|path|summary|state)-(.+)-([0-9a-f]{24})$/.exec(name);
    if (match && match[2] === stepKey) tokens.add(match[3]!);
  }
  if (tokens.size > 1) throw new JobProblem(`the files of step ${stepKey} in the job's folder are ambiguous`);
  const [token] = tokens;
  return token === undefined ? null : stepFiles(folder, stepKey, token);
}

function stepFiles(folder: string, stepKey: string, token: string): StepFiles {
  const file = (kind: string) => `${folder}/${kind}-${stepKey}-${token}`;
  return {
    output: file('output'),
    variables: file('env'),
    path: file('path'),
    summary: file('summary'),
    state: file('state'),
    script: file('script'),
  };
}
