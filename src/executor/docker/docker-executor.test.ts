import { afterAll, beforeAll } from 'vitest';

import { executorContract } from '../../../test/contract/executor.contract.ts';
import {
  type DockerEngine,
  missingForDocker,
  startDockerEngine,
} from '../../../test/support/docker-engine.ts';
import { dockerHarness } from '../../../test/support/docker-harness.ts';
import { needs } from '../../../test/support/require.ts';

const missing = await missingForDocker();
let engine: DockerEngine;

beforeAll(async () => {
  if (missing === null) engine = await startDockerEngine();
}, 90_000);
afterAll(async () => {
  await engine?.stop();
});

executorContract('docker executor', (context) => {
  needs(context, 'a Docker engine', missing === null, missing ?? '');
  return dockerHarness(engine);
});
