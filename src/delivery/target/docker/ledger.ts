import { labelWords } from '../../../driver/docker/container-arguments.ts';
import type { Docker } from '../../../driver/docker/docker.ts';
import type { Fence } from '../../fence.ts';
import { told, toldLines } from './engine-call.ts';
import { type Area, LABEL } from './names.ts';

/** For so long a change may be asked for. */
const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * What an engine remembers for Sluice: the newest fence, and which changes are done. Each is an empty volume, since creating one by name is
 * a durable act that happens once and needs neither an image nor a process.
 */
export class Ledger {
  readonly #docker: Docker;
  readonly #area: Area;

  constructor(docker: Docker, area: Area) {
    this.#docker = docker;
    this.#area = area;
  }

  /** Takes a fence as seen. Returns the newer one when it comes too late. */
  async see(fence: Fence): Promise<Fence | null> {
    const before = await this.#fences();
    const newer = before.find((one) => isOlder(fence, one));
    if (newer !== undefined) return newer;
    if (!before.some(({ token, order }) => token === fence.token && order === fence.order)) {
      const labels = labelWords(this.#area.labels('fence'));
      await told(this.#docker, [
        'volume',
        'create',
        ...labels,
        this.#area.fenceName(fence.token, fence.order),
      ]);
    }
    const after = await this.#fences();
    const late = after.find((one) => isOlder(fence, one));
    const old = after.filter((one) => isOlder(one, fence));
    if (old.length > 0) {
      const names = old.map(({ token, order }) => this.#area.fenceName(token, order));
      await this.#docker.call(['volume', 'rm', ...names]);
    }
    return late ?? null;
  }

  async isDone(key: string): Promise<boolean> {
    const words = ['volume', 'ls', '--quiet', '--filter', `name=^${this.#area.doneName(key)}$`];
    return (await toldLines(this.#docker, words)).length > 0;
  }

  async record(key: string): Promise<void> {
    const labels = labelWords(this.#area.labels('done', { [LABEL.atMs]: `${Date.now()}` }));
    await told(this.#docker, ['volume', 'create', ...labels, this.#area.doneName(key)]);
  }

  /** Forgets what nobody asks for any more. */
  async prune(): Promise<void> {
    const format = `{{.Name}}\t{{.Label "${LABEL.atMs}"}}`;
    const words = ['volume', 'ls', ...this.#area.filter('done'), '--format', format];
    const old = (await toldLines(this.#docker, words))
      .map((line) => line.split('\t'))
      .filter(([, atMs]) => Number(atMs) < Date.now() - KEPT_MS);
    if (old.length > 0) await this.#docker.call(['volume', 'rm', ...old.map(([name]) => name!)]);
  }

  async #fences(): Promise<readonly Fence[]> {
    const names = await toldLines(this.#docker, ['volume', 'ls', '--quiet', ...this.#area.filter('fence')]);
    return names.flatMap((name) => {
      const found = /-fence-(\d+)-(\d+)$/.exec(name);
      return found === null ? [] : [{ token: Number(found[1]), order: Number(found[2]) }];
    });
  }
}

function isOlder(one: Fence, other: Fence): boolean {
  return one.token < other.token || (one.token === other.token && one.order < other.order);
}
