import * as z from 'zod';
import { resourcesSchema } from './environment.ts';
import { healthChecks } from './health-check.ts';
import { key } from './key.ts';
import { strategy } from './strategy.ts';
import { choice, idText, innerPath, reference, references, script, text, wholeNumber } from './text.ts';
import { secretNames, variables } from './variable.ts';

export const migrationSchema = z
  .strictObject({
    kind: key(
      choice('expand', 'contract', 'irreversible'),
      'What it does to the way back. Default: `irreversible`.',
      'kind: expand\nup: ./migrate up',
    ),
    up: key(script(), 'Runs before the switch.', 'up: ./migrate up'),
    down: key(script(), 'Takes it back.', 'up: ./migrate up\ndown: ./migrate down'),
  })
  .meta({ id: 'migrations' });

export const serviceSchema = z
  .strictObject({
    name: key(idText(), 'Its name, when `services` is a list.', 'name: api'),
    description: key(text(), 'For people.', 'description: The public interface'),
    artifact: key(reference(), 'What is deployed: the name of an artifact.', 'artifact: api'),
    environments: key(
      references(),
      'Where it may run. Default: everywhere.',
      'environments: [staging, production]',
    ),
    command: key(script(), 'How it starts.', 'command: node server.js'),
    directory: key(innerPath(), 'Where in the artifact it starts.', 'directory: server'),
    port: key(wholeNumber(1, 65_535), 'Where it listens.', 'port: 8080'),
    variables: key(variables('jobEnv'), 'Its variables.', 'variables: {LEVEL: info}', ['env']),
    secrets: key(secretNames(), 'Its secrets.', 'secrets: [DATABASE_URL]'),
    health_checks: key(healthChecks(), 'How to see that it works.', 'health_checks: [{tcp: 8080}]'),
    resources: key(resourcesSchema, 'What an instance gets.', 'resources: {memory: 512Mi}'),
    strategy: key(strategy(), 'How a new version takes over.', 'strategy: rolling'),
    migrations: key(
      migrationSchema,
      'Changes of its data around the switch.',
      'migrations: {kind: expand, up: ./migrate up, down: ./migrate down}',
    ),
  })
  .meta({ id: 'service' });

export const services = () =>
  z
    .union([z.record(idText(), z.union([z.null(), serviceSchema])), z.array(serviceSchema)])
    .meta({ expects: 'a mapping from name to service' });
