import type { Plan, PlanJob } from '../plan.ts';
import { withoutActions } from './actions.ts';
import type { Exported, LossNote } from './contract.ts';
import { planLosses, stageLosses } from './feature.ts';
import { keepLosses } from './keep-loss.ts';
import { namesOf } from './names.ts';
import { exported, Page } from './page.ts';
import { needVariable } from './shell/facts.ts';
import type { ShellTarget } from './shell/job-script.ts';
import { cellVariables, shellJob } from './shell-target.ts';
import { cellsOf, waveLosses, wavesOf } from './wave.ts';
import { type Tree, told, writeYaml } from './yaml.ts';

const OUTPUTS = '.sluice-outputs.env';

const CODEBUILD: ShellTarget = {
  name: 'CodePipeline',
  facts: {
    branch: 'SLUICE_BRANCH',
    refName: 'SLUICE_BRANCH',
    ref: 'SLUICE_REF',
    sha: 'CODEBUILD_RESOLVED_SOURCE_VERSION',
    runId: 'CODEBUILD_BUILD_ID',
    runNumber: 'CODEBUILD_BUILD_NUMBER',
    actor: 'CODEBUILD_INITIATOR',
    workspace: 'CODEBUILD_SRC_DIR',
  },
  definitions: { SLUICE_REF: 'SLUICE_REF=refs/heads/$SLUICE_BRANCH' },
  eventName: (name) => name,
  outputFile: () => OUTPUTS,
};

const IMAGE = 'aws/codebuild/standard:7.0';

/**
 * A CloudFormation template of a pipeline at CodePipeline, and a build specification for each job. CodePipeline has no graph of
 * jobs: they are actions of stages one after another.
 */
export function exportCodepipeline(given: Plan): Exported {
  const { plan, notes: early } = withoutActions(given);
  const names = namesOf(plan, /^[A-Za-z][A-Za-z0-9-]*$/);
  const name = (id: string) => names.job(id).replace(/[^A-Za-z0-9-]/g, '-');
  const waves = wavesOf(plan);
  const page = new Page('codepipeline.yml', '#');
  page.remark(`Written by sluice export from ${plan.file}.`);
  for (const note of [
    ...planLosses(plan, ['name', 'variables'], {
      triggers: 'each push to the branch starts it',
      concurrency: 'a newer run replaces one that waits',
      inputs: 'they are empty',
    }),
    ...stageLosses(plan, ['dependsOn']),
    ...waveLosses(waves),
  ])
    page.note(note);
  const jobs = plan.jobs.filter(({ approval }) => !approval);
  writeYaml(page, {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: plan.name,
    Parameters: PARAMETERS,
    Resources: {
      ...Object.fromEntries(
        jobs.map((job) => [`Build${resource(name(job.id))}`, project(job, name(job.id))]),
      ),
      Pipeline: {
        Type: 'AWS::CodePipeline::Pipeline',
        Properties: {
          PipelineType: 'V2',
          ExecutionMode:
            plan.concurrency?.policy === 'queue' || plan.concurrency?.policy === 'never-cancel'
              ? 'QUEUED'
              : 'SUPERSEDED',
          RoleArn: { Ref: 'PipelineRole' },
          ArtifactStore: { Type: 'S3', Location: { Ref: 'ArtifactBucket' } },
          Stages: [
            SOURCE,
            ...waves.map((wave, index) => ({
              Name: `Wave${index + 1}`,
              Actions: wave.flatMap((job) => actions(plan, job, name)),
            })),
          ],
        },
      },
    },
  });
  return exported('codepipeline', [
    page,
    ...jobs.map((job) => buildspec(plan, job, name(job.id), early.get(job.id) ?? [])),
  ]);
}

const PARAMETERS = Object.fromEntries(
  ['PipelineRole', 'BuildRole', 'ArtifactBucket', 'ConnectionArn', 'Repository', 'Branch'].map((name) => [
    name,
    { Type: 'String' },
  ]),
);

const SOURCE: Tree = {
  Name: 'Source',
  Actions: [
    {
      Name: 'Source',
      Namespace: 'Source',
      ActionTypeId: { Category: 'Source', Owner: 'AWS', Provider: 'CodeStarSourceConnection', Version: '1' },
      Configuration: {
        ConnectionArn: { Ref: 'ConnectionArn' },
        FullRepositoryId: { Ref: 'Repository' },
        BranchName: { Ref: 'Branch' },
        OutputArtifactFormat: 'CODEBUILD_CLONE_REF',
      },
      OutputArtifacts: [{ Name: 'Source' }],
    },
  ],
};

function resource(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '');
}

function project(job: PlanJob, name: string): Tree {
  return {
    Type: 'AWS::CodeBuild::Project',
    Properties: {
      Name: name,
      ServiceRole: { Ref: 'BuildRole' },
      Artifacts: { Type: 'CODEPIPELINE' },
      // CodeBuild takes from 5 minutes to 36 hours.
      TimeoutInMinutes: Math.min(2160, Math.max(5, Math.ceil(job.timeoutMs / 60_000))),
      Environment: {
        Type: 'LINUX_CONTAINER',
        ComputeType: 'BUILD_GENERAL1_SMALL',
        Image: job.container?.image ?? IMAGE,
        PrivilegedMode: false,
      },
      Source: { Type: 'CODEPIPELINE', BuildSpec: `buildspec/${name}.yml` },
    },
  };
}

function actions(plan: Plan, job: PlanJob, name: (id: string) => string): Tree[] {
  if (job.approval) {
    const { message, approvers, count } = job.approval;
    const note: LossNote = {
      feature: 'job.approval',
      message: `job ${job.id}: that ${count} of ${approvers.join(', ') || 'everyone who may'} agree`,
      instead: 'everyone with the permission can go on',
      place: job.approval.place,
    };
    return [
      told(
        {
          Name: name(job.id),
          ActionTypeId: { Category: 'Approval', Owner: 'AWS', Provider: 'Manual', Version: '1' },
          Configuration: { CustomData: message ?? 'Approve?' },
        },
        [note],
      ),
    ];
  }
  const makers = plan.jobs.filter(({ id }) => job.needs.includes(id));
  const brought = job.downloads.length > 0 ? makers.filter(({ artifacts }) => artifacts.length > 0) : [];
  return cellsOf(job).map(({ suffix, values }) => {
    const variables = {
      SLUICE_BRANCH: '#{Source.BranchName}',
      ...cellVariables(values),
      ...Object.fromEntries(
        makers.flatMap((maker) =>
          Object.keys(maker.outputs).map((output) => {
            const variable = needVariable(maker.id, output);
            return [variable, `#{${namespace(name(maker.id), cellsOf(maker)[0]!.suffix)}.${variable}}`];
          }),
        ),
      ),
    };
    const action = name(job.id) + suffix;
    return {
      Name: action,
      Namespace: Object.keys(job.outputs).length > 0 ? namespace(name(job.id), suffix) : undefined,
      ActionTypeId: { Category: 'Build', Owner: 'AWS', Provider: 'CodeBuild', Version: '1' },
      Configuration: {
        ProjectName: name(job.id),
        PrimarySource: 'Source',
        EnvironmentVariables: JSON.stringify(
          Object.entries(variables).map(([key, value]) => ({ name: key, value, type: 'PLAINTEXT' })),
        ),
      },
      InputArtifacts: [
        { Name: 'Source' },
        ...brought.flatMap((maker) =>
          cellsOf(maker).map((cell) => ({ Name: `${name(maker.id)}${cell.suffix}`.replace(/-/g, '_') })),
        ),
      ],
      OutputArtifacts: job.artifacts.length > 0 ? [{ Name: action.replace(/-/g, '_') }] : undefined,
    };
  });
}

function namespace(name: string, suffix: string): string {
  return `${name}${suffix}`.replace(/[^\w@-]/g, '_');
}

function buildspec(plan: Plan, job: PlanJob, name: string, early: readonly LossNote[]): Page {
  const page = new Page(`buildspec/${name}.yml`, '#');
  const makers = plan.jobs.filter(({ id, artifacts }) => job.needs.includes(id) && artifacts.length > 0);
  const bring = makers.flatMap((maker) =>
    cellsOf(maker).map(({ suffix }) => `CODEBUILD_SRC_DIR_${`${maker.id}${suffix}`.replace(/\W/g, '_')}`),
  );
  const outputs = Object.keys(job.outputs);
  const { text, cleanup, notes, condition, script } = shellJob(plan, job, CODEBUILD, {
    expressed: ['container', 'artifacts', 'downloads', 'caches'],
    instead: {
      services: 'none runs',
      silenceTimeoutMs: 'its longest time alone holds',
      concurrency: 'runs go on beside each other',
    },
    before: job.downloads.length > 0 ? bring.map((folder) => `cp -R "$${folder}"/. .`) : [],
    failed: '[ "$CODEBUILD_BUILD_SUCCEEDING" = 0 ]',
  });
  const lose = (feature: string, message: string, instead: string): LossNote => ({
    feature,
    message: `job ${job.id}: ${message}`,
    instead,
    place: job.place,
  });
  const secrets = [...new Set(job.secrets.map((secret) => secret.name))];
  const files = job.artifacts.flatMap(({ paths }) => paths);
  const guarded =
    condition === null
      ? text
      : `${script.setup === null ? '' : `${script.setup}\n`}if ${condition}; then :; else echo Skipped; exit 0; fi\n${text}`;
  const container = job.container
    ? (({ credentials, ports, volumes, user, options, variables }) =>
        JSON.stringify({ credentials: credentials?.username, ports, volumes, user, options, variables }))(
        job.container,
      )
    : null;
  for (const note of [
    ...early,
    ...notes,
    ...keepLosses(job, 'CodePipeline'),
    ...(condition === null
      ? []
      : [
          {
            ...lose(
              'job.if',
              'that it is skipped',
              'it begins, asks its condition and ends; jobs behind it go on',
            ),
            place: job.if!.place,
          },
        ]),
    ...(job.timeoutMs % 60_000 === 0 && job.timeoutMs >= 300_000 && job.timeoutMs <= 2160 * 60_000
      ? []
      : [
          lose(
            'job.timeoutMs',
            `its longest time of ${job.timeoutMs / 1000} s`,
            'CodeBuild takes whole minutes from 5 to 2160',
          ),
        ]),
    ...(container && container !== '{"ports":[],"volumes":[],"user":null,"options":null,"variables":{}}'
      ? [lose('container', `of its container: ${container}`, 'the image alone stands in the template')]
      : []),
  ])
    page.note(note);
  const exports = outputs.map((output) => needVariable(job.id, output));
  const take = `while IFS= read -r line; do export "$line"; done < ${OUTPUTS}`;
  writeYaml(page, {
    version: 0.2,
    env: {
      shell: 'bash',
      variables: Object.keys(script.constants).length > 0 ? script.constants : undefined,
      'parameter-store':
        secrets.length > 0
          ? Object.fromEntries(secrets.map((secret) => [secret.replace(/\W/g, '_'), secret]))
          : undefined,
      'exported-variables': exports.length > 0 ? exports : undefined,
    },
    phases: {
      build: {
        'on-failure': 'ABORT',
        commands: [
          `cat > .sluice-steps <<'SLUICE_STEPS'\n${guarded}\nSLUICE_STEPS\nbash .sluice-steps`,
          ...(exports.length > 0 ? [take] : []),
        ],
        finally: cleanup === null ? undefined : [cleanup],
      },
    },
    artifacts:
      files.length > 0
        ? {
            files: files
              .filter((path) => !path.startsWith('!'))
              .flatMap((path) => (/[*?]|\.\w+$/.test(path) ? [path] : [`${path}/**/*`])),
            'exclude-paths': files.some((path) => path.startsWith('!'))
              ? files.filter((path) => path.startsWith('!')).map((path) => path.slice(1))
              : undefined,
          }
        : undefined,
    cache:
      job.caches.length > 0
        ? {
            paths: job.caches.flatMap(({ paths }) =>
              paths.map((path) => (/[*?]/.test(path) ? path : `${path}/**/*`)),
            ),
          }
        : undefined,
  });
  return page;
}
