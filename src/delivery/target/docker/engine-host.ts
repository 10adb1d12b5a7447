import type { Docker } from '../../../driver/docker/docker.ts';
import type { Credentials } from '../../../driver/docker/image.ts';
import { Ledger } from './ledger.ts';
import { Area } from './names.ts';
import { RestartHistory } from './restart-history.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** One engine as the target knows it. */
export interface EngineHost {
  readonly name: string;
  readonly docker: Docker;
  /** Of the engine's machine: where ports are published, and the router reaches them. */
  readonly address: string;
  readonly area: Area;
  readonly ledger: Ledger;
  readonly history: RestartHistory;
  readonly ports: PortRange | null;
  readonly network: string | null;
  readonly keepReleases: number;
  credentials(image: string): Promise<Credentials | null>;
}

/** What all hosts of a target have in common, and what each has of its own. */
export function engineHost(
  shared: Pick<EngineHost, 'ports' | 'network' | 'keepReleases' | 'credentials'> & { readonly area: string },
  own: Pick<EngineHost, 'name' | 'docker' | 'address'>,
): EngineHost {
  const area = new Area(shared.area);
  return { ...shared, ...own, area, ledger: new Ledger(own.docker, area), history: new RestartHistory() };
}
