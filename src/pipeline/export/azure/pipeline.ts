import type { Plan, PlanJob, Trigger } from '../../plan.ts';
import { withoutActions } from '../actions.ts';
import type { Exported, LossNote } from '../contract.ts';
import { planLosses, stageLosses } from '../feature.ts';
import { type Names, namesOf } from '../names.ts';
import { exported, Page } from '../page.ts';
import { sides } from '../pattern.ts';
import { needVariable } from '../shell/facts.ts';
import type { ShellTarget } from '../shell/job-script.ts';
import { cellVariables, shellJob } from '../shell-target.ts';
import { cellsOf } from '../wave.ts';
import { type Tree, told, writeYaml } from '../yaml.ts';
import { azureCondition, eventName } from './condition.ts';

const OUTPUTS = '.sluice-outputs.env';

const AZURE: ShellTarget = {
  name: 'Azure Pipelines',
  facts: {
    branch: 'SLUICE_BRANCH',
    tag: 'SLUICE_TAG',
    ref: 'BUILD_SOURCEBRANCH',
    refName: 'BUILD_SOURCEBRANCHNAME',
    sha: 'BUILD_SOURCEVERSION',
    repository: 'BUILD_REPOSITORY_NAME',
    actor: 'BUILD_REQUESTEDFOR',
    event: 'BUILD_REASON',
    runId: 'BUILD_BUILDID',
    runNumber: 'BUILD_BUILDNUMBER',
    headRef: 'SYSTEM_PULLREQUEST_SOURCEBRANCH',
    baseRef: 'SYSTEM_PULLREQUEST_TARGETBRANCH',
    workspace: 'BUILD_SOURCESDIRECTORY',
    serverUrl: 'SYSTEM_COLLECTIONURI',
  },
  definitions: {
    SLUICE_BRANCH:
      'case $BUILD_SOURCEBRANCH in refs/heads/*) SLUICE_BRANCH=${BUILD_SOURCEBRANCH#refs/heads/} ;; *) SLUICE_BRANCH= ;; esac',
    SLUICE_TAG:
      'case $BUILD_SOURCEBRANCH in refs/tags/*) SLUICE_TAG=${BUILD_SOURCEBRANCH#refs/tags/} ;; *) SLUICE_TAG= ;; esac',
  },
  eventName,
  outputFile: () => OUTPUTS,
};

/** An Azure pipeline that does what the plan says. The steps of a job are one script. */
export function exportAzure(given: Plan): Exported {
  const { plan, notes } = withoutActions(given);
  const names = namesOf(plan, /^[A-Za-z_]\w*$/, '_');
  const page = new Page('azure-pipelines.yml', '#');
  page.remark(`Written by sluice export from ${plan.file}.`);
  const own: LossNote[] = [];
  const tree = {
    ...triggers(plan, own),
    parameters: parameters(plan),
    jobs: plan.jobs.map((job) => writtenJob(plan, job, names, notes.get(job.id) ?? [])),
  };
  for (const note of [
    ...own,
    ...planLosses(plan, ['variables', 'triggers', 'inputs'], {
      name: 'the pipeline is named at Azure',
      concurrency: 'runs go on beside each other',
    }),
    ...inputLosses(plan),
    ...stageLosses(plan, ['dependsOn']),
  ])
    page.note(note);
  writeYaml(page, tree);
  return exported('azure', [page]);
}

function writtenJob(plan: Plan, job: PlanJob, names: Names, early: readonly LossNote[]): Tree {
  const name = names.job;
  const lose = (feature: string, message: string, instead: string): LossNote => ({
    feature,
    message: `job ${job.id}: ${message}`,
    instead,
    place: job.place,
  });
  const outputs = Object.keys(job.outputs);
  const { text, cleanup, notes, script } = shellJob(plan, job, AZURE, {
    expressed: ['name', 'allowFailure', 'container', 'artifacts', 'downloads', 'caches', 'approval', 'if'],
    instead: { services: 'none runs' },
    before: [],
    failed: '[ "$AGENT_JOBSTATUS" = Failed ]',
  });
  const condition = job.if ? azureCondition(job.if.source, name) : null;
  const cells = job.matrix?.cells ? cellsOf(job) : [];
  const secrets = Object.fromEntries(
    job.secrets.map((secret) => [secret.name.replace(/\W/g, '_'), `$(${secret.name})`]),
  );
  const env = Object.keys(secrets).length > 0 ? { env: secrets } : {};
  const makers = plan.jobs.filter((other) => job.needs.includes(other.id));
  const given = makers.flatMap((maker) =>
    Object.keys(maker.outputs).map((output) => [
      needVariable(maker.id, output),
      `$[ dependencies.${name(maker.id)}.outputs['outputs.${needVariable(maker.id, output)}'] ]`,
    ]),
  );
  const variables = {
    ...script.constants,
    ...Object.fromEntries(
      Object.keys(plan.inputs).map((input) => [
        `INPUT_${input.replace(/\W/g, '_')}`,
        `\${{ parameters.${input.replace(/\W/g, '_')} }}`,
      ]),
    ),
    ...Object.fromEntries(given),
  };
  const steps: Tree[] = [
    { checkout: 'self' },
    ...job.caches.map(({ key, keyFiles, restoreKeys, paths }) => ({
      task: 'Cache@2',
      inputs: {
        key: [JSON.stringify(cacheKey(key)), ...keyFiles].join(' | '),
        restoreKeys:
          restoreKeys.length > 0
            ? restoreKeys.map((one) => JSON.stringify(cacheKey(one))).join('\n')
            : undefined,
        path: paths[0]!,
      },
    })),
    ...job.downloads.map(({ artifact, path, files }) => ({
      task: 'DownloadPipelineArtifact@2',
      inputs: {
        artifactName: artifact,
        targetPath: path === '.' ? '$(Build.SourcesDirectory)' : path,
        itemPattern: files.length > 0 ? files.join('\n') : undefined,
      },
    })),
    { bash: text, displayName: 'Steps', ...env },
    ...(outputs.length > 0 ? [{ bash: SET_OUTPUTS, name: 'outputs', displayName: 'Outputs' }] : []),
    ...job.artifacts.map((artifact) => ({
      publish: artifact.paths[0]!,
      artifact: artifact.name,
      condition:
        artifact.when === 'success' ? undefined : artifact.when === 'failure' ? 'failed()' : 'always()',
    })),
    ...(cleanup === null ? [] : [{ bash: cleanup, displayName: 'Clean-up', condition: 'always()', ...env }]),
  ];
  const approval = job.approval;
  const tree: Tree = {
    job: name(job.id),
    displayName: job.name === job.id ? undefined : job.name,
    dependsOn: job.needs.map(name),
    condition: job.if ? (condition ?? 'false') : undefined,
    timeoutInMinutes: Math.max(1, Math.ceil((approval?.expiresAfterMs ?? job.timeoutMs) / 60_000)),
    continueOnError: job.allowFailure || undefined,
    strategy:
      cells.length > 0
        ? {
            matrix: Object.fromEntries(
              cells.map(({ suffix, values }) => [
                suffix.slice(1).replace(/^(?=\d)/, '_') || '_',
                cellVariables(values),
              ]),
            ),
            maxParallel: job.matrix?.maxParallel ?? undefined,
          }
        : undefined,
    pool: approval ? 'server' : { vmImage: 'ubuntu-latest' },
    container: job.container && !approval ? containerOf(job) : undefined,
    variables: Object.keys(variables).length > 0 && !approval ? variables : undefined,
    steps: approval
      ? [
          {
            task: 'ManualValidation@1',
            inputs: {
              notifyUsers: approval.approvers.join('\n'),
              instructions: approval.message ?? 'Approve?',
              onTimeout: approval.onExpiry === 'approve' ? 'resume' : 'reject',
            },
          },
        ]
      : steps,
  };
  return told(tree, [
    ...early,
    // Its own conditions can say what a shell cannot.
    ...notes.filter(
      ({ feature }) => feature !== 'job.if' && !(feature === 'job.matrix' && / at most /.test(feature)),
    ),
    ...(job.if && condition === null
      ? [
          {
            ...lose('job.if', `Azure Pipelines cannot decide ${job.if.source}`, 'the job never runs'),
            place: job.if.place,
          },
        ]
      : []),
    ...(job.timeoutMs % 60_000 === 0
      ? []
      : [
          lose('job.timeoutMs', `its longest time is ${job.timeoutMs / 1000} s`, 'whole minutes stand there'),
        ]),
    ...keepLosses(job, lose),
    ...(approval ? approvalLosses(job, lose) : []),
    ...(job.container ? containerLosses(job, lose) : []),
  ]);
}

const SET_OUTPUTS = `while IFS='=' read -r name value; do
  echo "##vso[task.setvariable variable=$name;isOutput=true]$value"
done < ${OUTPUTS}`;

type Lose = (feature: string, message: string, instead: string) => LossNote;

function keepLosses(job: PlanJob, lose: Lose): LossNote[] {
  return [
    ...job.artifacts.flatMap(({ name, paths, version, tags, retentionMs }) => {
      const said = {
        ...(paths.length > 1 ? { paths } : {}),
        ...(version === null ? {} : { version }),
        ...(Object.keys(tags).length > 0 ? { tags } : {}),
        ...(retentionMs === null ? {} : { retentionMs }),
      };
      return Object.keys(said).length > 0
        ? [
            lose(
              'artifact',
              `of the artifact ${name}: ${JSON.stringify(said)}`,
              'its first path is kept, for as long as the settings say',
            ),
          ]
        : [];
    }),
    ...job.caches.flatMap(({ key, keyFiles, paths, readonly }) =>
      paths.length > 1 || readonly || /\$\{\{/.test(cacheKey(key))
        ? [
            lose(
              'cache',
              `of the cache ${key}: ${JSON.stringify({ keyFiles, paths, readonly })}`,
              'its first path is kept',
            ),
          ]
        : [],
    ),
  ];
}

function approvalLosses({ approval, steps }: PlanJob, lose: Lose): LossNote[] {
  const { count, authorAllowed, form } = approval!;
  const fields = Object.keys(form);
  return [
    lose(
      'job.approval',
      `that ${count} must agree${authorAllowed ? '' : ', and not the author'}${fields.length > 0 ? `, with ${fields.join(', ')}` : ''}`,
      'one of those who are told can go on',
    ),
    ...(steps.length > 0
      ? [lose('job.steps', 'steps beside an approval', 'nothing was written instead')]
      : []),
  ];
}

function containerOf({ container }: PlanJob): Tree {
  const { image, variables, ports, volumes, options } = container!;
  return {
    image,
    env: Object.keys(variables).length > 0 ? variables : undefined,
    ports: ports.length > 0 ? ports : undefined,
    volumes: volumes.length > 0 ? volumes : undefined,
    options: options ?? undefined,
  };
}

function containerLosses({ container }: PlanJob, lose: Lose): LossNote[] {
  const { credentials, user } = container!;
  return [
    ...(credentials
      ? [
          lose(
            'container',
            `the user ${credentials.username} of the registry`,
            'a service connection has to be named as `endpoint`',
          ),
        ]
      : []),
    ...(user === null
      ? []
      : [lose('container', `the user ${user} in the container`, "the image's own stands there")]),
  ];
}

/** A cache key in Azure's words. */
function cacheKey(key: string): string {
  return key
    .replace(/\$\{\{\s*(?:git\.branch|github\.ref_name)\s*\}\}/g, '$(Build.SourceBranchName)')
    .replace(/\$\{\{\s*(?:git|github)\.sha\s*\}\}/g, '$(Build.SourceVersion)');
}

function triggers({ triggers }: Plan, notes: LossNote[]): Record<string, Tree | undefined> {
  const lose = (message: string, instead: string) =>
    notes.push({ feature: 'triggers', message, instead, place: null });
  if (triggers.length === 0) return {};
  const push = triggers.find(({ event }) => event === 'push');
  const tag = triggers.find(({ event }) => event === 'tag');
  const pull = triggers.find(({ event }) => /^pull_request/.test(event));
  const crons = triggers.flatMap(({ cron }) => (cron === null ? [] : [cron]));
  for (const cron of crons) lose(`that the schedule ${cron} is for the default branch`, 'it is for main');
  for (const { event, types } of triggers) {
    if (types)
      lose(`kinds of activity of ${event}: ${types.join(', ')}`, 'each change of a pull request starts it');
    if (!/^(?:push|tag|schedule|manual|pull_request)/.test(event))
      lose(`the event ${event}`, 'nothing starts it so');
  }
  const filters = (trigger: Trigger) => ({
    branches: filter(trigger.branches, trigger.branchesIgnore),
    paths: filter(trigger.paths, trigger.pathsIgnore),
  });
  const tags = [...(push?.tags ?? []), ...(tag ? (tag.tags.length > 0 ? tag.tags : ['*']) : [])];
  const own = push ? filters(push) : { branches: undefined, paths: undefined };
  const trigger = {
    branches:
      own.branches ??
      (push && push.tags.length === 0 ? { include: ['*'] } : tag ? { exclude: ['*'] } : undefined),
    paths: own.paths,
    tags: tags.length > 0 ? filter(tags, []) : undefined,
  };
  return {
    trigger: push || tag ? trigger : 'none',
    pr: pull ? { ...filters(pull), branches: filters(pull).branches ?? { include: ['*'] } } : 'none',
    schedules:
      crons.length > 0
        ? crons.map((cron) => ({ cron, displayName: cron, branches: { include: ['main'] }, always: true }))
        : undefined,
  };
}

function filter(include: readonly string[], exclude: readonly string[]): Tree | undefined {
  const { takes, leaves } = sides(include);
  const out = [...leaves, ...exclude];
  if (takes.length + out.length === 0) return undefined;
  return { include: takes.length > 0 ? takes : ['*'], exclude: out.length > 0 ? out : undefined };
}

function parameters({ inputs }: Plan): Tree | undefined {
  const list = Object.entries(inputs).map(([name, { type, default: given, options, description }]) => ({
    name: name.replace(/\W/g, '_'),
    displayName: description === '' ? undefined : description,
    type: type ?? 'string',
    default: given ?? (options ? options[0]! : ' '),
    values: options && !type ? options : undefined,
  }));
  return list.length > 0 ? list : undefined;
}

function inputLosses({ inputs }: Plan): LossNote[] {
  return Object.entries(inputs).flatMap(([name, { required }]) =>
    required
      ? [
          {
            feature: 'inputs',
            message: `that the input ${name} must be given`,
            instead: 'it has a default',
            place: null,
          },
        ]
      : [],
  );
}
