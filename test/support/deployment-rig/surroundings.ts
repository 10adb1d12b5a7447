import type { Surroundings } from '../../../src/controller/deployment/contract.ts';
import type { Router } from '../../../src/delivery/router/contract.ts';
import type { Alarm, Source } from '../../../src/delivery/source/contract.ts';
import type { Release, Target } from '../../../src/delivery/target/contract.ts';
import type { Life } from './mortal.ts';
import type { World } from './world.ts';

const FOREVER = new Promise<never>(() => {});

/** The world as one owner reaches it; nothing of it once that one is dead. */
export function surroundingsIn(
  world: World,
  life: Life,
  more: Partial<Pick<Surroundings, 'checks' | 'alarms' | 'router' | 'source'>> = {},
): Surroundings {
  const reach = async <T>(call: () => Promise<T>): Promise<T> => {
    if (life.isDead) return FOREVER;
    const value = await call();
    return life.isDead ? FOREVER : value;
  };
  const target: Target = {
    kind: 'scripted',
    sentence: 'hosts of a test',
    hosts: world.options.hosts,
    install: (change, release) => reach(() => world.install(change, release)),
    start: (change, release) => reach(() => world.start(change, release)),
    stop: (change, digest) => reach(() => world.stop(change, digest)),
    remove: (change, digest) => reach(() => world.removeRelease(change, digest)),
    run: (change, { run }) => reach(() => world.run(change, run)),
    probe: (change) => reach(() => world.probe(change)),
    instances: (host) => reach(async () => world.instances(host)),
    health: (instances) => reach(() => world.health(instances)),
    watch: (digest, _checks, onDown) =>
      world.watch(digest, (down) => {
        if (!life.isDead) onDown(down);
      }),
    samples: async () => ({ health: { taken: 5, bad: 0 }, resources: [0.2] }),
    drift: async () => [],
    missing: async () => [],
    close: async () => {},
  };
  const router: Router = {
    kind: 'scripted',
    setWeights: (fence, traffic) => reach(() => world.setWeights(fence, traffic)),
    state: () => reach(() => world.routerState()),
    observe: async () => ({ outcome: 'unknown', reason: 'the source counts' }),
    drain: (fence, version) => reach(() => world.drain(fence, version)),
    remove: (fence, version) => reach(() => world.remove(fence, version)),
  };
  const source: Source = {
    kind: 'scripted',
    read: (span) =>
      reach(async () => {
        if (span.fromMs === span.toMs) return { kind: 'none', reason: 'it begins' } as const;
        const window = world.window(span);
        return window === null
          ? ({ kind: 'none', reason: 'the source answered 500; look at its log' } as const)
          : ({ kind: 'window', window } as const);
      }),
    quantiles: () => reach(async () => ({ q50: 20, q90: 50, q95: 80, q99: 150 })),
    close: async () => {},
  };
  return {
    target,
    router,
    source,
    checks: {},
    alarms: [] as readonly Alarm[],
    release: async (digest) => aBuild(digest),
    template: (text, version) =>
      text.replaceAll('${{ deploy.arm }}', version === 'candidate' ? 'new' : 'old'),
    close: async () => {},
    ...more,
  };
}

function aBuild(digest: string): Release {
  return {
    service: 'api',
    digest,
    content: { kind: 'files', folder: `/builds/${digest}` },
    command: './serve',
    directory: '.',
    environment: {},
    secrets: {},
    port: 8080,
    resources: { cpus: null, memoryBytes: null, diskBytes: null, replicas: null },
    drainMs: 1000,
  };
}
