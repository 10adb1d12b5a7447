import { afterAll, beforeAll } from 'vitest';

import { executorContract } from '../../../test/contract/executor.contract.ts';
import type { TestEngine } from '../../../test/support/docker-engine.ts';
import { dockerHarness } from '../../../test/support/docker-harness.ts';
import { missingForPodman, openPodman } from '../../../test/support/podman-engine.ts';
import { needs } from '../../../test/support/require.ts';

/** Podman takes three times as long as Docker. */
const IS_SOAK = process.env.SLUICE_SOAK === '1';
const missing = IS_SOAK ? await missingForPodman() : null;
let engine: TestEngine;

beforeAll(async () => {
  if (IS_SOAK && missing === null) engine = await openPodman();
}, 90_000);
afterAll(async () => {
  await engine?.stop();
});

executorContract('docker executor over podman', (context) => {
  if (!IS_SOAK) context.skip('it takes minutes: npm run soak');
  needs(context, 'Podman', missing === null, missing ?? '');
  return dockerHarness(engine);
});
