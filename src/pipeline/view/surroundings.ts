import { formatDuration } from '../../base/duration.ts';
import { formatBytes } from '../../base/size.ts';
import { counted } from '../../base/text.ts';
import type { PlanJob } from '../plan.ts';
import type { ApprovalRequest } from '../plan-approval.ts';

/** What a job has around its steps, one sentence each: where it runs, what it brings along, what it keeps. Templates are shown as they are. */
export function surroundingsOf(job: PlanJob): readonly string[] {
  const { services, downloads, caches, artifacts, work, approval } = job;
  return [
    ...(approval === null ? [] : [approvalText(approval)]),
    ...placeOf(job),
    ...(services.length > 0 ? [`services: ${services.map(({ name }) => name).join(', ')}`] : []),
    ...downloads.map(({ artifact, from, path }) => {
      const whose = from === null ? '' : ` of ${from}`;
      return `brings ${artifact}${whose}${path === '.' || path === '' ? '' : ` to ${path}`}`;
    }),
    ...caches.map(
      ({ key, paths, readonly }) => `cache ${key}: ${paths.join(', ')}${readonly ? ', only read' : ''}`,
    ),
    ...artifacts.map(({ name, paths, when }) => {
      const condition = when === 'success' ? '' : when === 'failure' ? ' when it fails' : ' whatever happens';
      return `keeps ${name}: ${paths.join(', ')}${condition}`;
    }),
    ...(work === null ? [] : ['skipped while what it reads is unchanged']),
  ];
}

function approvalText({
  approvers,
  count,
  authorAllowed,
  expiresAfterMs,
  onExpiry,
}: ApprovalRequest): string {
  const who = approvers.length === 0 ? '' : ` of ${approvers.join(', ')}`;
  const not = authorAllowed ? '' : ', not of the author';
  const time = expiresAfterMs === null ? '' : ` for ${formatDuration(expiresAfterMs)}`;
  const then = onExpiry === 'approve' ? '; approved when nobody answers' : '';
  return `waits${time} for ${counted(count, 'approval')}${who}${not}${then}`;
}

function placeOf({ isolation, container }: PlanJob): readonly string[] {
  const { mode, network, limits } = isolation;
  const { cpus, memoryBytes, processesMax, diskBytes } = limits;
  const allowed = [
    cpus === null ? null : counted(cpus, 'processor'),
    memoryBytes === null ? null : `${formatBytes(memoryBytes)} of memory`,
    processesMax === null ? null : `${processesMax} processes`,
    diskBytes === null ? null : `${formatBytes(diskBytes)} of disk`,
  ].filter((text) => text !== null);
  const facts = [
    container !== null ? `in the container ${container.image}` : mode === null ? null : `isolation ${mode}`,
    network === 'none' ? 'no network' : null,
    allowed.length > 0 ? `at most ${allowed.join(', ')}` : null,
  ].filter((text) => text !== null);
  return facts.length > 0 ? [facts.join('; ')] : [];
}
