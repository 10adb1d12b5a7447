import { shellWord } from '../../base/shell-word.ts';
import type { PlanJob } from '../plan.ts';

/** Instead of a deployment, which only Sluice performs: nothing that was not deployed may look as if it were. */
export function failingScript(job: PlanJob): string {
  const { environment = '', service = null } = job.deploy ?? {};
  const words = ['sluice', 'deploy', environment, ...(service === null ? [] : ['--service', service])];
  const text = `The deployment to ${environment} is done by Sluice: ${words.join(' ')}`;
  return `echo ${shellWord(text)} >&2\nexit 1`;
}

/** Judges a job's reports by its gates. Where Sluice is missing this fails, so that nothing unjudged passes. */
export function gateScript(job: PlanJob): string {
  const paths = job.reports.flatMap((report) => report.paths).filter((path) => !path.startsWith('!'));
  // The shell fills in the globs; what the plan's own expressions would fill in stays as it is.
  return ['sluice', 'gate', 'check', '--job', shellWord(job.id), ...paths.map(globWord)].join(' ');
}

function globWord(path: string): string {
  return /^[\w@%+=:,./*?[\]-]+$/.test(path) ? path : shellWord(path);
}
