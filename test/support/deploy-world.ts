import type { ArtifactQuery, ArtifactRecord, ArtifactStore } from '../../src/artifact/contract.ts';
import { userError } from '../../src/base/diagnostic.ts';
import type { Digest } from '../../src/base/digest.ts';
import { digestOf } from '../../src/base/digest.ts';
import type { DeployAsk, Deployments } from '../../src/client/deployment/contract.ts';
import { clientDeployments } from '../../src/client/deployment/deployments.ts';
import type { Places } from '../../src/client/deployment/rooms.ts';
import type { DeploymentEvent } from '../../src/journal/deployment-event.ts';
import type { JournalEvent } from '../../src/journal/event.ts';
import type { RunSource } from '../../src/journal/run-event.ts';
import { deploymentStream } from '../../src/journal/stream.ts';
import type { Plan } from '../../src/pipeline/plan.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { aPlan } from './plan.ts';
import { anEnvironment, aService } from './release.ts';
import { VirtualClock } from './virtual-clock.ts';

export const DEPLOY_SOURCE: RunSource = {
  path: '/work/shop',
  repository: 'shop',
  branch: 'main',
  tag: null,
  commit: 'c0ffee0000000000000000000000000000000000',
  commitTimeMs: 1_600_000_000_000,
  mode: 'tree',
  dirty: false,
};

export function anArtifact(version: string, more: Partial<ArtifactRecord> = {}): ArtifactRecord {
  return {
    schemaVersion: 1,
    runId: `run-${version}`,
    cell: 'pack',
    name: 'web',
    version,
    digest: digestOf(version),
    tree: digestOf(`tree of ${version}`),
    bytes: 10,
    files: 1,
    repository: 'shop',
    trust: 'trusted',
    commit: DEPLOY_SOURCE.commit,
    branch: 'main',
    tag: null,
    metadata: {},
    createdAtMs: 0,
    expiresAtMs: null,
    pinnedBy: [],
    ...more,
  };
}

/** One person's deployments over a store in memory: artifacts and places say what the test says, and nothing drives anything. */
export class DeployWorld {
  readonly clock = new VirtualClock();
  readonly store = openMemoryStore(this.clock);
  /** Newest first. */
  artifacts: ArtifactRecord[] = [];
  pinned: string[] = [];
  /** What runs on every host, by digest. */
  running: string[] = [];
  isHealthy = true;
  missing: string[] = [];
  /** Ids whose supervisors were started, in order. */
  readonly supervised: string[] = [];
  isDiskFull = false;
  /** What a supervisor does when it is started: nothing. */
  onSupervise: (deploymentId: string) => Promise<void> = async () => {};
  readonly deployments: Deployments;
  plan: Plan = aPlan([], {
    environments: [
      anEnvironment({ name: 'staging', type: 'staging', hosts: [] }),
      anEnvironment({ name: 'live', type: 'testing', hosts: [] }),
    ],
    services: [aService({ name: 'web', artifact: 'web', strategy: null })],
  });
  #chance = 0;

  constructor() {
    this.deployments = clientDeployments({
      store: this.store,
      clock: this.clock,
      random: { bytes: (count) => Uint8Array.from({ length: count }, () => (this.#chance++ * 7) % 256) },
      owners: {
        self: 'me',
        alive: () => false,
        isSameBoot: () => true,
        describe: (owner) => `process ${owner}`,
      },
      actor: { kind: 'person', id: 'ada (uid 1000)' },
      teams: async () => ['operations'],
      requireSpace: async () => {
        if (this.isDiskFull) throw userError('disk-low', 'the disk is nearly full', 'make room', 3);
      },
      open: async () => ({
        artifacts: async () => this.#store(),
        look: async () => this.#places(),
        supervise: async (deploymentId) => {
          this.supervised.push(deploymentId);
          await this.onSupervise(deploymentId);
        },
      }),
    });
  }

  ask(more: Partial<DeployAsk> = {}): DeployAsk {
    return {
      plan: this.plan,
      source: DEPLOY_SOURCE,
      environment: 'staging',
      service: null,
      release: { artifact: null, version: null, runId: null },
      strategy: null,
      rollback: null,
      otherwise: { strategy: null, rollback: null, automatic: null },
      reason: null,
      supersede: false,
      again: false,
      ...more,
    };
  }

  /** Deploys and lets it succeed, as its supervisor would write it. */
  async prove(version: string, environment = 'staging'): Promise<string> {
    if (!this.artifacts.some((one) => one.version === version)) this.artifacts.unshift(anArtifact(version));
    const release = { artifact: null, version, runId: null };
    const deploymentId = await this.deployments.begin(
      await this.deployments.plan(this.ask({ environment, release })),
    );
    await this.finish(deploymentId, 'succeeded', digestOf(version));
    this.clock.advance(1000);
    return deploymentId;
  }

  finish(deploymentId: string, outcome: 'succeeded' | 'rolled-back', serving: string | null): Promise<void> {
    return this.write(deploymentId, {
      type: 'deployment.finished',
      outcome,
      sentence: `${serving} serves`,
      durationMs: 1000,
      serving,
      partly: [],
      data: 'unchanged',
    });
  }

  async write(deploymentId: string, ...bodies: readonly DeploymentEvent[]): Promise<void> {
    await this.append(deploymentStream(deploymentId), ...bodies);
  }

  async append(stream: string, ...bodies: readonly JournalEvent[]): Promise<void> {
    const head = await this.store.journal.head(stream);
    const at = this.clock.now();
    const actor = { kind: 'controller', id: 'supervisor' } as const;
    await this.store.journal.append(
      stream,
      head,
      bodies.map((body) => ({ schemaVersion: 1, at, actor, body })),
    );
  }

  #store(): ArtifactStore {
    const find = async (query: ArtifactQuery) =>
      this.artifacts.filter(
        (one) =>
          (query.repository ?? one.repository) === one.repository &&
          (query.runId ?? one.runId) === one.runId &&
          (query.name ?? one.name) === one.name &&
          (query.version ?? one.version) === one.version &&
          (query.commit ?? one.commit) === one.commit &&
          one.digest.startsWith(query.digest ?? ''),
      );
    const pin = async (record: ArtifactRecord, by: string) => {
      this.pinned.push(`${record.version} by ${by}`);
    };
    return { find, pin, isWhole: async () => true } as unknown as ArtifactStore;
  }

  #places(): Places {
    const target = {
      kind: 'scripted',
      sentence: 'scripted',
      hosts: ['localhost'],
      instances: async (host: string) =>
        this.running.map((digest) => ({
          id: digest,
          host,
          digest: digest as Digest,
          address: '127.0.0.1:1',
          startedAtMs: 0,
          isRunning: true,
        })),
      health: async () =>
        this.isHealthy ? { state: 'healthy' } : { state: 'unhealthy', host: '', reason: '', tail: [] },
      drift: async () => [],
      close: async () => {},
    };
    return {
      target,
      router: null,
      source: null,
      checks: {},
      alarms: [],
      measurable: ['requests', 'latency', 'health', 'resources'],
      missing: this.missing,
      release: () => Promise.reject(new Error('nothing is brought in this test')),
      template: (text: string) => text,
      close: async () => {},
    } as unknown as Places;
  }
}
