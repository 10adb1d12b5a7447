import { connect } from 'node:net';
import type { Backend } from '../contract.ts';
import { BACKEND_LIMITS } from './limits.ts';

/** Knows which backends take connections, and takes turns among those of a version. */
export class Backends {
  readonly #down = new Map<string, { readonly backend: Backend; readonly timer: NodeJS.Timeout }>();
  readonly #turns = new WeakMap<readonly Backend[], number>();

  /** Whether any of them takes connections, as far as is known. */
  isAnyUp(backends: readonly Backend[]): boolean {
    if (this.#down.size === 0) return backends.length > 0;
    return backends.some((backend) => !this.#down.has(addressOf(backend)));
  }

  /** Whether one of them is up and not among `tried`. */
  isAnyLeft(backends: readonly Backend[], tried: ReadonlySet<string>): boolean {
    return backends.some((backend) => {
      const address = addressOf(backend);
      return !this.#down.has(address) && !tried.has(address);
    });
  }

  /** The next one that is up and not among `tried`; null: there is none. */
  next(backends: readonly Backend[], tried: ReadonlySet<string> | null): Backend | null {
    const turn = this.#turns.get(backends) ?? 0;
    for (let step = 0; step < backends.length; step++) {
      const index = (turn + step) % backends.length;
      const backend = backends[index]!;
      if (this.#down.size > 0 || tried !== null) {
        const address = addressOf(backend);
        if (this.#down.has(address) || tried?.has(address)) continue;
      }
      this.#turns.set(backends, index + 1);
      return backend;
    }
    return null;
  }

  /** It took no connection: it gets no request until it takes one from us. */
  eject(backend: Backend): void {
    const address = addressOf(backend);
    if (this.#down.has(address)) return;
    const timer = setInterval(() => this.#probe(backend), BACKEND_LIMITS.probeIntervalMs);
    this.#down.set(address, { backend, timer });
  }

  /** Forgets what is down but no longer among `present`. */
  keepOnly(present: readonly Backend[]): void {
    const addresses = new Set(present.map(addressOf));
    for (const address of [...this.#down.keys()]) if (!addresses.has(address)) this.#admit(address);
  }

  down(): readonly Backend[] {
    return [...this.#down.values()].map(({ backend }) => backend);
  }

  close(): void {
    for (const { timer } of this.#down.values()) clearInterval(timer);
    this.#down.clear();
  }

  #probe(backend: Backend): void {
    const socket = connect({
      host: backend.host,
      port: backend.port,
      timeout: BACKEND_LIMITS.probeIntervalMs,
    });
    socket.on('connect', () => {
      socket.destroy();
      this.#admit(addressOf(backend));
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => socket.destroy());
  }

  #admit(address: string): void {
    clearInterval(this.#down.get(address)?.timer);
    this.#down.delete(address);
  }
}

export function addressOf({ host, port }: Backend): string {
  return `${host}:${port}`;
}
