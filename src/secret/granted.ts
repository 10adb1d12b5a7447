import { userError } from '../base/diagnostic.ts';
import type { SecretSource } from './contract.ts';

/**
 * All places that secrets come from as one. The first of `sources` that knows a secret gives it: what was said for this
 * command goes before what the repository has, and that before what is kept on this machine. A place that knows the secret and
 * cannot give it ends the search: a value from elsewhere would be another one. Untrusted code gets none from any of them.
 */
export function grantedSecrets(sources: readonly SecretSource[]): SecretSource {
  return {
    async read(name, job) {
      if (job.trust !== 'trusted')
        throw userError(
          'secret-untrusted',
          `secret ${name} is not given to untrusted code`,
          'run it from a branch of the repository itself, or take the secret out of the job',
        );
      for (const source of sources) {
        const value = await source.read(name, job);
        if (value !== null) return value;
      }
      return null;
    },
  };
}
