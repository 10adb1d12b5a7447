import { digestOf } from '../../../base/digest.ts';

/** Labels of everything that a target makes in an engine. */
export const LABEL = {
  /** Which environment and service it belongs to. */
  area: 'sluice.target',
  role: 'sluice.role',
  digest: 'sluice.digest',
  /** Digest of the key of the change that made it. */
  key: 'sluice.key',
  /** JSON of how the release is to run, without any value of a secret. */
  release: 'sluice.release',
  /** On the engine's machine. */
  port: 'sluice.port',
  atMs: 'sluice.at',
} as const;

/** A template holds a release's configuration and never runs; a done is the receipt of a change. */
export type Role = 'template' | 'instance' | 'run' | 'fence' | 'done';

/** What belongs to one environment and service, in any engine. */
export class Area {
  /** Of labels. */
  readonly name: string;
  readonly #prefix: string;

  constructor(name: string) {
    this.name = name;
    const readable = name
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 30)
      .toLowerCase();
    this.#prefix = `sluice-${readable}-${short(name)}`;
  }

  templateName(digest: string): string {
    return `${this.#prefix}-release-${short(digest)}`;
  }

  instanceName(key: string, index: number): string {
    return `${this.#prefix}-${short(key)}-${index}`;
  }

  runName(key: string): string {
    return `${this.#prefix}-run-${short(key)}`;
  }

  doneName(key: string): string {
    return `${this.#prefix}-done-${short(key)}`;
  }

  fenceName(token: number, order: number): string {
    return `${this.#prefix}-fence-${token}-${order}`;
  }

  labels(role: Role, more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { [LABEL.area]: this.name, [LABEL.role]: role, ...more };
  }

  filter(role: Role): string[] {
    return ['--filter', `label=${LABEL.area}=${this.name}`, '--filter', `label=${LABEL.role}=${role}`];
  }
}

/** Long enough that no two meet. */
function short(text: string): string {
  return digestOf(text).slice(0, 20);
}
