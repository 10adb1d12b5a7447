import { digestOf } from '../base/digest.ts';

/** Stream names. Nothing else spells them. */
export const runStream = (runId: string): string => `run/${runId}`;
/** Requests of other processes to the owner of a run; only the owner writes the run's own stream. */
export const inboxStream = (runId: string): string => `inbox/${runId}`;
export const groupStream = (group: string): string => `group/${group}`;
/** The verdicts of one gate in all runs of a repository. */
export const gateStream = (repository: string, gate: string): string =>
  `${gateStreamPrefix(repository)}${gate}`;
/** What the streams of all gates of a repository begin with. */
export const gateStreamPrefix = (repository: string): string => `gate/${digestOf(repository).slice(0, 16)}/`;
/** Counts the runs of one workflow or pipeline of a repository. */
export const workflowStream = (repository: string, file: string): string =>
  `workflow/${digestOf(repository).slice(0, 16)}/${file}`;
export const RUN_STREAM_PREFIX = 'run/';
/** The lease that makes a process the owner of a run. */
export const runLease = (runId: string): string => `run/${runId}`;
export const deploymentStream = (deploymentId: string): string => `deployment/${deploymentId}`;
export const DEPLOYMENT_STREAM_PREFIX = 'deployment/';
/** Requests of other processes to the owner of a deployment; only the owner writes the deployment's own stream. */
export const deploymentInboxStream = (deploymentId: string): string => `deployment-inbox/${deploymentId}`;
/** Claims on an environment of a repository, and what it is to run. */
export const environmentStream = (repository: string, environment: string): string =>
  `environment/${digestOf(repository).slice(0, 16)}/${environment}`;
/** What is known of an artifact digest in all environments. */
export const releaseStream = (digest: string): string => `release/${digest}`;
/** The lease that makes a process the owner of a deployment. */
export const deploymentLease = (deploymentId: string): string => `deployment/${deploymentId}`;
/** The lease that lets a deployment change an environment. Its token goes with every write to routers and targets. */
export const environmentLease = (repository: string, environment: string): string =>
  environmentStream(repository, environment);
