import type { Admission } from '../plan.ts';
import type { ReleaseRequest } from '../release-request.ts';
import { PERMISSION_DEFAULT_MS, QUEUE_DEFAULT_MS } from './default.ts';

/** What must be true before the first step: what the environment says, else nothing. */
export function admissionOf({ environment, author }: ReleaseRequest): Admission {
  const { protection } = environment;
  return {
    approvals: protection?.approvals ?? 0,
    approvers: protection?.approvers ?? [],
    authorAllowed: protection?.authorAllowed ?? false,
    author,
    windows: protection?.windows ?? [],
    freezes: protection?.freezes ?? [],
    queueMs: QUEUE_DEFAULT_MS,
    permissionMs: PERMISSION_DEFAULT_MS,
  };
}
