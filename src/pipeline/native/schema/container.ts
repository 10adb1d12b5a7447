import * as z from 'zod';
import { healthCheckSchema } from './health-check.ts';
import { key, requiredKey } from './key.ts';
import { script, template } from './text.ts';
import { variables } from './variable.ts';

const portPair = () =>
  z
    .union([z.int().min(1).max(65_535), z.string().regex(/^\d{1,5}(:\d{1,5})?$/)])
    .meta({ expects: 'a port, or `host:container`' });

export const containerSchema = z
  .strictObject({
    image: requiredKey(template('jobEnv'), 'The image.', 'image: node:24'),
    env: key(
      variables('jobEnv'),
      'Variables in the container.',
      'image: postgres:18\nenv: {POSTGRES_DB: test}',
      ['variables', 'environment'],
    ),
    ports: key(z.array(portPair()), 'Ports to publish.', 'image: postgres:18\nports: [5432]'),
    volumes: key(
      z.array(template('jobEnv')),
      'Volumes to mount.',
      'image: postgres:18\nvolumes: ["data:/var/lib/postgresql"]',
    ),
    options: key(
      template('jobEnv'),
      'Further options of `docker create`.',
      'image: postgres:18\noptions: --shm-size 256m',
    ),
    command: key(script(), 'What to run in it.', 'image: redis:8\ncommand: redis-server --save ""'),
    health_check: key(healthCheckSchema, 'When it can be used.', 'image: redis:8\nhealth_check: {tcp: 6379}'),
  })
  .meta({ id: 'container' });

export const container = () =>
  z.union([template('jobEnv'), containerSchema]).meta({ expects: 'an image, or a mapping with `image`' });
export const containers = () =>
  z
    .record(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/), container())
    .meta({ expects: 'a mapping from name to container' });
