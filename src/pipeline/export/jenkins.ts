import type { Plan, PlanJob } from '../plan.ts';
import { withoutActions } from './actions.ts';
import type { Exported, LossNote } from './contract.ts';
import { planLosses, stageLosses } from './feature.ts';
import { keepLosses } from './keep-loss.ts';
import { exported, Page } from './page.ts';
import type { ShellTarget } from './shell/job-script.ts';
import { readOutputs } from './shell/whole-script.ts';
import { cellVariables, type ShellJob, shellJob } from './shell-target.ts';
import { cellsOf, waveLosses, wavesOf } from './wave.ts';

const OUTPUTS = '.sluice-outputs';

const JENKINS: ShellTarget = {
  name: 'Jenkins',
  facts: {
    branch: 'SLUICE_BRANCH',
    tag: 'TAG_NAME',
    ref: 'SLUICE_REF',
    refName: 'SLUICE_REF_NAME',
    sha: 'GIT_COMMIT',
    runId: 'BUILD_TAG',
    runNumber: 'BUILD_NUMBER',
    headRef: 'CHANGE_BRANCH',
    baseRef: 'CHANGE_TARGET',
    actor: 'CHANGE_AUTHOR',
    workspace: 'WORKSPACE',
    serverUrl: 'JENKINS_URL',
  },
  definitions: {
    SLUICE_BRANCH:
      'if [ -n "$TAG_NAME" ]; then SLUICE_BRANCH=; else SLUICE_BRANCH=${CHANGE_BRANCH:-${BRANCH_NAME:-${GIT_BRANCH#origin/}}}; fi',
    SLUICE_REF:
      'if [ -n "$TAG_NAME" ]; then SLUICE_REF=refs/tags/$TAG_NAME; else SLUICE_REF=refs/heads/${CHANGE_BRANCH:-${BRANCH_NAME:-${GIT_BRANCH#origin/}}}; fi',
    SLUICE_REF_NAME: 'SLUICE_REF_NAME=${TAG_NAME:-${CHANGE_BRANCH:-${BRANCH_NAME:-${GIT_BRANCH#origin/}}}}',
  },
  eventName: (name) => name,
  outputFile: ({ id }) => `${OUTPUTS}/${id.replace(/[^\w.-]/g, '_')}`,
};

/** A declarative Jenkinsfile that does what the plan says. Jenkins has no graph of jobs: they run in waves. */
export function exportJenkins(given: Plan): Exported {
  const { plan, notes: early } = withoutActions(given);
  const page = new Page('Jenkinsfile', '//');
  const waves = wavesOf(plan);
  page.remark(`Written by sluice export from ${plan.file}.`);
  for (const note of [
    ...triggerLosses(plan),
    ...planLosses(plan, ['variables', 'concurrency', 'triggers', 'inputs', 'timeoutMs'], {
      name: 'the job at Jenkins has a name of its own',
    }),
    ...stageLosses(plan, ['dependsOn']),
    ...waveLosses(waves),
    ...planNotes(plan),
  ])
    page.note(note);
  page.add('pipeline {\n  agent none');
  section(page, '  ', 'options', [
    'skipDefaultCheckout(false)',
    ...(plan.timeoutMs === null ? [] : [timeoutOption(plan.timeoutMs)]),
    ...(plan.concurrency
      ? [
          `disableConcurrentBuilds(${plan.concurrency.policy === 'cancel-running' ? 'abortPrevious: true' : ''})`,
        ]
      : []),
  ]);
  const crons = plan.triggers.flatMap(({ cron }) => (cron === null ? [] : [cron]));
  section(
    page,
    '  ',
    'triggers',
    crons.length > 0 ? [`cron(${groovy(['TZ=UTC', ...crons].join('\n'))})`] : [],
  );
  section(
    page,
    '  ',
    'parameters',
    Object.entries(plan.inputs).map(([name, input]) => parameter(name, input)),
  );
  page.add('  stages {');
  for (const [index, wave] of waves.entries()) {
    const stages = wave.flatMap((job) => cellsOf(job).map((cell) => ({ job, cell })));
    const indent = stages.length > 1 ? '        ' : '    ';
    if (stages.length > 1) page.add(`    stage(${groovy(`Wave ${index + 1}`)}) {\n      parallel {`);
    for (const { job, cell } of stages) writeStage(page, indent, plan, job, cell, early.get(job.id) ?? []);
    if (stages.length > 1) page.add('      }\n    }');
  }
  page.add('  }\n}');
  return exported('jenkins', [page]);
}

function writeStage(
  page: Page,
  indent: string,
  plan: Plan,
  job: PlanJob,
  { suffix, values }: ReturnType<typeof cellsOf>[number],
  early: readonly LossNote[],
): void {
  const makers = plan.jobs.filter(
    ({ id, outputs }) => job.needs.includes(id) && Object.keys(outputs).length > 0,
  );
  const shell = shellJob(plan, job, JENKINS, {
    expressed: [
      'name',
      'container',
      'artifacts',
      'downloads',
      'retry',
      'allowFailure',
      'approval',
      'concurrency',
    ],
    instead: {
      services: 'none runs',
      caches: 'each time anew',
      silenceTimeoutMs: 'its longest time alone holds',
    },
    before: [
      ...(Object.keys(job.outputs).length > 0 ? [`mkdir -p ${OUTPUTS}`] : []),
      ...readOutputs(makers.map((maker) => JENKINS.outputFile(maker)!)),
    ],
    failed: 'true',
  });
  for (const note of [...early, ...shell.notes, ...keepLosses(job, 'Jenkins'), ...jobNotes(job)])
    page.note(note, indent);
  const inner = `${indent}  `;
  page.add(`${indent}stage(${groovy(`${job.name}${suffix.replace(/^_/, ' ')}`)}) {`);
  page.add(`${inner}agent ${job.approval ? 'none' : agentOf(job)}`);
  section(page, inner, 'options', [
    timeoutOption(job.timeoutMs),
    ...(job.retry.max > 0 ? [`retry(${job.retry.max + 1})`] : []),
    ...(job.concurrency ? [`lock(${groovy(job.concurrency.group)})`] : []),
  ]);
  const environment = { ...shell.script.constants, ...cellVariables(values) };
  section(page, inner, 'environment', [
    ...Object.entries(environment).map(([name, value]) => `${name} = ${groovy(value)}`),
    ...[...new Set(job.secrets.map(({ name }) => name))].map(
      (name) => `${name.replace(/\W/g, '_')} = credentials(${groovy(name)})`,
    ),
    ...Object.keys(plan.inputs).map(
      (name) => `INPUT_${name.replace(/\W/g, '_')} = "\${params.${name.replace(/\W/g, '_')}}"`,
    ),
  ]);
  writeWhen(page, inner, shell);
  if (job.approval) {
    const { message, approvers } = job.approval;
    const who = approvers.length > 0 ? `, submitter: ${groovy(approvers.join(','))}` : '';
    page.add(
      `${inner}steps {\n${inner}  input(message: ${groovy(message ?? 'Approve?')}${who})\n${inner}}\n${indent}}`,
    );
    return;
  }
  writeSteps(page, inner, plan, job, shell, suffix);
  writePost(page, inner, job, shell);
  page.add(`${indent}}`);
}

function writeWhen(page: Page, indent: string, { condition, script }: ShellJob): void {
  if (condition === null) return;
  const text = [...(script.setup === null ? [] : [script.setup]), condition].join('\n');
  page.add(
    `${indent}when {\n${indent}  expression { sh(returnStatus: true, script: ${groovy(text)}) == 0 }\n${indent}}`,
  );
}

function writeSteps(
  page: Page,
  indent: string,
  plan: Plan,
  job: PlanJob,
  { text }: ShellJob,
  suffix: string,
): void {
  const brought = plan.jobs.filter(({ id }) => job.needs.includes(id));
  const wanted = new Set(job.downloads.map(({ artifact }) => artifact));
  const stashes = brought.flatMap((other) => [
    ...(Object.keys(other.outputs).length > 0 ? [`outputs-${other.id}`] : []),
    ...other.artifacts.flatMap(({ name }) => (wanted.has(name) ? [name] : [])),
  ]);
  const kept = job.artifacts.map(({ name, paths }) => {
    const { includes, excludes } = antPatterns(paths);
    return `stash(name: ${groovy(name)}, includes: ${groovy(includes)}${excludes === '' ? '' : `, excludes: ${groovy(excludes)}`})`;
  });
  const lines = [
    ...stashes.map((name) => `unstash(${groovy(name)})`),
    `sh(${groovy(text)})`,
    ...(Object.keys(job.outputs).length > 0 && suffix === cellsOf(job)[0]!.suffix
      ? [`stash(name: ${groovy(`outputs-${job.id}`)}, includes: ${groovy(`${OUTPUTS}/**`)})`]
      : []),
    ...kept,
  ];
  const body = job.allowFailure
    ? [
        "catchError(buildResult: 'SUCCESS', stageResult: 'UNSTABLE') {",
        ...lines.map((line) => `  ${line}`),
        '}',
      ]
    : lines;
  section(page, indent, 'steps', body);
}

function writePost(page: Page, indent: string, job: PlanJob, { cleanup }: ShellJob): void {
  const junit = job.reports.filter(({ kind }) => kind === 'junit').flatMap(({ paths }) => paths);
  const always = [
    ...(cleanup === null ? [] : [`sh(${groovy(cleanup)})`]),
    ...(junit.length > 0
      ? [`junit(allowEmptyResults: false, testResults: ${groovy(junit.join(', '))})`]
      : []),
    ...job.artifacts.filter(({ when }) => when === 'always').map(archive),
  ];
  const success = job.artifacts.filter(({ when }) => when === 'success').map(archive);
  const failure = job.artifacts.filter(({ when }) => when === 'failure').map(archive);
  if (always.length + success.length + failure.length === 0) return;
  page.add(`${indent}post {`);
  section(page, `${indent}  `, 'always', always);
  section(page, `${indent}  `, 'success', success);
  section(page, `${indent}  `, 'failure', failure);
  page.add(`${indent}}`);
}

function archive({ paths }: PlanJob['artifacts'][number]): string {
  const { includes, excludes } = antPatterns(paths);
  return `archiveArtifacts(artifacts: ${groovy(includes)}${excludes === '' ? '' : `, excludes: ${groovy(excludes)}`})`;
}

/** Jenkins wants to be told that a folder means all that is in it. */
function antPatterns(paths: readonly string[]): { readonly includes: string; readonly excludes: string } {
  const whole = (path: string) =>
    /[*?]|\.\w+$/.test(path) ? path : `${path.replace(/\/$/, '')}/**, ${path}`;
  return {
    includes: paths
      .filter((path) => !path.startsWith('!'))
      .map(whole)
      .join(', '),
    excludes: paths
      .filter((path) => path.startsWith('!'))
      .map((path) => path.slice(1))
      .join(', '),
  };
}

function section(page: Page, indent: string, name: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  // The lines of a text stay where they are: within quotes an indent would count.
  page.add([`${indent}${name} {`, ...lines.map((line) => `${indent}  ${line}`), `${indent}}`].join('\n'));
}

function agentOf({ container }: PlanJob): string {
  if (!container) return 'any';
  const { image, options, user, volumes, ports } = container;
  const args = [
    options,
    user === null ? null : `-u ${user}`,
    ...volumes.map((volume) => `-v ${volume}`),
    ...ports.map((port) => `-p ${port}`),
  ].filter((part) => part !== null);
  return `{ docker { image ${groovy(image)}${args.length > 0 ? `; args ${groovy(args.join(' '))}` : ''} } }`;
}

function timeoutOption(ms: number): string {
  return `timeout(time: ${Math.max(1, Math.ceil(ms / 1000))}, unit: 'SECONDS')`;
}

function parameter(
  name: string,
  { default: given, description, options, type }: Plan['inputs'][string],
): string {
  const words = `name: ${groovy(name.replace(/\W/g, '_'))}, description: ${groovy(description)}`;
  if (type === 'boolean') return `booleanParam(${words}, defaultValue: ${given === 'true'})`;
  if (options) {
    // The first one is the default.
    const sorted = [...(given === null ? [] : [given]), ...options.filter((one) => one !== given)];
    return `choice(${words}, choices: [${sorted.map(groovy).join(', ')}])`;
  }
  return `string(${words}, defaultValue: ${groovy(given ?? '')})`;
}

/** A text of Groovy in which nothing is filled in. */
export function groovy(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\');
  if (!text.includes('\n')) return `'${escaped.replaceAll("'", "\\'")}'`;
  // Within three quotes one stands for itself, but not at the end.
  return `'''${escaped.replaceAll("'''", "\\'\\'\\'").replace(/'$/, "\\'")}'''`;
}

function triggerLosses({ triggers }: Plan): LossNote[] {
  return triggers
    .filter(({ event }) => event !== 'schedule')
    .map(({ event, ...filters }) => {
      const said = Object.entries(filters).filter(([, value]) => Array.isArray(value) && value.length > 0);
      return {
        feature: 'triggers',
        message: `the event ${event}${said.length > 0 ? ` with ${JSON.stringify(Object.fromEntries(said))}` : ''}`,
        instead: 'the job at Jenkins says which branches it builds, and when',
        place: null,
      };
    });
}

function planNotes({ concurrency, inputs }: Plan): LossNote[] {
  return [
    ...(concurrency
      ? [
          {
            feature: 'concurrency',
            message: `the group ${concurrency.group} and its policy ${concurrency.policy}`,
            instead: 'builds of one branch are not at the same time',
            place: null,
          },
        ]
      : []),
    ...Object.entries(inputs).flatMap(([name, { required, type }]) =>
      required || type === 'number'
        ? [
            {
              feature: 'inputs',
              message: `that the input ${name} ${required ? 'must be given' : ''}${type === 'number' ? ' is a number' : ''}`,
              instead: 'it is a text with a default',
              place: null,
            },
          ]
        : [],
    ),
  ];
}

function jobNotes(job: PlanJob): LossNote[] {
  const { retry, concurrency, approval, container, place, timeoutMs } = job;
  const lose = (feature: string, message: string, instead: string): LossNote => ({
    feature,
    message: `job ${job.id}: ${message}`,
    instead,
    place,
  });
  return [
    ...(retry.max > 0 && (retry.delayMs > 0 || retry.on.length > 0)
      ? [
          lose(
            'job.retry',
            `when it is tried again: ${JSON.stringify(retry)}`,
            'it is tried again at once, after any failure',
          ),
        ]
      : []),
    ...(concurrency
      ? [
          lose(
            'job.concurrency',
            `the policy ${concurrency.policy} of its group`,
            'it waits for a lock (plugin lockable-resources)',
          ),
        ]
      : []),
    ...(approval
      ? [
          lose(
            'job.approval',
            `that ${approval.count} must agree${approval.authorAllowed ? '' : ', and not the author'}${Object.keys(approval.form).length > 0 ? `, with ${Object.keys(approval.form).join(', ')}` : ''}; and ${approval.onExpiry} after ${approval.expiresAfterMs ?? timeoutMs} ms`,
            'one of those who may can go on',
          ),
        ]
      : []),
    ...(container?.credentials
      ? [
          lose(
            'container',
            `the user ${container.credentials.username} of the registry`,
            'Jenkins has to be logged in',
          ),
        ]
      : []),
    ...(container && Object.keys(container.variables).length > 0
      ? [
          lose(
            'container',
            `the variables ${JSON.stringify(container.variables)} of the container`,
            'they are not set',
          ),
        ]
      : []),
    ...(job.cleanup.some(({ when }) => when === 'on-failure')
      ? [lose('job.cleanup', 'that some of the clean-up is for failures', 'all of it runs always')]
      : []),
  ];
}
