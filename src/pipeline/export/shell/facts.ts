import type { Plan, PlanJob } from '../../plan.ts';
import { type Look, type Piece, text, variable } from './value.ts';

/** What every system knows of a run, by our own names. */
export type Fact =
  | 'branch'
  | 'tag'
  | 'ref'
  | 'refName'
  | 'sha'
  | 'repository'
  | 'actor'
  | 'event'
  | 'runId'
  | 'runNumber'
  | 'headRef'
  | 'baseRef'
  | 'workspace'
  | 'serverUrl';

/** The variable of the target's shell that holds a fact; a fact that is missing is not known there. */
export type Facts = Readonly<Partial<Record<Fact, string>>>;

const FACTS: Readonly<Record<string, Fact>> = {
  'git.branch': 'branch',
  'git.tag': 'tag',
  'git.ref': 'ref',
  'git.sha': 'sha',
  'git.repository': 'repository',
  'event.name': 'event',
  'event.actor': 'actor',
  'run.id': 'runId',
  'run.number': 'runNumber',
  'github.ref': 'ref',
  'github.ref_name': 'refName',
  'github.sha': 'sha',
  'github.repository': 'repository',
  'github.actor': 'actor',
  'github.event_name': 'event',
  'github.run_id': 'runId',
  'github.run_number': 'runNumber',
  'github.head_ref': 'headRef',
  'github.base_ref': 'baseRef',
  'github.workspace': 'workspace',
  'github.server_url': 'serverUrl',
};

/** GitHub's variables for its steps, and ours, whose values the target has under other names. */
const VARIABLES: Readonly<Record<string, Fact>> = {
  GITHUB_SHA: 'sha',
  GITHUB_REF: 'ref',
  GITHUB_REF_NAME: 'refName',
  GITHUB_HEAD_REF: 'headRef',
  GITHUB_BASE_REF: 'baseRef',
  GITHUB_REPOSITORY: 'repository',
  GITHUB_ACTOR: 'actor',
  GITHUB_EVENT_NAME: 'event',
  GITHUB_RUN_ID: 'runId',
  GITHUB_RUN_NUMBER: 'runNumber',
  GITHUB_WORKSPACE: 'workspace',
  GITHUB_SERVER_URL: 'serverUrl',
  SLUICE_WORKSPACE: 'workspace',
};

/** Where a job's expressions find their values: in variables of the shell that its steps run in. */
export function lookIn(plan: Plan, facts: Facts): Look {
  return (path) => {
    const [first, ...rest] = path;
    const context = first!.toLowerCase();
    const [name, ...deeper] = rest;
    if (name === undefined) return null;
    switch (context) {
      case 'env':
        return deeper.length === 0 ? [variable(name)] : null;
      case 'secrets':
        return deeper.length === 0 ? [variable(secretVariable(name))] : null;
      case 'vars':
      case 'variables':
        return deeper.length === 0 ? [variable(name)] : null;
      case 'inputs':
        return [variable(`INPUT_${word(name)}`)];
      case 'matrix':
        return deeper.length === 0 ? [variable(matrixVariable(name))] : null;
      case 'needs':
        return deeper[0]?.toLowerCase() === 'outputs' && deeper[1] !== undefined
          ? [variable(needVariable(name, deeper[1]))]
          : null;
      case 'steps':
        return stepValue(name, deeper);
      case 'pipeline':
        return name === 'name' ? [text(plan.name)] : name === 'file' ? [text(plan.file)] : null;
      default: {
        if (deeper.length > 0) return null;
        if (context === 'github' && name.toLowerCase() === 'workflow') return [text(plan.name)];
        const fact = FACTS[`${context}.${name.toLowerCase()}`];
        const known = fact && facts[fact];
        return known ? [variable(known)] : null;
      }
    }
  };
}

function stepValue(id: string, [what, name]: readonly string[]): readonly Piece[] | null {
  if (what?.toLowerCase() === 'outputs' && name !== undefined) return [variable(stepVariable(id, name))];
  return what === 'outcome' || what === 'conclusion' ? [variable(stepVariable(id, what))] : null;
}

export function matrixVariable(name: string): string {
  return `MATRIX_${word(name)}`;
}

export function needVariable(job: string, output: string): string {
  return `NEEDS_${word(job)}_${word(output)}`;
}

export function stepVariable(id: string, output: string): string {
  return `STEPS_${word(id)}_${word(output)}`;
}

/** GitHub's token has no twin elsewhere. */
export function secretVariable(name: string): string {
  return word(name);
}

function word(name: string): string {
  return name.replace(/\W/g, '_');
}

/** The variables of GitHub and ours that the scripts of a job name, with their values on the target; null: it has none. */
export function usedVariables(job: PlanJob, facts: Facts): [name: string, pieces: readonly Piece[] | null][] {
  const scripts = [...job.steps, ...job.cleanup].map(({ run }) => run).join('\n');
  const names = new Set(scripts.match(/\b(?:GITHUB|RUNNER|SLUICE)_[A-Z_]+\b/g));
  return [...names]
    .filter((name) => !/_(?:OUTPUT|ENV|PATH|STEP_SUMMARY|SUMMARY|STATE)$/.test(name))
    .map((name) => {
      const fact = VARIABLES[name];
      const known = fact && facts[fact];
      return [name, known ? [variable(known)] : null];
    });
}
