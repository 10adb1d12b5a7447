import type { Plan, PlanJob } from '../plan.ts';
import { withoutActions } from './actions.ts';
import type { Exported, LossNote } from './contract.ts';
import { planLosses, stageLosses } from './feature.ts';
import { keepLosses } from './keep-loss.ts';
import { type Names, namesOf } from './names.ts';
import { exported, Page } from './page.ts';
import type { ShellTarget } from './shell/job-script.ts';
import { readOutputs } from './shell/whole-script.ts';
import { cellVariables, shellJob } from './shell-target.ts';
import { cellsOf } from './wave.ts';
import { type Tree, told, writeYaml } from './yaml.ts';

const OUTPUTS = '.sluice-outputs';
/** Where no job has a container. */
const MACHINE = { image: 'ubuntu-2404:current' };

const CIRCLECI: ShellTarget = {
  name: 'CircleCI',
  facts: {
    branch: 'CIRCLE_BRANCH',
    tag: 'CIRCLE_TAG',
    ref: 'SLUICE_REF',
    refName: 'SLUICE_REF_NAME',
    sha: 'CIRCLE_SHA1',
    repository: 'SLUICE_REPOSITORY',
    actor: 'CIRCLE_USERNAME',
    runId: 'CIRCLE_WORKFLOW_ID',
    workspace: 'PWD',
  },
  definitions: {
    SLUICE_REF:
      'if [ -n "$CIRCLE_TAG" ]; then SLUICE_REF=refs/tags/$CIRCLE_TAG; else SLUICE_REF=refs/heads/$CIRCLE_BRANCH; fi',
    SLUICE_REF_NAME: 'SLUICE_REF_NAME=${CIRCLE_TAG:-$CIRCLE_BRANCH}',
    SLUICE_REPOSITORY: 'SLUICE_REPOSITORY=$CIRCLE_PROJECT_USERNAME/$CIRCLE_PROJECT_REPONAME',
  },
  eventName: (name) => name,
  outputFile: ({ id }) => `${OUTPUTS}/${id.replace(/[^\w.-]/g, '_')}`,
};

/** A CircleCI configuration, version 2.1, that does what the plan says. The steps of a job are one script. */
export function exportCircleci(given: Plan): Exported {
  const { plan, notes } = withoutActions(given);
  const names = namesOf(plan, /^[A-Za-z][\w-]*$/);
  const page = new Page('.circleci/config.yml', '#');
  page.remark(`Written by sluice export from ${plan.file}.`);
  const secrets = [...new Set(plan.jobs.flatMap((job) => job.secrets.map(({ name }) => name)))];
  if (secrets.length > 0)
    page.remark(
      `Secrets, to be set as environment variables of the project or a context: ${secrets.join(', ')}.`,
    );
  for (const note of [
    ...planLosses(plan, ['name', 'variables', 'inputs'], {
      triggers: 'each push starts it; all else is set at CircleCI',
      concurrency: 'the setting "auto-cancel redundant workflows" does something like it',
    }),
    ...inputLosses(plan),
    ...stageLosses(plan, ['dependsOn']),
  ])
    page.note(note);
  const jobs = plan.jobs.filter(({ approval }) => !approval);
  const tree: { [key: string]: Tree | undefined } = {
    version: 2.1,
    parameters: parameters(plan),
    jobs: Object.fromEntries(
      jobs.map((job) => [names.job(job.id), writtenJob(plan, job, notes.get(job.id) ?? [])]),
    ),
    workflows: {
      [plan.name.replace(/[^\w-]+/g, '-')]: { jobs: plan.jobs.flatMap((job) => entries(plan, job, names)) },
    },
  };
  writeYaml(page, escaped(tree) as typeof tree);
  return exported('circleci', [page]);
}

function writtenJob(plan: Plan, job: PlanJob, early: readonly LossNote[]): Tree {
  const makers = plan.jobs.filter(
    ({ id, outputs }) => job.needs.includes(id) && Object.keys(outputs).length > 0,
  );
  const brought = plan.jobs.some(
    ({ id, artifacts }) => job.needs.includes(id) && artifacts.length > 0 && job.downloads.length > 0,
  );
  const { text, cleanup, notes, condition, script } = shellJob(plan, job, CIRCLECI, {
    expressed: ['container', 'artifacts', 'downloads', 'caches', 'services', 'silenceTimeoutMs'],
    instead: { timeoutMs: 'CircleCI has its own limit' },
    before: [
      ...(Object.keys(job.outputs).length > 0 ? [`mkdir -p ${OUTPUTS}`] : []),
      ...readOutputs(makers.map((maker) => CIRCLECI.outputFile(maker)!)),
    ],
    failed: '[ -e .sluice-failed ]',
  });
  const environment = {
    ...script.constants,
    ...Object.fromEntries(
      Object.keys(plan.inputs).map((name) => [
        `INPUT_${name.replace(/\W/g, '_')}`,
        `<< pipeline.parameters.${parameter(name)} >>`,
      ]),
    ),
    ...Object.fromEntries(matrixNames(job).map((name) => [name, `<< parameters.${name} >>`])),
  };
  const persisted = [
    ...(Object.keys(job.outputs).length > 0 ? [OUTPUTS] : []),
    ...job.artifacts.flatMap(({ paths }) => paths.filter((path) => !path.startsWith('!'))),
  ];
  const steps: Tree[] = [
    'checkout',
    ...(makers.length > 0 || brought ? [{ attach_workspace: { at: '.' } }] : []),
    ...job.caches.map(({ key, restoreKeys }) => ({
      restore_cache: { keys: [key, ...restoreKeys].map(cacheKey) },
    })),
    ...(condition === null
      ? []
      : [
          {
            run: {
              name: 'Condition',
              command: `${conditionSetup(script.setup)}if ${condition}; then :; else circleci-agent step halt; fi`,
            },
          },
        ]),
    {
      run: {
        name: 'Steps',
        no_output_timeout:
          job.silenceTimeoutMs === null ? undefined : `${Math.ceil(job.silenceTimeoutMs / 1000)}s`,
        command: job.cleanup.some(({ when }) => when === 'on-failure')
          ? `touch .sluice-failed\n${text}\nrm .sluice-failed`
          : text,
      },
    },
    ...(cleanup === null ? [] : [{ run: { name: 'Clean-up', when: 'always', command: cleanup } }]),
    ...(persisted.length > 0 ? [{ persist_to_workspace: { root: '.', paths: persisted } }] : []),
    ...job.artifacts.flatMap(({ paths }) =>
      paths.filter((path) => !path.startsWith('!')).map((path) => ({ store_artifacts: { path } })),
    ),
    ...job.caches
      .filter(({ readonly }) => !readonly)
      .map(({ key, paths }) => ({ save_cache: { key: cacheKey(key), paths } })),
  ];
  const names = matrixNames(job);
  const containers = [
    ...(job.container ? [{ image: job.container.image }] : []),
    ...job.services.flatMap((service) =>
      service.kind === 'container'
        ? [
            {
              image: service.container.image,
              name: service.name,
              environment: service.container.variables as Tree,
            },
          ]
        : [],
    ),
  ];
  return told(
    {
      parameters:
        names.length > 0
          ? Object.fromEntries(names.map((name) => [name, { type: 'string', default: '' }]))
          : undefined,
      ...(job.container ? { docker: containers } : { machine: MACHINE }),
      environment: Object.keys(environment).length > 0 ? environment : undefined,
      steps,
    },
    [
      ...early,
      ...notes,
      ...conditionLosses(job, condition),
      ...timeoutLoss(job),
      ...keepLosses(job, 'CircleCI'),
      ...containerLosses(job),
    ],
  );
}

/** The jobs of the workflow: one for each combination. */
function entries(plan: Plan, job: PlanJob, names: Names): Tree[] {
  const requires = job.needs.flatMap((id) => {
    const other = plan.jobs.find((one) => one.id === id)!;
    return cellsOf(other).map(({ suffix }) => names.job(id) + suffix);
  });
  const needs = requires.length > 0 ? { requires } : {};
  const name = names.job(job.id);
  if (job.approval) {
    const { message, approvers, count } = job.approval;
    const note: LossNote = {
      feature: 'job.approval',
      message: `job ${job.id}: that ${count} of ${approvers.join(', ') || 'everyone who may'} agree${message === null ? '' : ` to: ${message}`}`,
      instead: 'everyone who may see the workflow can go on',
      place: job.approval.place,
    };
    return [told({ [name]: { type: 'approval', ...needs } }, [note])];
  }
  return cellsOf(job).map(({ suffix, values }) => {
    const given = { ...(suffix === '' ? {} : { name: name + suffix }), ...needs, ...cellVariables(values) };
    return Object.keys(given).length > 0 ? { [name]: given } : name;
  });
}

function matrixNames(job: PlanJob): string[] {
  return [
    ...new Set(
      (job.matrix?.cells ?? []).flatMap((cell) =>
        Object.keys(cellVariables(Object.fromEntries(Object.keys(cell).map((key) => [key, ''])))),
      ),
    ),
  ];
}

function parameters({ inputs }: Plan): Tree | undefined {
  const pairs = Object.entries(inputs).map(([name, input]) => [
    parameter(name),
    {
      type: input.options ? 'enum' : 'string',
      enum: input.options ?? undefined,
      default: input.default ?? input.options?.[0] ?? '',
      description: input.description === '' ? undefined : input.description,
    },
  ]);
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
}

function inputLosses({ inputs }: Plan): LossNote[] {
  return Object.entries(inputs).flatMap(([name, { required, type }]) =>
    required || type
      ? [
          {
            feature: 'inputs',
            message: `that the input ${name} ${[...(required ? ['must be given'] : []), ...(type ? [`is a ${type}`] : [])].join(' and ')}`,
            instead: 'it is a text with a default',
            place: null,
          },
        ]
      : [],
  );
}

function parameter(name: string): string {
  return name.toLowerCase().replace(/\W/g, '_');
}

/** A key with `hashFiles` in CircleCI's words; other expressions are told as lost. */
function cacheKey(key: string): string {
  return key
    .replace(/\$\{\{\s*hashFiles\('([^']*)'\)\s*\}\}/gi, '{{ checksum "$1" }}')
    .replace(/\$\{\{\s*(?:git\.branch|github\.ref_name)\s*\}\}/g, '{{ .Branch }}')
    .replace(/\$\{\{\s*(?:git|github)\.sha\s*\}\}/g, '{{ .Revision }}');
}

function conditionSetup(setup: string | null): string {
  return setup === null ? '' : `${setup}\n`;
}

function conditionLosses({ id, if: condition }: PlanJob, command: string | null): LossNote[] {
  if (command === null || !condition) return [];
  return [
    {
      feature: 'job.if',
      message: `job ${id}: that it is skipped`,
      instead: 'it begins, asks its condition and halts; jobs behind it go on',
      place: condition.place,
    },
  ];
}

function timeoutLoss({ id, timeoutMs, place }: PlanJob): LossNote[] {
  return [
    {
      feature: 'job.timeoutMs',
      message: `job ${id}: its longest time of ${timeoutMs / 1000} s`,
      instead: 'CircleCI has its own limit',
      place,
    },
  ];
}

function containerLosses({ id, container, services, place }: PlanJob): LossNote[] {
  const all = [
    ...(container ? [container] : []),
    ...services.flatMap((service) => (service.kind === 'container' ? [service.container] : [])),
  ];
  const beside = services.filter(({ kind }) => kind === 'container');
  const lose = (message: string, instead: string): LossNote => ({
    feature: 'container',
    message: `job ${id}: ${message}`,
    instead,
    place,
  });
  return [
    ...all
      .map(({ image, credentials, ports, volumes, user, options }) => ({
        image,
        said: {
          ...(credentials ? { credentials: credentials.username } : {}),
          ...(ports.length > 0 ? { ports } : {}),
          ...(volumes.length > 0 ? { volumes } : {}),
          ...(user === null ? {} : { user }),
          ...(options === null ? {} : { options }),
        },
      }))
      .filter(({ said }) => Object.keys(said).length > 0)
      .map(({ image, said }) =>
        lose(`of the image ${image}: ${JSON.stringify(said)}`, 'the image alone stands there'),
      ),
    ...(container && Object.keys(container.variables).length > 0
      ? [lose(`the variables ${JSON.stringify(container.variables)} of the container`, 'they are not set')]
      : []),
    ...beside.flatMap((service) =>
      service.health || (service.kind === 'container' && service.command !== null)
        ? [
            lose(
              `how ${service.name} is asked and started: ${service.health?.name ?? ''} ${service.kind === 'container' ? (service.command ?? '') : ''}`,
              'the image as it is',
            ),
          ]
        : [],
    ),
    ...(container || beside.length === 0
      ? []
      : [
          lose(
            `the services ${beside.map(({ name }) => name).join(', ')}`,
            'none runs, since the job has no container',
          ),
        ]),
  ];
}

/** `<<` begins a parameter for CircleCI; in a script it is written with a backslash. */
function escaped(tree: Tree | undefined, key = ''): Tree | undefined {
  if (typeof tree === 'string') return key === 'command' ? tree.replaceAll('<<', '\\<<') : tree;
  if (tree === undefined || tree === null || typeof tree !== 'object') return tree;
  if (Array.isArray(tree)) return tree.map((one) => escaped(one) as Tree);
  if ('notes' in tree && 'value' in tree && Array.isArray(tree.notes))
    return told(escaped(tree.value as Tree) as Tree, tree.notes);
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => [name, escaped(value as Tree, name)]),
  );
}
