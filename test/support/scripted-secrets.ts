import { userError } from '../../src/base/diagnostic.ts';
import type { Clock } from '../../src/base/port.ts';
import type { SecretPlaces } from '../../src/cli/ports.ts';
import type { KeptSecret, SecretScope } from '../../src/secret/contract.ts';

/** Secrets in memory, for the command line. */
export class ScriptedSecrets implements SecretPlaces {
  /** The values, by what `list` tells of them. */
  readonly kept = new Map<KeptSecret, string>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  check(name: string): void {
    if (name.includes('=')) throw userError('secret-name', 'bad name');
  }

  readonly store: SecretPlaces['store'] = {
    write: async (name, scope, value, mode) => {
      const before = this.#find(name, scope, 'store');
      if (mode === 'rotate' && !before) throw userError('secret-unknown', `there is no secret ${name}`);
      return this.#put(name, scope, value, 'store').version!;
    },
    read: async () => null,
    list: async () => [...this.kept.keys()].filter((one) => one.from === 'store'),
    remove: async (name, scope) => this.#drop(name, scope, 'store'),
    rotateKey: async () => this.kept.size,
  };

  readonly files: SecretPlaces['files'] = {
    write: async (name, environment, value) => {
      this.#put(name, { repository: null, environment }, value, 'repository');
      return `.sluice/secrets/${name}.age`;
    },
    list: async () => [...this.kept.keys()].filter((one) => one.from === 'repository'),
    remove: async (name, environment) =>
      this.#drop(name, { repository: null, environment }, 'repository')
        ? `.sluice/secrets/${name}.age`
        : null,
  };

  #put(name: string, scope: SecretScope, value: string, from: KeptSecret['from']): KeptSecret {
    const before = this.#find(name, scope, from);
    if (before) this.kept.delete(before);
    const changedAtMs = this.#clock.now();
    const { repository, environment } = scope;
    const version = (before?.version ?? 0) + 1;
    const createdAtMs = before?.createdAtMs ?? changedAtMs;
    const one = { name, repository, environment, from, version, createdAtMs, changedAtMs };
    this.kept.set(one, value);
    return one;
  }

  #drop(name: string, scope: SecretScope, from: KeptSecret['from']): boolean {
    const found = this.#find(name, scope, from);
    return found !== undefined && this.kept.delete(found);
  }

  #find(name: string, scope: SecretScope, from: KeptSecret['from']): KeptSecret | undefined {
    return [...this.kept.keys()].find(
      (one) =>
        one.name === name &&
        one.from === from &&
        one.repository === scope.repository &&
        one.environment === scope.environment,
    );
  }
}
