import { userError } from '../../base/diagnostic.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { Target } from '../../delivery/target/contract.ts';
import type { ReadSecret } from './secrets.ts';

/** Where releases of an environment run: what it says, else its hosts over SSH, else processes of this machine. */
export async function openTarget(
  { environment }: DeploymentDefinition,
  _directory: string,
  _readSecret: ReadSecret,
): Promise<Target> {
  const kind = environment.target?.kind ?? (environment.hosts.length > 0 ? 'ssh' : 'process');
  throw userError('target-unknown', `this version cannot deploy to ${kind}`);
}
