import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { choice, flag, template, text, wholeNumber } from './text.ts';

const TARGETS = ['process', 'ssh', 'docker'] as const;

export const targetSchema = z
  .strictObject({
    kind: requiredKey(choice(...TARGETS), 'What runs the release.', 'kind: process', ['type']),
    directory: key(text().min(1), 'Where releases are put.', 'kind: ssh\ndirectory: /srv/api'),
    keep_releases: key(
      wholeNumber(1, 1000),
      'How many old releases stay. Default: 5.',
      'kind: ssh\nkeep_releases: 5',
    ),
    ports: key(
      z
        .string()
        .regex(/^\d{1,5}-\d{1,5}$/)
        .meta({ expects: 'a range of ports such as `8100-8199`' }),
      'Ports for instances.',
      'kind: process\nports: 8100-8199',
    ),
    systemd: key(flag(), 'systemd supervises. Default: where there is one.', 'kind: ssh\nsystemd: true'),
    network: key(text().min(1), 'Docker: the network that instances join.', 'kind: docker\nnetwork: web'),
  })
  .meta({ id: 'target' });

export const target = () =>
  z.union([choice(...TARGETS), targetSchema]).meta({
    expects: 'one of `process`, `ssh` and `docker`, or a mapping with `kind`',
  });

const ROUTERS = ['proxy', 'haproxy', 'nginx'] as const;

export const routerSchema = z
  .strictObject({
    kind: requiredKey(choice(...ROUTERS), 'What sends the traffic.', 'kind: proxy\nlisten: 8080', ['type']),
    listen: key(
      z
        .union([wholeNumber(1, 65_535), z.string().regex(/^\S+:\d{1,5}$/)])
        .meta({ expects: 'a port, or `address:port`' }),
      'Built-in proxy: where it listens.',
      'kind: proxy\nlisten: 8080',
    ),
    socket: key(
      template('deploy').min(1),
      'HAProxy: the path or `host:port` of its runtime socket.',
      'kind: haproxy\nsocket: /run/haproxy/admin.sock\nbackend: api',
    ),
    backend: key(
      text().min(1),
      'HAProxy: the backend with the servers.',
      'kind: haproxy\nsocket: /run/haproxy/admin.sock\nbackend: api',
    ),
    config: key(
      text().min(1),
      'nginx: the file with the upstream, which Sluice writes.',
      'kind: nginx\nconfig: /etc/nginx/conf.d/api-upstream.conf\nupstream: api',
    ),
    upstream: key(
      text().min(1),
      'nginx: the name of the upstream.',
      'kind: nginx\nconfig: /etc/nginx/conf.d/api-upstream.conf\nupstream: api',
    ),
    reload: key(
      text().min(1),
      'nginx: how it is told. Default: `nginx -s reload`.',
      'kind: nginx\nconfig: /etc/nginx/conf.d/api-upstream.conf\nupstream: api\nreload: systemctl reload nginx',
    ),
  })
  .meta({ id: 'router' });
