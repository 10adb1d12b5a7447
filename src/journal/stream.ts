/** Stream names. Nothing else spells them. */
export const runStream = (runId: string): string => `run/${runId}`;
/** Requests of other processes to the owner of a run; only the owner writes the run's own stream. */
export const inboxStream = (runId: string): string => `inbox/${runId}`;
export const groupStream = (group: string): string => `group/${group}`;
export const RUN_STREAM_PREFIX = 'run/';
/** The lease that makes a process the owner of a run. */
export const runLease = (runId: string): string => `run/${runId}`;
