import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { type DockerEngine, missingForDocker, startDockerEngine } from '../support/docker-engine.ts';
import { needs } from '../support/require.ts';
import { scenarioSuite } from './suite.ts';

const missing = await missingForDocker();
let engine: DockerEngine;

beforeAll(async () => {
  if (missing === null) engine = await startDockerEngine();
}, 90_000);
afterAll(async () => {
  await engine?.stop();
});

scenarioSuite('container', fileURLToPath(new URL('containers', import.meta.url)), (context) => {
  needs(context, 'a Docker engine', missing === null, missing ?? '');
  return { DOCKER_HOST: engine.environment.DOCKER_HOST! };
});
