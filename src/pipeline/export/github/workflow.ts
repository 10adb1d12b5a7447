import type { Plan } from '../../plan.ts';
import type { Exported } from '../contract.ts';
import { planLosses, stageLosses } from '../feature.ts';
import { namesOf } from '../names.ts';
import { exported, Page } from '../page.ts';
import { type Tree, writeYaml } from '../yaml.ts';
import { concurrencyLosses, writtenConcurrency } from './concurrency.ts';
import { githubWords } from './expression.ts';
import { NO_DEFAULTS, runTree, writtenJob } from './job.ts';
import type { RunDefaults } from './step.ts';
import { writtenTriggers } from './trigger.ts';

/** A GitHub workflow that does what the plan says. What a workflow's plan says is said again, so that both give the same plan. */
export function exportGithub(plan: Plan): Exported {
  const names = namesOf(plan, /^[A-Za-z_][\w-]*$/);
  const words = githubWords(plan, names, null, false);
  const { concurrency, variables } = plan;
  const defaults = defaultsOf(plan);
  const hasVariables = plan.dialect === 'sluice' && Object.keys(variables).length > 0;
  const tree: Record<string, Tree | undefined> = {
    name: plan.name === plan.file ? undefined : plan.name,
    on: writtenTriggers(plan),
    concurrency: concurrency ? writtenConcurrency(concurrency, words.template) : undefined,
    defaults: defaults === NO_DEFAULTS ? undefined : { run: runTree(defaults, NO_DEFAULTS) },
    env: hasVariables ? envOf(plan, words.template) : undefined,
    jobs: Object.fromEntries(
      plan.jobs.map((job) => [names.job(job.id), writtenJob(plan, job, names, defaults)]),
    ),
  };
  const page = new Page(fileOf(plan), '#');
  page.remark(`Written by sluice export from ${plan.file}.`);
  for (const note of [
    ...words.losses(),
    ...planLosses(plan, ['name', 'variables', 'concurrency', 'triggers', 'inputs']),
    ...stageLosses(plan, ['dependsOn']),
    ...(concurrency ? concurrencyLosses('the pipeline', concurrency, null) : []),
  ])
    page.note(note);
  writeYaml(page, tree);
  return exported('github', [page]);
}

/** Variables of the whole see only those before, and no `env`: their values are written out. */
function envOf(plan: Plan, template: (text: string) => string): Tree {
  return Object.fromEntries(Object.entries(plan.variables).map(([name, text]) => [name, template(text)]));
}

/** What most steps of ours have in common. A workflow's own defaults are in its steps already. */
function defaultsOf({ dialect, jobs }: Plan): RunDefaults {
  if (dialect === 'github') return NO_DEFAULTS;
  const counts = new Map<string, number>();
  for (const { shell } of jobs.flatMap(({ steps, cleanup }) => [...steps, ...cleanup]))
    counts.set(shell, (counts.get(shell) ?? 0) + 1);
  const [usual] = [...counts].sort(([, a], [, b]) => b - a);
  return usual && usual[0] !== NO_DEFAULTS.shell ? { ...NO_DEFAULTS, shell: usual[0] } : NO_DEFAULTS;
}

function fileOf({ name, file }: Plan): string {
  if (/^\.github\/workflows\//.test(file)) return file;
  return `.github/workflows/${name.replace(/[^\w.-]+/g, '-') || 'pipeline'}.yml`;
}
