import { isTemplate } from '../../expression-template.ts';
import type { Plan } from '../../plan.ts';
import { withoutActions } from '../actions.ts';
import type { Exported, LossNote } from '../contract.ts';
import { planLosses, stageLosses } from '../feature.ts';
import { namesOf } from '../names.ts';
import { exported, Page } from '../page.ts';
import { type Tree, writeYaml } from '../yaml.ts';
import { escaped, rulesOf, writtenJob } from './job.ts';
import { workflowRules } from './trigger.ts';

/** Words at the top of the file that are no jobs. */
const KEYWORDS =
  'image|services|stages|types|before_script|after_script|variables|cache|include|true|false|nil|default|workflow|pages|spec';
const NAME = new RegExp(`^(?!(?:${KEYWORDS})$)[A-Za-z_][\\w.-]*$`, 'i');

/** A GitLab pipeline that does what the plan says: each step in a shell of its own, as in Sluice. */
export function exportGitlab(given: Plan): Exported {
  const { plan, notes: actionNotes } = withoutActions(given);
  const names = namesOf(plan, NAME);
  const notes: LossNote[] = [];
  const rules = workflowRules(plan, notes);
  const jobRules = rulesOf(plan);
  const cancels = plan.concurrency?.policy === 'cancel-running';
  const tree: Record<string, Tree | undefined> = {
    workflow: {
      name: plan.name.includes('$') ? undefined : plan.name,
      auto_cancel: cancels ? { on_new_commit: 'interruptible' } : undefined,
      rules,
    },
    default: cancels ? { interruptible: true } : undefined,
    stages: plan.stages.map(({ name }) => name),
    variables: globalVariables(plan),
  };
  for (const job of plan.jobs)
    tree[names.job(job.id)] = writtenJob(plan, job, names, jobRules, actionNotes.get(job.id) ?? []);
  const page = new Page('.gitlab-ci.yml', '#');
  page.remark(`Written by sluice export from ${plan.file}.`);
  const secrets = [...new Set(plan.jobs.flatMap((job) => job.secrets.map(({ name }) => name)))];
  if (secrets.length > 0)
    page.remark(
      `Secrets, to be set as masked variables in the settings of the project: ${secrets.join(', ')}.`,
    );
  if (plan.concurrency && plan.concurrency.group !== '')
    notes.push({
      feature: 'concurrency',
      message: `that runs of the group ${plan.concurrency.group} are not at the same time (${plan.concurrency.policy})`,
      instead: cancels
        ? 'a new commit on the same branch cancels the run before'
        : 'runs go on beside each other',
      place: null,
    });
  for (const note of [
    ...notes,
    ...inputLosses(plan),
    ...planLosses(plan, ['name', 'variables', 'concurrency', 'triggers', 'inputs']),
    ...stageLosses(plan, ['name', 'dependsOn']),
  ])
    page.note(note);
  writeYaml(page, tree);
  return exported('gitlab', [page]);
}

/** Inputs, and variables that are plain text; the others are made in each job. */
function globalVariables({ inputs, variables }: Plan): Tree | undefined {
  const plain = Object.entries(variables).filter(([, text]) => !isTemplate(text));
  const given = Object.entries(inputs).map(([name, { description, default: given, options }]) => [
    `INPUT_${name.replace(/\W/g, '_')}`,
    {
      value: given ?? options?.[0] ?? '',
      description: description === '' ? undefined : description,
      options: options ? [...new Set([...(given === null ? [] : [given]), ...options])] : undefined,
    },
  ]);
  const entries = [...Object.entries(escaped(Object.fromEntries(plain)) as object), ...given];
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function inputLosses({ inputs }: Plan): LossNote[] {
  return Object.entries(inputs).flatMap(([name, { required, type }]) => {
    const unsaid = [...(required ? ['must be given'] : []), ...(type ? [`is a ${type}`] : [])];
    return unsaid.length === 0
      ? []
      : [
          {
            feature: 'inputs',
            message: `that the input ${name} ${unsaid.join(' and ')}`,
            instead: 'it is a variable with a text, which may be empty',
            place: null,
          },
        ];
  });
}
