import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { ReleaseRequest } from '../../delivery/release-request.ts';
import { compilePlan } from '../../delivery/strategy/compile.ts';
import { quarantined } from '../../delivery/strategy/notes.ts';
import { protectionOf } from '../../gate/policy/production.ts';
import type { RunSource } from '../../journal/run-event.ts';
import { runStream } from '../../journal/stream.ts';
import { runContextsOf } from '../../pipeline/expression-run.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';
import type { Journal } from '../../store/contract.ts';
import { withOtherwise, withStrategy } from './asked-strategy.ts';
import { chosenEnvironment, chosenService } from './choose.ts';
import type { DeployAsk, PlannedDeployment } from './contract.ts';
import { demandProblems } from './demand.ts';
import { historyAt, quarantineAt } from './past.ts';
import { notWhole, planned, refusal } from './planned.ts';
import { observe } from './present.ts';
import { type ChosenRelease, chosenRelease } from './release.ts';
import { releaseDigest } from './release-digest.ts';
import type { PlanningRooms } from './rooms.ts';

/** See `Deployments.plan`. */
export async function planDeployment(
  { journal, rooms }: PlanningRooms,
  ask: DeployAsk,
): Promise<PlannedDeployment> {
  const { source } = ask;
  const written = chosenEnvironment(ask.plan, ask.environment);
  const chosen = chosenService(ask.plan, ask.service, written);
  const protection = protectionOf(written);
  const environment = { ...withOtherwise(written, ask.otherwise), protection };
  const service = withStrategy(chosen, environment, ask.strategy);
  const release = await chosenRelease(
    { artifacts: () => rooms.artifacts(), journal },
    service,
    environment.registry,
    source,
    ask.release,
  );
  const history = await historyAt(journal, {
    repository: source.repository,
    environment: environment.name,
    service: service.name,
  });
  const definition = {
    ...definitionFor(ask.plan, environment, service, release, source),
    ...(ask.job === undefined ? {} : { job: ask.job }),
  };
  const { digest, differs } = releaseDigest(definition, history, ask.again);
  const { observed, stable, findings, missing } = await observe(journal, rooms, history, definition, digest);
  const request: ReleaseRequest = {
    service,
    environment,
    candidate: digest,
    stable,
    author: await authorOf(journal, release.made?.runId ?? null),
    strategy: null,
    rollback: ask.rollback,
    observed,
  };
  const { problems, passed } = await demandProblems(journal, {
    environment: written,
    service,
    protection,
    release,
    repository: source.repository,
  });
  const whole = release.record === null || (await (await rooms.artifacts()).isWhole(release.record));
  return planned(compilePlan(request), {
    kind: 'release',
    definition,
    history,
    problems: [
      ...problems,
      ...(await contentProblems(journal, digest, definition)),
      ...(whole ? [] : [notWhole(release.origin)]),
      ...missing.map((sentence) => refusal(sentence, environment)),
    ],
    gates: passed,
    differs,
    findings,
    reason: ask.reason,
    supersede: ask.supersede,
    condemned: null,
  });
}

/** Content in quarantine comes nowhere, however it is configured. */
async function contentProblems(
  journal: Journal,
  digest: string,
  { release, environment }: DeploymentDefinition,
): Promise<Diagnostic[]> {
  if (release.digest === digest) return [];
  const why = await quarantineAt(journal, release.digest);
  return why === null ? [] : [refusal(quarantined(release.digest, why), environment)];
}

/** Whoever asked for the run that made the release. */
async function authorOf(journal: Journal, runId: string | null): Promise<string | null> {
  if (runId === null) return null;
  const [first] = await journal.read(runStream(runId), 0, 1);
  return first?.body.type === 'run.requested' ? (first.body.askedBy?.[0] ?? null) : null;
}

function definitionFor(
  plan: Plan,
  environment: EnvironmentDefinition,
  service: ServiceDefinition,
  { origin, made: run }: ChosenRelease,
  source: RunSource,
): DeploymentDefinition {
  const { path, repository } = source;
  const made = run ?? { branch: source.branch, commit: source.commit };
  const commitTimeMs = made.commit === source.commit ? source.commitTimeMs : null;
  return {
    environment,
    service,
    release: origin,
    variables: variablesOf(plan, source),
    source: { path, repository, branch: made.branch, commit: made.commit, commitTimeMs },
  };
}

/** As a run sees them that nobody gave anything. */
export function variablesOf(plan: Plan, source: RunSource) {
  const event = { name: 'manual', payload: {} };
  return runContextsOf(plan, source, { runId: '', event, inputs: {}, variables: {} }).vars;
}
