import type { Verb } from './context.ts';

/** A verb as the command line knows it before its module is loaded. */
export interface VerbDefinition {
  readonly name: string;
  /** As commander reads it: `<needed>`, `[optional]`, `[many...]`. */
  readonly arguments: readonly (readonly [name: string, description: string])[];
  readonly summary: string;
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** `-f` means `--follow` here, so that it cannot mean `--file`. */
  readonly follows?: true;
  load(): Promise<{ readonly perform: Verb<never> }>;
}

export interface OptionDefinition {
  readonly flags: string;
  readonly description: string;
  /** May be given several times; the values become a list. */
  readonly many?: true;
}

const RUN_ARGUMENT = ['[run]', 'id, or the beginning or end of one, or latest (the default)'] as const;

const ASKING_ARGUMENT = [
  '[run]',
  'id, or the beginning or end of one; the run that waits by default',
] as const;
const ASKED_ARGUMENT = ['[job]', 'the job that asks, when there are several'] as const;

const LIVE_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--wait', description: 'stay while only an approval is waited for (the default in a terminal)' },
  { flags: '--no-wait', description: 'leave it then with exit code 4; whoever answers goes on with it' },
  { flags: '--events', description: 'print every event as a JSON line, as it comes' },
  { flags: '--no-live', description: 'plain lines also in a terminal' },
  { flags: '--summary <file>', description: 'write a summary in Markdown to the file' },
];

const SECRETS_OPTION: OptionDefinition = {
  flags: '--secrets <file>',
  description: 'NAME=value lines with secrets (repeatable)',
  many: true,
};

const SHELL_OPTION: OptionDefinition = {
  flags: '--shell-on-failure',
  description: 'open a shell where the first failed job stopped',
};

const GIVEN_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--job <job>', description: 'only this job and what it needs (repeatable)', many: true },
  { flags: '--input <name=value>', description: 'an input of the pipeline (repeatable)', many: true },
  {
    flags: '--var, --variable <name=value>',
    description: 'a variable of the pipeline (repeatable)',
    many: true,
  },
  {
    flags: '--event <event>',
    description:
      'push, pull_request, tag, schedule, manual (the default) or api; of a GitHub workflow any of its own',
  },
  { flags: '--payload <file>', description: 'what the forge sent with the event, as JSON' },
  { flags: '--untrusted', description: "take the code for a stranger's, whatever the event says" },
  {
    flags: '--base <ref>',
    description: 'where an untrusted run reads its pipeline (of the payload by default)',
  },
  { flags: '--branch <branch>', description: 'as if on this branch' },
  { flags: '--tag <tag>', description: 'as if at this tag' },
  { flags: '--commit <ref>', description: 'exactly this commit, not the files as they lie there' },
];

const FOLLOW_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--wait', description: 'stay while only a person is waited for (the default in a terminal)' },
  { flags: '--no-wait', description: 'leave it then with exit code 4; it goes on when somebody answers' },
  { flags: '--no-live', description: 'plain lines also in a terminal' },
];

const DEPLOY_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--service <name>', description: 'this service, when there are several' },
  {
    flags: '--artifact <artifact>',
    description: 'name, name@version or digest (by default the newest of this commit)',
  },
  { flags: '--version <version>', description: 'the artifact of this version' },
  { flags: '--run <run>', description: 'what this run kept' },
  {
    flags: '--strategy <strategy>',
    description: 'rolling, blue_green, canary or recreate (DEPLOY_STRATEGY)',
  },
  { flags: '--reason <text>', description: 'why; it is kept in the journal' },
];

export const VERBS: readonly VerbDefinition[] = [
  {
    name: 'run',
    arguments: [['[name]', 'pipeline, when there are several']],
    summary: 'run the pipeline of this repository',
    options: [
      ...GIVEN_OPTIONS,
      SECRETS_OPTION,
      { flags: '--dry-run', description: 'show the plan and run nothing' },
      { flags: '--watch', description: 'run again whenever a file changes' },
      { flags: '--anew', description: 'do also the work whose result is known' },
      { flags: '--check-inputs', description: 'do it and tell which files were used without being declared' },
      { flags: '--snapshots', description: 'keep each workspace as every step left it, for rerun --from' },
      SHELL_OPTION,
      ...LIVE_OPTIONS,
    ],
    examples: [
      ['sluice run', 'the pipeline, with the files as they lie there'],
      ['sluice run --job test --watch', 'the job test and what it needs, at every change'],
      ['sluice run --input version=1.4.0', 'with an input'],
    ],
    load: () => import('./verb/run.ts'),
  },
  {
    name: 'plan',
    arguments: [['[name]', 'pipeline, when there are several']],
    summary: 'show what a run would do, and why',
    options: [
      ...GIVEN_OPTIONS,
      { flags: '--format <format>', description: 'tree (the default), json or mermaid' },
    ],
    examples: [
      ['sluice plan', 'jobs, order, expected minutes and critical path'],
      ['sluice plan --event push --branch main', 'what a push to main would do'],
      ['sluice plan --format mermaid > plan.mmd', 'a drawing'],
    ],
    load: () => import('./verb/plan.ts'),
  },
  {
    name: 'validate',
    arguments: [['[files...]', 'pipeline files; all of this repository by default']],
    summary: 'find what is wrong in pipeline files',
    options: [],
    examples: [
      ['sluice validate', 'the pipeline files of this repository'],
      ['sluice validate ci/*.yaml --json', 'these files, as JSON'],
    ],
    load: () => import('./verb/validate.ts'),
  },
  {
    name: 'facts',
    arguments: [['<files...>', 'reports of tests, coverage, findings and the like']],
    summary: 'tell what reports say, in numbers',
    options: [
      { flags: '--kind <kind>', description: 'what the files are; told by name and content by default' },
    ],
    examples: [
      ['sluice facts report.xml lcov.info', 'the counts of two reports'],
      ['sluice facts --kind junit out.xml --json', 'as JSON, read as JUnit'],
    ],
    load: () => import('./verb/facts.ts'),
  },
  {
    name: 'gate',
    arguments: [
      ['<action>', 'check, explain, history, replay, reviews or close'],
      [
        '[words...]',
        'check: reports; explain: a run and a gate; history: a gate; replay: a pipeline; close: a review',
      ],
    ],
    summary: 'judge reports, and tell why gates said what they said',
    options: [
      {
        flags: '--preset <name>',
        description: 'check: judge by this preset and not by the pipeline (repeatable)',
        many: true,
      },
      { flags: '--job <job>', description: 'check: only the gates of this job' },
      { flags: '--limit <count>', description: 'history, replay: of at most so many runs (20 by default)' },
      { flags: '--policy <file>', description: 'replay: judge by the gates of this pipeline file' },
      { flags: '--all', description: 'reviews: also those that are closed' },
      { flags: '--text <text>', description: 'close: what happened, and what follows from it' },
    ],
    examples: [
      ['sluice gate check lcov.info junit.xml', 'what the gates of the pipeline say to these reports'],
      ['sluice gate check --preset sast eslint.sarif', 'judged by a preset, without a pipeline'],
      ['sluice gate explain latest', 'every condition of the latest run, with its evidence'],
      ['sluice gate history coverage-unit', 'how that gate was judged in the last 20 runs'],
      ['sluice gate replay --limit 50', 'which of the last 50 runs the gates as they are now would stop'],
      ['sluice gate reviews', 'bypasses that somebody still has to look at'],
    ],
    load: () => import('./verb/gate.ts'),
  },
  {
    name: 'verify',
    arguments: [['[name]', 'pipeline, when there are several']],
    summary: 'prove that nothing reaches production around its gates',
    options: [{ flags: '--environment <name>', description: 'ways to this one, by what it demands itself' }],
    examples: [
      ['sluice verify', 'each way to production and what holds it, or the way that nothing holds'],
      ['sluice verify --environment staging', 'whether what staging demands is judged on each way to it'],
    ],
    load: () => import('./verb/verify.ts'),
  },
  {
    name: 'list',
    arguments: [],
    summary: 'list the latest runs',
    options: [
      { flags: '--limit <count>', description: 'at most so many (20 by default)' },
      { flags: '--all', description: 'of all repositories, not only of this one' },
    ],
    examples: [
      ['sluice list', 'the last 20 runs of this repository'],
      ['sluice list --all --limit 5', 'the last 5 of any'],
    ],
    load: () => import('./verb/list.ts'),
  },
  {
    name: 'show',
    arguments: [RUN_ARGUMENT],
    summary: 'tell what happened in a run',
    options: [{ flags: '--summary <file>', description: 'write a summary in Markdown to the file' }],
    examples: [
      ['sluice show', 'the latest run'],
      ['sluice show 7k2m --json', 'the run whose id ends with 7k2m, as JSON'],
    ],
    load: () => import('./verb/show.ts'),
  },
  {
    name: 'logs',
    arguments: [RUN_ARGUMENT],
    summary: 'print what the steps of a run printed',
    options: [
      { flags: '--job <job>', description: 'only this job' },
      { flags: '--cell <cell>', description: 'only this cell of a matrix' },
      { flags: '--step <step>', description: 'only this step, without headings' },
      { flags: '-f, --follow', description: 'go on until the run is over' },
      { flags: '--tail <count>', description: 'only the last so many lines of each step' },
      { flags: '--timestamps', description: 'the time in front of each line' },
    ],
    examples: [
      ['sluice logs -f', 'of the latest run, as it goes on'],
      ['sluice logs 7k2m --job test --tail 50', 'the last 50 lines of each step of test'],
    ],
    follows: true,
    load: () => import('./verb/logs.ts'),
  },
  {
    name: 'rerun',
    arguments: [RUN_ARGUMENT],
    summary: 'do again what a run did',
    options: [
      { flags: '--failed', description: 'only what did not succeed, and what depends on it' },
      {
        flags: '--from <place>',
        description: 'a job, a step of it (JOB/STEP), or of one cell (CELL/STEP), and all that depends on it',
      },
      SECRETS_OPTION,
      SHELL_OPTION,
      ...LIVE_OPTIONS,
    ],
    examples: [
      ['sluice rerun', 'all of the latest run'],
      ['sluice rerun 7k2m --failed', 'what failed; the other results are taken over'],
      ['sluice rerun --from build/pack', 'from that step on, with the workspace that was kept there'],
    ],
    load: () => import('./verb/rerun.ts'),
  },
  {
    name: 'resume',
    arguments: [['[run]', 'id, or the beginning or end of one; the run that was left behind by default']],
    summary: 'go on with a run whose process is gone',
    options: [SECRETS_OPTION, SHELL_OPTION, ...LIVE_OPTIONS],
    examples: [['sluice resume', 'the run of this repository that nobody drives any more']],
    load: () => import('./verb/resume.ts'),
  },
  {
    name: 'cancel',
    arguments: [RUN_ARGUMENT],
    summary: 'stop a run, or a part of it',
    options: [
      { flags: '--job <job>', description: 'only this job' },
      { flags: '--cell <cell>', description: 'only this cell of a matrix' },
      { flags: '--step <step>', description: 'only this step of the job or cell' },
      { flags: '--reason <text>', description: 'why; it is kept in the journal' },
    ],
    examples: [
      ['sluice cancel', 'the latest run'],
      ['sluice cancel 7k2m --job deploy --reason "wrong branch"', 'one job, with the reason'],
    ],
    load: () => import('./verb/cancel.ts'),
  },
  {
    name: 'approve',
    arguments: [ASKING_ARGUMENT, ASKED_ARGUMENT],
    summary: 'agree to what a run asks',
    options: [
      { flags: '--field <name=value>', description: 'a field of the form (repeatable)', many: true },
      { flags: '--comment <text>', description: 'kept with the approval' },
      SECRETS_OPTION,
      ...LIVE_OPTIONS,
    ],
    examples: [
      ['sluice approve', 'what the one waiting run of this repository asks'],
      ['sluice approve 7k2m release --field ticket=OPS-12', 'one of its jobs, with a field of the form'],
    ],
    load: () => import('./verb/approve.ts'),
  },
  {
    name: 'reject',
    arguments: [ASKING_ARGUMENT, ASKED_ARGUMENT],
    summary: 'object to what a run asks',
    options: [
      { flags: '--reason <text>', description: 'why; it is kept in the journal' },
      SECRETS_OPTION,
      ...LIVE_OPTIONS,
    ],
    examples: [['sluice reject 7k2m release --reason "wrong branch"', 'the job fails, with the reason']],
    load: () => import('./verb/reject.ts'),
  },
  {
    name: 'deploy',
    arguments: [['[environment]', 'where to (DEPLOY_TARGET; by default the only one)']],
    summary: 'bring a release to an environment, and back when it harms',
    options: [
      { flags: '--plan', description: 'only print what would be done, and the way back' },
      ...DEPLOY_OPTIONS,
      {
        flags: '--again',
        description: 'also what runs already: its instances start anew, such as with new secrets',
      },
      { flags: '--supersede', description: 'an older deployment that is going on goes back first' },
      { flags: '--detach', description: 'do not follow it; it goes on by itself' },
      ...FOLLOW_OPTIONS,
    ],
    examples: [
      ['sluice deploy staging --plan', 'steps, weights, evidence, duration and the way back'],
      ['sluice deploy staging', 'the newest artifact of this commit'],
      ['sluice deploy production --version 1.4.2 --strategy canary', 'one version, by weights'],
    ],
    load: () => import('./verb/deploy.ts'),
  },
  {
    name: 'deployment',
    arguments: [
      ['<action>', 'list, show, logs, approve, reject, override, proceed, cancel, quarantine or lift'],
      ['[deployment]', 'id, or the beginning or end of one, or latest; for lift a digest'],
    ],
    summary: 'see deployments, and answer what they ask',
    options: [
      { flags: '--environment <name>', description: 'list: only of this environment' },
      { flags: '--service <name>', description: 'list: only of this service' },
      { flags: '--all', description: 'list: of all repositories, not only of this one' },
      { flags: '--limit <count>', description: 'list at most so many (20 by default)' },
      { flags: '-f, --follow', description: 'logs: go on until it is over' },
      { flags: '--reason <text>', description: 'why; it is kept in the journal' },
      ...FOLLOW_OPTIONS,
    ],
    examples: [
      ['sluice deployment show', 'the story of the latest: weights, evidence, decisions'],
      ['sluice deployment approve 7k2m', 'agree that it begins'],
      ['sluice deployment cancel 7k2m --reason "wrong branch"', 'what was begun goes back'],
      ['sluice deployment lift 3f2a91c --reason "was the database"', 'out of quarantine'],
    ],
    follows: true,
    load: () => import('./verb/deployment.ts'),
  },
  {
    name: 'rollback',
    arguments: [['[environment]', 'where (DEPLOY_TARGET; by default the only one)']],
    summary: 'go back to the last release that was proven',
    options: [
      { flags: '--service <name>', description: 'of this service, when there are several' },
      { flags: '--to <release>', description: 'to this version or digest' },
      {
        flags: '--strategy <strategy>',
        description: 'immediate, rolling, blue_green, canary, or manual, which prints the plan',
      },
      { flags: '--reason <text>', description: 'why; it is kept in the journal' },
      { flags: '--plan', description: 'only print what would be done' },
      { flags: '--detach', description: 'do not follow it; it goes on by itself' },
      ...FOLLOW_OPTIONS,
    ],
    examples: [
      ['sluice rollback production', 'at once; needs no version'],
      ['sluice rollback production --to 1.4.1 --reason "slow search"', 'one that was proven there'],
    ],
    load: () => import('./verb/rollback.ts'),
  },
  {
    name: 'rehearse',
    arguments: [['[environment]', 'where (DEPLOY_TARGET; by default the only one); no production']],
    summary: 'bring a release, go back and bring it again',
    options: [...DEPLOY_OPTIONS, ...FOLLOW_OPTIONS],
    examples: [['sluice rehearse staging', 'proves the way back, and measures it']],
    load: () => import('./verb/rehearse.ts'),
  },
  {
    name: 'environment',
    arguments: [
      ['[action]', 'list (the default), show or check'],
      ['[environment]', 'only this one'],
    ],
    summary: 'see what serves where, its health and its drift',
    options: [],
    examples: [
      ['sluice environment', 'versions, deployments that go on, what a rollback would bring'],
      ['sluice environment check production', 'as its hosts and its router say now'],
    ],
    load: () => import('./verb/environment.ts'),
  },
  {
    name: 'artifact',
    arguments: [
      ['<action>', 'list, show, files, cat, download, upload, pin, unpin or remove'],
      [
        '[words...]',
        'the artifact by name, name@version or digest, then files of it; for upload a name, then paths',
      ],
    ],
    summary: 'find, browse, bring and keep what runs made',
    options: [
      { flags: '--run <run>', description: 'of this run: id, or the beginning or end of one, or latest' },
      { flags: '--cell <cell>', description: 'of this job or cell' },
      { flags: '--version <version>', description: 'of this version; for upload the version to give' },
      { flags: '--commit <commit>', description: 'of this commit' },
      { flags: '--branch <branch>', description: 'of this branch' },
      {
        flags: '--tag <tag>',
        description: 'with this tag, name=value, or of this tag of git (repeatable)',
        many: true,
      },
      { flags: '--all', description: 'of all repositories, not only of this one' },
      { flags: '--limit <count>', description: 'list at most so many (30 by default)' },
      {
        flags: '--to <folder>',
        description: "download to this folder (by default one of the artifact's name)",
      },
      { flags: '--archive <file>', description: 'download as, or upload from, a .tar, .tar.gz or .tar.zst' },
      { flags: '--force', description: 'replace files that are there; remove what is pinned' },
      { flags: '--untrusted', description: 'download also what an untrusted run made' },
      { flags: '--by <name>', description: 'unpin what this one pinned' },
    ],
    examples: [
      ['sluice artifact list --branch main', 'what runs of main keep'],
      ['sluice artifact download site --to public', 'all files of the newest site'],
      ['sluice artifact download site@1.2.0 --archive site.tar.zst', 'one version, as an archive'],
      ['sluice artifact cat site index.html', 'one file'],
      ['sluice artifact pin site --run 7k2m', 'keep that one until it is unpinned'],
      ['sluice artifact upload tools bin share', 'keep files that no run made'],
    ],
    load: () => import('./verb/artifact.ts'),
  },
  {
    name: 'cache',
    arguments: [
      ['<action>', 'list, remove, prune or explain'],
      ['[words...]', 'for remove, the key; for explain, the job'],
    ],
    summary: 'see and tidy what spares work',
    options: [
      { flags: '--all', description: 'remove every key of this repository' },
      { flags: '--run <run>', description: 'explain that run (the latest by default)' },
      { flags: '--max-size <size>', description: 'prune down to this size (10GiB by default)' },
      { flags: '--max-age <time>', description: 'prune what was not used for so long (30d by default)' },
    ],
    examples: [
      ['sluice cache list', 'keys, sizes, how often each helped and the time it saved'],
      ['sluice cache remove npm-3f2a', 'all versions under that key'],
      ['sluice cache explain build', 'which input changed, so that the work was done again'],
      ['sluice cache prune --max-size 2GiB', 'expired artifacts, old caches and what nothing names'],
    ],
    load: () => import('./verb/cache.ts'),
  },
  {
    name: 'action',
    arguments: [
      ['[action]', 'list (the default) or update'],
      ['[names...]', 'for update: owner/name@ref (all that are pinned by default)'],
    ],
    summary: 'see and renew which actions of others workflows run',
    options: [],
    examples: [
      ['sluice action', 'what is pinned, and which names mean something else now'],
      ['sluice action update acme/setup@v1', 'pin what the name means now'],
    ],
    load: () => import('./verb/action.ts'),
  },
  {
    name: 'analysis',
    arguments: [
      ['<action>', 'replay: judge recorded windows'],
      [
        '<file>',
        'JSON: an array of {at, canary: {requests, errors, exceed?: {q50, q90, q95, q99}}, baseline: {the same}}',
      ],
    ],
    summary: 'judge a recorded canary, to try a policy before it is trusted',
    options: [
      { flags: '--alpha <chance>', description: 'chance that a good release is called harmful (0.01)' },
      { flags: '--slo <rate>', description: 'also hold the canary against this error rate, such as 1%' },
      {
        flags: '--not-worse-than <times>',
        description: 'safe means proven to be less than so many times worse (2)',
      },
      { flags: '--weight <percent>', description: 'what the router was told, where windows do not say it' },
      {
        flags: '--learn <file>',
        description: 'windows of twice the same version, which show how errors burst',
      },
      { flags: '--guard', description: 'judge as before that was learnt: the sign test must agree' },
    ],
    examples: [
      ['sluice analysis replay windows.json', 'the course of the evidence, and the verdict'],
      ['sluice analysis replay windows.json --json', 'lnE, verdict and reason after each window'],
      ['sluice analysis replay windows.json --slo 1%', 'with an error rate of 1 % as a limit'],
    ],
    load: () => import('./verb/analysis.ts'),
  },
  {
    name: 'secret',
    arguments: [
      ['<action>', 'set, rotate, remove or list'],
      ['[name]', 'the secret; its value is asked for, or read from standard input'],
      ['[more...]', 'nothing: a value is never an argument'],
    ],
    summary: 'keep secrets encrypted, for the jobs that ask for them',
    options: [
      { flags: '--environment <name>', description: 'only for jobs that deploy to this environment' },
      { flags: '--shared', description: 'for every repository, not only for this one' },
      { flags: '--age', description: 'as an age file of the repository, below .sluice/secrets' },
      { flags: '--key', description: 'rotate: encrypt all secrets with a new key' },
      { flags: '--all', description: 'list: of every repository' },
    ],
    examples: [
      ['sluice secret set NPM_TOKEN', 'asks for the value and does not show it'],
      ['sluice secret set SSH_KEY < id_ed25519', 'the value is a file'],
      ['sluice secret rotate NPM_TOKEN', 'a new value for a secret that is there'],
      ['sluice secret list', 'names, scopes, versions and ages; never a value'],
    ],
    load: () => import('./verb/secret.ts'),
  },
  {
    name: 'export',
    arguments: [
      ['[target]', 'github, gitlab, jenkins, circleci, azure or codepipeline (CI_PROVIDER by default)'],
      ['[name]', 'pipeline, when there are several'],
    ],
    summary: 'write the pipeline for another system',
    options: [{ flags: '--output <file>', description: 'where to write it; printed by default' }],
    examples: [
      ['sluice export gitlab --output .gitlab-ci.yml', 'a GitLab pipeline, and what it cannot say'],
      ['sluice export github ci', 'the pipeline ci as a GitHub workflow'],
    ],
    load: () => import('./verb/export.ts'),
  },
  {
    name: 'design',
    arguments: [['[name]', 'pipeline, when there are several']],
    summary: 'write the design document of the pipeline',
    options: [{ flags: '--output <file>', description: 'where to write it; printed by default' }],
    examples: [
      [
        'sluice design --output docs/pipeline.md',
        'stages, gates, strategy, way back and history, as Markdown',
      ],
      ['sluice design --json', 'the same as data'],
    ],
    load: () => import('./verb/design.ts'),
  },
  {
    name: 'init',
    arguments: [],
    summary: 'write a first pipeline for this project',
    options: [{ flags: '--force', description: 'also over a sluice.yaml that is there' }],
    examples: [['sluice init', 'looks at the project and writes sluice.yaml']],
    load: () => import('./verb/init.ts'),
  },
  {
    name: 'upkeep',
    arguments: [],
    summary: 'remove what expired or is over its limits, and what nobody owns',
    options: [],
    examples: [
      ['sluice upkeep', 'now, and not only once an hour after a run'],
      ['SLUICE_CACHE_MAX=2GiB sluice upkeep', 'with another limit for caches and kept workspaces'],
    ],
    load: () => import('./verb/upkeep.ts'),
  },
  {
    name: 'doctor',
    arguments: [['[name]', 'pipeline, when there are several']],
    summary: 'compare what the pipeline expects with this machine',
    options: [],
    examples: [['sluice doctor', 'programs, secrets, isolation, the store and what is kept']],
    load: () => import('./verb/doctor.ts'),
  },
];
