import { shellWord } from '../../base/shell-word.ts';
import type { Plan, PlanJob, PlanStep } from '../plan.ts';
import { type PlanUses, usesText } from '../plan-action.ts';
import type { PlanArtifact, PlanDownload } from '../plan-artifact.ts';
import type { DirectoryCache } from '../plan-cache.ts';
import type { LossNote } from './contract.ts';

/** A plan without actions, and what of them is lost, by the id of the job. */
export interface WithoutActions {
  readonly plan: Plan;
  readonly notes: ReadonlyMap<string, readonly LossNote[]>;
}

/** What becomes of a step that performs an action. */
interface Turned {
  /** The step that stands there instead. */
  readonly step?: PlanStep;
  readonly artifact?: PlanArtifact;
  readonly download?: PlanDownload;
  readonly cache?: DirectoryCache;
  readonly note?: LossNote;
}

/**
 * The actions of a workflow in our words, for targets that have none: what a job keeps and brings along is declared; the
 * repository is there anyway; another action becomes a step that fails and says so.
 */
export function withoutActions(plan: Plan): WithoutActions {
  const notes = new Map<string, readonly LossNote[]>();
  const jobs = plan.jobs.map((job) => {
    const turned = job.steps.map((step) => (step.uses ? turn(step, step.uses) : { step }));
    const of = <Key extends keyof Turned>(key: Key) =>
      turned.flatMap((one) => (one[key] === undefined ? [] : [one[key] as NonNullable<Turned[Key]>]));
    notes.set(job.id, of('note'));
    const changed: PlanJob = {
      ...job,
      steps: of('step'),
      artifacts: [...job.artifacts, ...of('artifact')],
      downloads: [...job.downloads, ...of('download')],
      caches: [...job.caches, ...of('cache')],
    };
    return changed;
  });
  return { plan: { ...plan, jobs }, notes };
}

function turn(step: PlanStep, uses: PlanUses): Turned {
  const { place } = step;
  const given = (name: string, usual = '') => uses.with[name] ?? usual;
  const lines = (name: string) =>
    given(name)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const note = (message: string, instead: string): LossNote => ({
    feature: 'step.uses',
    message: `step ${step.id}: ${message}`,
    instead,
    place,
  });
  const action =
    uses.kind === 'repository' && uses.path === null ? uses.repository.toLowerCase() : usesText(uses);
  switch (action) {
    case 'actions/checkout': {
      const others = Object.entries(uses.with).filter(([name]) => name !== 'fetch-depth');
      return others.length === 0
        ? {}
        : {
            note: note(
              `checkout with ${JSON.stringify(Object.fromEntries(others))}`,
              'the target gets the repository in its own way',
            ),
          };
    }
    case 'actions/upload-artifact': {
      const days = Number(given('retention-days'));
      const artifact: PlanArtifact = {
        name: given('name', 'artifact'),
        paths: lines('path'),
        version: null,
        tags: {},
        retentionMs: days > 0 ? days * 86_400_000 : null,
        when: /always\(\)/.test(step.if?.source ?? '')
          ? 'always'
          : /failure\(\)/.test(step.if?.source ?? '')
            ? 'failure'
            : 'success',
        place,
      };
      return { artifact };
    }
    case 'actions/download-artifact': {
      const path = given('path', '.');
      if (given('name') === '') return { note: note('all artifacts are brought', 'none is brought') };
      return { download: { artifact: given('name'), from: null, files: [], path, readonly: false, place } };
    }
    case 'actions/cache':
    case 'actions/cache/restore':
      return {
        cache: {
          key: given('key'),
          keyFiles: [],
          restoreKeys: lines('restore-keys'),
          paths: lines('path'),
          readonly: action !== 'actions/cache',
          place,
        },
      };
    default:
      return otherAction(step, uses, action, note);
  }
}

function otherAction(
  step: PlanStep,
  uses: PlanUses,
  action: string,
  note: (message: string, instead: string) => LossNote,
): Turned {
  const tool = /^actions\/setup-(node|python|go|java|dotnet|ruby)$/.exec(action)?.[1];
  const script = { ...step, uses: null, shell: 'sh', workingDirectory: '.', refusal: null };
  const inputs = JSON.stringify(uses.with);
  if (tool !== undefined) {
    return {
      step: { ...script, run: `${TOOLS[tool]} || exit 1` },
      note: note(
        `${usesText(uses)} with ${inputs}`,
        `the ${tool} of the machine is used, whatever its version`,
      ),
    };
  }
  const sentence = `The action ${usesText(uses)} is known to GitHub alone.`;
  return {
    step: { ...script, run: `echo ${shellWord(sentence)} >&2\nexit 1` },
    note: note(`the action ${usesText(uses)} with ${inputs}`, 'the step fails and says so'),
  };
}

const TOOLS: Readonly<Record<string, string>> = {
  node: 'node --version',
  python: 'python3 --version',
  go: 'go version',
  java: 'java -version',
  dotnet: 'dotnet --version',
  ruby: 'ruby --version',
};
