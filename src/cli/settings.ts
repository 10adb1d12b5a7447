import { resolve } from 'node:path';
import type { Diagnostic } from '../base/diagnostic.ts';
import { UserError } from '../base/diagnostic.ts';
import type { ColourChoice } from './look.ts';
import type { ClientSettings } from './ports.ts';

/** What flags, environment and defaults say, in this precedence. Paths are absolute. */
export interface Settings extends ClientSettings {
  readonly colour: ColourChoice;
  /** The pipeline file that was asked for; null: look for one. As it was written. */
  readonly file: { readonly path: string; readonly from: string } | null;
  readonly workersMax: number;
}

export interface SettingFlags {
  readonly home?: string;
  readonly color?: string | boolean;
  readonly file?: string;
  readonly workspace?: string;
  readonly workers?: string;
}

/** The most jobs that may run at the same time. */
const WORKERS_MAX = 1024;

/**
 * Reads the settings that hold for every verb: a flag goes before an environment variable, which goes before the default.
 * An empty environment variable counts as not set. Throws `UserError` with every bad value and where it came from.
 */
export function readSettings(
  flags: SettingFlags,
  environment: Readonly<Record<string, string | undefined>>,
  machine: { readonly cwd: string; readonly cores: number },
): Settings {
  const problems: Diagnostic[] = [];
  const pick = (flag: keyof SettingFlags, variable: string): Given | null => {
    const value = flags[flag];
    if (typeof value === 'string') {
      if (value === '')
        problems.push(problem(`--${flag} is empty`, `leave out --${flag}, or give it a value`));
      return { value, from: `--${flag}` };
    }
    return environment[variable] ? { value: environment[variable], from: variable } : null;
  };
  const path = (given: Given | null): string | null => given && resolve(machine.cwd, given.value);
  const file = pick('file', 'PIPELINE_CONFIG_PATH');
  const settings = {
    home: path(pick('home', 'SLUICE_HOME')),
    workspace: path(pick('workspace', 'PIPELINE_WORKSPACE')),
    file: file && { path: file.value, from: file.from },
    workersMax: workers(pick('workers', 'PIPELINE_MAX_WORKERS'), machine.cores, problems),
    colour: colour(flags.color, problems),
  };
  if (problems.length > 0) throw new UserError(problems);
  return settings;
}

interface Given {
  readonly value: string;
  readonly from: string;
}

function workers(given: Given | null, cores: number, problems: Diagnostic[]): number {
  if (!given) return cores;
  const count = /^\d{1,6}$/.test(given.value) ? Number(given.value) : 0;
  if (count >= 1 && count <= WORKERS_MAX) return count;
  const message = `${given.from} is ${JSON.stringify(given.value)}, which is not a number of workers`;
  problems.push(
    problem(message, `give a whole number from 1 to ${WORKERS_MAX}; this machine has ${cores} cores`),
  );
  return cores;
}

function colour(flag: string | boolean | undefined, problems: Diagnostic[]): ColourChoice {
  if (flag === undefined) return 'auto';
  if (flag === true) return 'always';
  if (flag === false) return 'never';
  if (flag === 'always' || flag === 'never' || flag === 'auto') return flag;
  problems.push(
    problem(`--color is ${JSON.stringify(flag)}, which is no choice of colours`, 'use always, never or auto'),
  );
  return 'auto';
}

function problem(message: string, suggestion: string): Diagnostic {
  return { severity: 'error', code: 'bad-setting', message, suggestion };
}
