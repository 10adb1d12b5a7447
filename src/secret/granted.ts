import { userError } from '../base/diagnostic.ts';
import type { SecretSource } from './contract.ts';

/**
 * All places that secrets come from as one. `given`: what was said for this command goes first. `openKept`: the places behind
 * it, in their order; opened for the first secret that was not given. A place that knows the secret and cannot give it ends the
 * search: a value from elsewhere would be another one. Untrusted code gets none from any of them.
 */
export function grantedSecrets(
  given: SecretSource,
  openKept: () => Promise<readonly SecretSource[]>,
): SecretSource {
  let kept: Promise<readonly SecretSource[]> | null = null;
  return {
    async read(name, job) {
      if (job.trust !== 'trusted')
        throw userError(
          'secret-untrusted',
          `secret ${name} is not given to untrusted code`,
          'run it from a branch of the repository itself, or take the secret out of the job',
        );
      const value = await given.read(name, job);
      if (value !== null) return value;
      kept ??= openKept();
      for (const source of await kept) {
        const found = await source.read(name, job);
        if (found !== null) return found;
      }
      return null;
    },
  };
}
