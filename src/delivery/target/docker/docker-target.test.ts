import { afterAll, beforeAll } from 'vitest';

import { targetContract } from '../../../../test/contract/target.contract.ts';
import {
  type DockerEngine,
  missingForDocker,
  startDockerEngine,
} from '../../../../test/support/docker-engine.ts';
import { dockerTargetHarness } from '../../../../test/support/docker-target.ts';
import { needs } from '../../../../test/support/require.ts';

let engine: DockerEngine | null = null;
let missing: string | null = null;

beforeAll(async () => {
  missing = await missingForDocker();
  if (missing === null) engine = await startDockerEngine();
}, 120_000);
afterAll(() => engine?.stop());

targetContract('docker', async (context, folder) => {
  needs(context, 'Docker', engine !== null, missing ?? '');
  return dockerTargetHarness(engine!, folder);
});
