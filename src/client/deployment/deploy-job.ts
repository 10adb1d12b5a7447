import { UserError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import type { RunEvent } from '../../journal/run-event.ts';
import { runStream } from '../../journal/stream.ts';
import { unpackPlan } from '../../pipeline/packed-plan.ts';
import type { JobControl, JobMessage, JobReport } from '../../runner/contract.ts';
import type { Journal } from '../../store/contract.ts';
import type { DeployAsk, Deployments } from './contract.ts';
import { definitionOf, pastDeployments } from './past.ts';
import type { DeploymentView } from './view.ts';

export interface DeployJobOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly deployments: () => Promise<Deployments>;
}

/** How often it is looked whether somebody drives the deployment. */
const LOOK_MS = 5000;
const TAIL_LINES = 20;

/**
 * Performs a job that deploys: begins the deployment, or finds the one that an earlier owner of the run began, and waits for its end. The job
 * is cancelled by cancelling the deployment, which then goes back. Never rejects for what the deployment does.
 */
export async function performDeployment(
  message: JobMessage,
  control: JobControl,
  { journal, clock, deployments: open }: DeployJobOptions,
): Promise<JobReport> {
  const began = clock.monotonic();
  const deployments = await open();
  let deploymentId: string | null = null;
  const ended = (given: Partial<JobReport> & Pick<JobReport, 'outcome'>): JobReport => ({
    cause: null,
    step: null,
    durationMs: clock.monotonic() - began,
    outputs: deploymentId === null ? {} : { deployment: deploymentId },
    tail: [],
    patterns: [],
    ...given,
  });
  try {
    deploymentId = await begunBefore(journal, message);
    if (deploymentId === null) {
      const wanted = await planned(journal, deployments, message);
      const { candidate, stable, environment } = wanted.plan;
      // A run that is repeated, or that built the same again, finds its work done.
      if (candidate === stable && wanted.problems.length === 1) {
        const warnings = [`${wanted.version} runs in ${environment} already; nothing was deployed`];
        return ended({
          outcome: 'succeeded',
          outputs: { version: wanted.version, digest: wanted.definition.release.digest, environment },
          warnings,
        });
      }
      deploymentId = await deployments.begin(wanted);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { file, start } = message.job.place;
    const said = error.diagnostics.map((one) =>
      one.suggestion ? `${one.message}; ${one.suggestion}` : one.message,
    );
    const text = `${file}:${start.line}:${start.column}: ${said.join('; ')}`;
    return ended({ outcome: 'failed', cause: { kind: 'deployment', deploymentId: null, message: text } });
  }
  const own = deploymentId;
  let cancelled: JobReport['cause'] = null;
  control.onCancel((cause) => {
    cancelled = cause;
    // One that is over just now needs no cancelling.
    deployments.tell(own, { kind: 'cancel', reason: 'the job of the run was cancelled' }).catch(() => {});
  });
  const stop = keepDriven(deployments, own, clock);
  try {
    for await (const event of deployments.events(own, { follow: true })) void event;
  } finally {
    stop();
  }
  return reportOf(await deployments.show(own), cancelled, ended);
}

function reportOf(
  view: DeploymentView,
  cancelled: JobReport['cause'],
  ended: (given: Partial<JobReport> & Pick<JobReport, 'outcome'>) => JobReport,
): JobReport {
  const { deploymentId, outcome, sentence, version, binding, service, environment, warnings } = view;
  const outputs = { deployment: deploymentId, environment, version, digest: binding.artifact };
  const isBack = outcome !== 'succeeded';
  const extras = { deployment: { deploymentId, service, version, environment, isBack } };
  if (outcome === 'succeeded') return ended({ outcome: 'succeeded', outputs, warnings, extras });
  if (cancelled) return ended({ outcome: 'cancelled', outputs, cause: cancelled, extras });
  const message = `deployment ${deploymentId} ${outcome === 'rolled-back' ? 'was rolled back' : `is ${outcome}`}: ${sentence}`;
  const tail = view.story.slice(-TAIL_LINES).map(({ text }) => text);
  return ended({
    outcome: 'failed',
    outputs,
    extras,
    tail,
    cause: { kind: 'deployment', deploymentId, message },
  });
}

async function planned(journal: Journal, deployments: Deployments, message: JobMessage) {
  const { runId, cell, attempt, source, job } = message;
  const [first] = await journal.read(runStream(runId), 0, 1);
  const { plan } = first!.body as Extract<RunEvent, { type: 'run.requested' }>;
  const { environment, service, artifact, strategy, rollbackOnFailure } = job.deploy!;
  const ask: DeployAsk = {
    plan: unpackPlan(plan),
    source,
    environment,
    service,
    release: { artifact, version: null, runId },
    strategy,
    rollback: rollbackOnFailure ? null : { automatic: false },
    otherwise: { strategy: null, rollback: null, automatic: null },
    reason: `run ${runId}, job ${job.id}`,
    supersede: false,
    again: false,
    job: { runId, cell, attempt },
  };
  return deployments.plan(ask);
}

/** The deployment that an earlier owner of the run began for this attempt; null: none. */
async function begunBefore(journal: Journal, { runId, cell, attempt, resumed, source }: JobMessage) {
  if (!resumed) return null;
  for await (const { requested } of pastDeployments(journal, { repository: source.repository })) {
    const job = definitionOf(requested)?.job;
    if (job?.runId === runId && job.cell === cell && job.attempt === attempt) return requested.deploymentId;
  }
  return null;
}

function keepDriven(deployments: Deployments, deploymentId: string, clock: Clock): () => void {
  let stopped = false;
  let stop = (): void => {};
  const look = (): void => {
    // What cannot be started now is tried again.
    void deployments
      .keepDriven(deploymentId)
      .catch(() => {})
      .then(() => {
        if (!stopped) stop = clock.after(LOOK_MS, look);
      });
  };
  stop = clock.after(LOOK_MS, look);
  return () => {
    stopped = true;
    stop();
  };
}
