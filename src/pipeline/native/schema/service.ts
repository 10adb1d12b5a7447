import * as z from 'zod';
import { analysisSchema } from './analysis.ts';
import { resourcesSchema } from './environment.ts';
import { healthChecks } from './health-check.ts';
import { key } from './key.ts';
import { rollback } from './rollback.ts';
import { strategy } from './strategy.ts';
import { routerSchema } from './target.ts';
import {
  choice,
  duration,
  idText,
  innerPath,
  reference,
  references,
  script,
  template,
  text,
  wholeNumber,
} from './text.ts';
import { secretNames, variables } from './variable.ts';

export const migrationSchema = z
  .strictObject({
    kind: key(
      choice('expand', 'contract', 'irreversible'),
      'What it does to the way back. Default: `irreversible`.',
      'kind: expand\nup: ./migrate up',
    ),
    up: key(
      script('deploy'),
      '`expand`: runs before the switch. Else when nothing old runs any more.',
      'up: ./migrate up',
    ),
    down: key(script('deploy'), 'Takes it back.', 'up: ./migrate up\ndown: ./migrate down'),
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
    image: key(
      template('deploy'),
      'The image to deploy, when it is no artifact.',
      'image: registry.example.com/api',
    ),
    command: key(
      script('deploy'),
      "How it starts. Default: the image's own command.",
      'command: node server.js',
    ),
    directory: key(innerPath(), 'Where in the artifact it starts.', 'directory: server'),
    port: key(wholeNumber(1, 65_535), 'Where it listens; told to it as the variable PORT.', 'port: 8080'),
    variables: key(variables('deploy'), 'Its variables.', 'variables: {LEVEL: info}', ['env']),
    secrets: key(secretNames(), 'Its secrets.', 'secrets: [DATABASE_URL]'),
    health_checks: key(healthChecks(), 'How to see that it works.', 'health_checks: [{tcp: 8080}]'),
    resources: key(resourcesSchema, 'What an instance gets.', 'resources: {memory: 512Mi}'),
    strategy: key(strategy(), 'How a new version takes over.', 'strategy: rolling'),
    analysis: key(
      analysisSchema,
      'By what evidence a release is judged.',
      'analysis: {error_rate: 1%, latency: 3x}',
    ),
    rollback: key(rollback(), 'How it goes back.', 'rollback: immediate'),
    router: key(routerSchema, 'What sends its traffic.', 'router: {kind: proxy, listen: 8080}'),
    drain_timeout: key(
      duration(),
      'How long an instance has to end its requests. Default: 30s.',
      'drain_timeout: 10s',
    ),
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
