import * as z from 'zod';
import { healthCheckSchema } from './health-check.ts';
import { key, requiredKey } from './key.ts';
import { duration, innerPath, script, shell, template } from './text.ts';
import { variables } from './variable.ts';

const portPair = () =>
  z
    .union([z.int().min(1).max(65_535), z.string().regex(/^\d{1,5}(:\d{1,5})?(\/(tcp|udp))?$/)])
    .meta({ expects: 'a port, or `machine:container`' });

export const credentialsSchema = z
  .strictObject({
    username: requiredKey(
      template('jobEnv'),
      'The account.',
      'username: deploy\npassword: ${{ secrets.TOKEN }}',
    ),
    password: requiredKey(
      template('jobEnv'),
      'The password or token, as a secret.',
      'username: deploy\npassword: ${{ secrets.TOKEN }}',
    ),
  })
  .meta({ id: 'credentials' });

const container = {
  image: requiredKey(template('jobEnv'), 'The image.', 'image: node:24'),
  credentials: key(
    credentialsSchema,
    'For a registry that asks.',
    'image: registry.example.com/tools:1\ncredentials: {username: deploy, password: "${{ secrets.TOKEN }}"}',
  ),
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
  user: key(template('jobEnv'), 'User in the container.', 'image: node:24\nuser: "1000:1000"'),
  options: key(
    template('jobEnv'),
    'Further options of `docker create`.',
    'image: postgres:18\noptions: --shm-size 256m',
  ),
};

export const containerSchema = z.strictObject(container).meta({ id: 'container' });

const health = (example: string) =>
  key(
    healthCheckSchema('jobEnv'),
    'The job starts when it answers.',
    `${example}\nhealth_check: {tcp: 6379}`,
  );
const startTimeout = (example: string) =>
  key(duration(), 'How long it may take until it is healthy. Default: 2m.', `${example}\nstart_timeout: 30s`);

export const containerServiceSchema = z
  .strictObject({
    ...container,
    command: key(
      script(),
      "Instead of the image's own command.",
      'image: redis:8\ncommand: redis-server --save ""',
    ),
    health_check: health('image: redis:8'),
    start_timeout: startTimeout('image: redis:8'),
  })
  .meta({ id: 'containerService' });

export const commandServiceSchema = z
  .strictObject({
    run: requiredKey(script(), 'The command; it goes on in the background.', 'run: node server.js', [
      'command',
    ]),
    shell: key(shell(), 'Its shell. Default: that of the job.', 'run: node server.js\nshell: bash'),
    env: key(variables('step'), 'Its variables.', 'run: node server.js\nenv: {PORT: 8080}', [
      'variables',
      'environment',
    ]),
    working_directory: key(
      innerPath('step'),
      'Where it starts, relative to the repository.',
      'run: node server.js\nworking_directory: web',
    ),
    health_check: health('run: redis-server'),
    start_timeout: startTimeout('run: redis-server'),
  })
  .meta({ id: 'commandService' });

export const containerOrImage = () =>
  z.union([template('jobEnv'), containerSchema]).meta({ expects: 'an image, or a mapping with `image`' });
export const jobServices = () =>
  z
    .record(
      z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
      z
        .union([template('jobEnv'), commandServiceSchema, containerServiceSchema])
        .meta({ expects: 'an image, or a mapping with `image` or `run`' }),
    )
    .meta({ expects: 'a mapping from name to service' });
