import { userError } from '../base/diagnostic.ts';
import { nearestName } from '../base/near.ts';
import { EXPORT_TARGETS, type ExportTarget } from '../pipeline/export/contract.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Other names of the targets, as people and their vendors write them. */
const ALIASES: Readonly<Record<string, ExportTarget>> = {
  'github-actions': 'github',
  'gitlab-ci': 'gitlab',
  circle: 'circleci',
  'azure-devops': 'azure',
  'azure-pipelines': 'azure',
  aws: 'codepipeline',
  'aws-codepipeline': 'codepipeline',
  codebuild: 'codepipeline',
};

/** By which variable each system is known to whatever runs in it. */
const MARKS: readonly (readonly [variable: string, target: ExportTarget])[] = [
  ['GITHUB_ACTIONS', 'github'],
  ['GITLAB_CI', 'gitlab'],
  ['JENKINS_URL', 'jenkins'],
  ['CIRCLECI', 'circleci'],
  ['TF_BUILD', 'azure'],
  ['CODEBUILD_BUILD_ID', 'codepipeline'],
];

/**
 * The system to write for: the one that is named, or CI_PROVIDER, or the one that Sluice runs inside of. Throws `UserError` when
 * there is none, or none of that name.
 */
export function chosenTarget(named: string | undefined, environment: Environment): ExportTarget {
  const provider = environment.CI_PROVIDER;
  if (named !== undefined) return targetOf(named, 'the command line');
  if (provider) return targetOf(provider, 'CI_PROVIDER');
  const found = MARKS.find(([variable]) => environment[variable]);
  if (found) return found[1];
  throw userError(
    'no-target',
    'it is not said for which system to write',
    `name one of ${EXPORT_TARGETS.join(', ')}, or set CI_PROVIDER`,
  );
}

function targetOf(text: string, from: string): ExportTarget {
  const name = text.trim().toLowerCase().replaceAll('_', '-').replaceAll(' ', '-');
  const target = EXPORT_TARGETS.find((one) => one === name) ?? ALIASES[name];
  if (target) return target;
  const near = nearestName(name, EXPORT_TARGETS);
  throw userError(
    'unknown-target',
    `there is no system ${JSON.stringify(text)} to write for (from ${from})`,
    near ? `did you mean ${near}?` : `it is one of ${EXPORT_TARGETS.join(', ')}`,
  );
}
