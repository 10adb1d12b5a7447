import { userError } from '../../base/diagnostic.ts';
import type { Runner } from '../../runner/contract.ts';
import type { Gates } from './contract.ts';
import { replayGates } from './replay.ts';
import { closeBypass, type ReviewOptions, reviewsOf } from './reviews.ts';

export interface GatesOptions extends ReviewOptions {
  /** What keeps the reports of runs; asked for when something is judged. */
  readonly openRunner: () => Promise<Runner>;
}

/** What a client knows of gates. */
export function clientGates(options: GatesOptions): Gates {
  const { journal } = options;
  return {
    async replay(question) {
      const runner = await options.openRunner();
      if (!runner.judge)
        throw userError('no-reports', 'reports are kept elsewhere', 'ask where the runs are performed', 3);
      return replayGates(question, { journal, judge: (asked) => runner.judge!(asked) });
    },
    reviews: (repository) => reviewsOf(journal, repository),
    closeReview: (repository, bypass, text) => closeBypass(repository, bypass, text, options),
  };
}
