import type { Diagnostic } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import type { ReleaseOrigin } from '../../delivery/definition.ts';
import type { RunEvent } from '../../journal/run-event.ts';
import { runStream } from '../../journal/stream.ts';
import type { EnvironmentDefinition, Protection } from '../../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';
import { isSelected } from '../../pipeline/trigger-pattern.ts';
import type { Journal } from '../../store/contract.ts';
import type { PlannedDeployment } from './contract.ts';
import { gateProblems } from './gates.ts';
import type { MadeBy } from './image-run.ts';
import { historyAt } from './past.ts';
import type { ChosenRelease } from './release.ts';

/** What a release must have before it may go to an environment. */
export interface Demanded {
  readonly environment: EnvironmentDefinition;
  readonly service: ServiceDefinition;
  readonly protection: Protection;
  readonly release: ChosenRelease;
  readonly repository: string;
}

/**
 * Why a release may not go to an environment, by what the environment demands of it: trust, a commit, its branch, its gates and the
 * environments before. Empty: it may.
 */
export async function demandProblems(
  journal: Journal,
  demanded: Demanded,
): Promise<{ readonly problems: readonly Diagnostic[]; readonly passed: PlannedDeployment['gates'] }> {
  const { environment, protection, release, repository } = demanded;
  const { made, origin } = release;
  const isProtected = protection.gates.length > 0 || protection.branches.length > 0;
  const problems = [
    ...(made === null ? [] : trustProblems(made)),
    ...(isProtected ? await commitProblems(journal, environment, origin, made) : []),
    ...branchProblems(demanded, made),
    ...(await promotionProblems(journal, demanded)),
  ];
  if (made?.commit == null) return { problems, passed: [] };
  const { problems: missing, passed } = await gateProblems(journal, environment, protection.gates, {
    repository,
    commit: made.commit,
    artifact: origin.digest,
    runId: made.runId,
  });
  return { problems: [...problems, ...missing], passed };
}

function trustProblems({ trust, runId, name }: MadeBy): Diagnostic[] {
  if (trust === 'trusted') return [];
  return [
    {
      severity: 'error',
      code: 'untrusted-release',
      message: `${visible(name)} was made by the untrusted run ${runId}, and untrusted code is never deployed`,
      suggestion: 'review it, merge it, and deploy what the run of the merged commit makes',
    },
  ];
}

/** Gates and branches are about commits. */
async function commitProblems(
  journal: Journal,
  environment: EnvironmentDefinition,
  { name, version }: ReleaseOrigin,
  made: MadeBy | null,
): Promise<Diagnostic[]> {
  if (made === null)
    return [
      {
        severity: 'error',
        code: 'release-without-run',
        message: `no run of this repository tells the image ${visible(name)} ${visible(version)}, and ${visible(environment.name)} takes only what its gates and branches can be asked for`,
        place: environment.place,
        suggestion: 'let the job that builds it give its digest as an output: `outputs: {image: ...}`',
      },
    ];
  const { runId, commit } = made;
  const [first] = await journal.read(runStream(runId), 0, 1);
  const source = first?.body.type === 'run.requested' ? (first.body as RunRequested).source : null;
  const isClean = source === null || source.mode === 'commit' || !source.dirty;
  if (commit !== null && isClean) return [];
  return [
    {
      severity: 'error',
      code: 'release-without-commit',
      message: `${visible(name)} ${visible(version)} was made from files that are in no commit, and ${visible(environment.name)} takes only what a commit holds`,
      place: environment.place,
      suggestion: 'commit them, then: sluice run',
    },
  ];
}

type RunRequested = Extract<RunEvent, { type: 'run.requested' }>;

function branchProblems({ environment, protection }: Demanded, made: MadeBy | null): Diagnostic[] {
  const { branches } = protection;
  // Of what no run made it was said already.
  if (branches.length === 0 || made === null) return [];
  if (made.branch !== null && isSelected(made.branch, branches)) return [];
  const from = made.branch === null ? 'it comes from no branch' : `it comes from ${visible(made.branch)}`;
  return [
    {
      severity: 'error',
      code: 'branch-refused',
      message: `${visible(environment.name)} takes commits of ${branches.map(visible).join(', ')} only, and ${from}`,
      place: environment.place,
      suggestion: 'merge it and deploy what the run of the merged commit makes',
    },
  ];
}

/** Of each environment that comes first, the release must have been proven there. */
async function promotionProblems(
  journal: Journal,
  { environment, service, release, repository }: Demanded,
): Promise<Diagnostic[]> {
  const { promotion } = environment;
  if (promotion === null) return [];
  const problems: Diagnostic[] = [];
  for (const before of promotion.after) {
    const history = await historyAt(journal, { repository, environment: before, service: service.name });
    const proven = history.filter(({ past }) => past.outcome === 'succeeded' && past.kind === 'release');
    const isThere = proven.some(
      ({ definition }) =>
        definition?.release.digest === release.origin.digest ||
        (!promotion.sameArtifact &&
          release.made?.commit != null &&
          definition?.source.commit === release.made.commit),
    );
    if (isThere) continue;
    const what = promotion.sameArtifact ? 'exactly this artifact' : 'this commit';
    problems.push({
      severity: 'error',
      code: 'promotion-order',
      message: `${visible(before)} comes before ${visible(environment.name)}, and ${what} was not proven there yet`,
      place: environment.place,
      suggestion: `deploy it there first: sluice deploy ${before} --artifact ${release.origin.digest.replace(/^sha256:/, '').slice(0, 12)}`,
    });
  }
  return problems;
}
