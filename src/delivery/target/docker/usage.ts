import type { Docker } from '../../../driver/docker/docker.ts';
import type { Tally } from '../host/tally.ts';
import { containersOf } from './container.ts';
import type { EngineHost } from './engine-host.ts';
import { LABEL } from './names.ts';

/**
 * Reads what containers use by `docker stats`, which needs a second or two for an answer: one question at a time, and nobody waits for
 * it.
 */
export class UsageReader {
  readonly #host: EngineHost;
  readonly #reading = new Map<string, Promise<void>>();
  #processors: number | null = null;

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** Begins a reading of all instances of a digest, unless one is under way. */
  read(digest: string, tally: Tally): void {
    if (this.#reading.has(digest)) return;
    // A reading that fails is none.
    const reading = this.#read(digest, tally).catch(() => {});
    this.#reading.set(
      digest,
      reading.finally(() => this.#reading.delete(digest)),
    );
  }

  async #read(digest: string, tally: Tally): Promise<void> {
    const { docker, area } = this.#host;
    const filter = ['--filter', `label=${LABEL.digest}=${digest}`];
    const containers = await containersOf(docker, area, 'instance', filter);
    const running = containers.filter(({ state }) => state === 'running');
    if (running.length === 0) return;
    this.#processors ??= await processorsOf(docker);
    const format = '{{.ID}}\t{{.CPUPerc}}\t{{.MemPerc}}';
    const ids = running.map(({ id }) => id);
    const { output } = await docker.call(['stats', '--no-stream', '--format', format, ...ids]);
    for (const line of output.split('\n')) {
      const [id, processor = '', memory = ''] = line.split('\t');
      const container = running.find((one) => one.id === id);
      if (container === undefined) continue;
      const processors = container.release.cpus ?? this.#processors;
      const share = Math.max(partOf(processor) / processors, partOf(memory));
      if (Number.isFinite(share)) tally.takeReading(digest, Math.min(1, share));
    }
  }
}

async function processorsOf(docker: Docker): Promise<number> {
  const { output } = await docker.call(['info', '--format', '{{.NCPU}}']);
  return Number(output) || 1;
}

function partOf(percent: string): number {
  return Number(percent.replace('%', '')) / 100;
}
