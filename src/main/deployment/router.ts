import { join } from 'node:path';
import { digestOf } from '../../base/digest.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { Measurable } from '../../delivery/release-request.ts';
import type { Backend, Router } from '../../delivery/router/contract.ts';
import type { RouterDefinition } from '../../pipeline/plan-environment.ts';
import { ownCommand } from './supervisor.ts';

export interface OpenedRouter {
  readonly router: Router | null;
  /** What it can count. */
  readonly measurable: readonly Measurable[];
  /** What its configuration lacks, in sentences with what to do. */
  readonly missing: readonly string[];
}

/**
 * The router before a service: that of the environment, else of the service, else the built-in proxy at the service's port where a strategy
 * needs one and instances have ports of their own; null where there is none. `starts`: the built-in proxy is started when it does not run.
 */
export async function openRouter(
  directory: string,
  definition: DeploymentDefinition,
  starts: boolean,
): Promise<OpenedRouter> {
  const wanted = routerOf(definition);
  if (wanted === null) return { router: null, measurable: [], missing: [] };
  const { environment, service, source } = definition;
  if (service.port === null)
    return { router: null, measurable: ['requests', 'latency'], missing: [noPort(service.name)] };
  const folder = join(
    directory,
    'routers',
    digestOf(source.repository).slice(0, 16),
    `${environment.name}-${service.name}`,
  );
  switch (wanted.kind) {
    case 'proxy': {
      const { openProxyRouter } = await import('../../delivery/router/proxy/proxy-router.ts');
      if (starts) {
        const { ensureProxy } = await import('../../delivery/router/proxy/launch.ts');
        await ensureProxy(folder, listenOf(wanted.listen), [...ownCommand(), 'internal', 'proxy']);
      }
      return { router: openProxyRouter(folder), measurable: ['requests', 'latency'], missing: [] };
    }
    case 'haproxy': {
      const { openHaproxyRouter } = await import('../../delivery/router/haproxy/haproxy-router.ts');
      const { socket, backend } = wanted;
      const router = openHaproxyRouter({ socket, backend, folder });
      return { router, measurable: ['requests', 'latency'], missing: await router.missing() };
    }
    case 'nginx': {
      const { openNginxRouter } = await import('../../delivery/router/nginx/nginx-router.ts');
      const { config, upstream, reload } = wanted;
      const router = openNginxRouter({ config, upstream, reload, folder });
      return { router, measurable: ['requests', 'latency'], missing: await router.missing() };
    }
  }
}

/** Without it instances are told none, and no traffic can be sent to them. */
function noPort(name: string): string {
  return `the service ${name} has no \`port\`, so nothing can be sent to it; give it one, such as \`port: 8080\`, or remove \`router\``;
}

function routerOf({ environment, service }: DeploymentDefinition): RouterDefinition | null {
  const given = environment.router ?? service.router;
  if (given !== null) return given;
  const type = (service.strategy ?? environment.strategy)?.type;
  const isNeeded = type === 'canary' || type === 'blue_green';
  const hasPorts = environment.target?.ports != null;
  return isNeeded && hasPorts && service.port !== null
    ? { kind: 'proxy', listen: `${service.port}`, place: service.place }
    : null;
}

/** `8080` listens on every address; `address:port` on that one. */
function listenOf(text: string): Backend {
  const at = text.lastIndexOf(':');
  return at < 0
    ? { host: '0.0.0.0', port: Number(text) }
    : { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}
