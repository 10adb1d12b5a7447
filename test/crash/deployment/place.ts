import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeploymentEvent } from '../../../src/journal/deployment-event.ts';
import type { StoredEvent } from '../../../src/journal/event.ts';
import { machineClock } from '../../../src/machine/clock.ts';
import type { Store } from '../../../src/store/contract.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { killProcess, type ProcessSeen, processesOf } from '../../support/processes.ts';
import { homeOf, type Product, type ProductEnd, runProduct, startProduct } from '../../support/product.ts';
import { makeRepository } from '../../support/repository.ts';

const REPOSITORY = fileURLToPath(new URL('../deployment-repository', import.meta.url));
const PORTS = 8;

/** A repository and an environment on this machine, with a ledger that only what is deployed writes. */
export class DeploymentPlace {
  readonly folder: string;
  readonly port: number;
  readonly #store: Store;

  private constructor(folder: string, port: number, store: Store) {
    this.folder = folder;
    this.port = port;
    this.#store = store;
  }

  static async open(folder: string): Promise<DeploymentPlace> {
    const repository = join(folder, 'repository');
    mkdirSync(folder, { recursive: true });
    cpSync(REPOSITORY, repository, { recursive: true });
    const port = await freePorts(PORTS + 1);
    const file = join(repository, 'sluice.yaml');
    const text = readFileSync(file, 'utf8')
      .replaceAll('@LEDGER@', join(folder, 'ledger'))
      .replace('@LISTEN@', `${port}`)
      .replace('@FIRST@', `${port + 1}`)
      .replace('@LAST@', `${port + PORTS}`);
    writeFileSync(file, text);
    makeRepository(repository);
    const home = homeOf(folder);
    mkdirSync(join(home, 'store'), { recursive: true, mode: 0o700 });
    const store = await openSqliteStore(join(home, 'store', 'journal.db'), { clock: machineClock });
    return new DeploymentPlace(folder, port, store);
  }

  /** Starts a command as in a terminal of its own. */
  type(...args: readonly string[]): Product {
    return startProduct(args, { folder: this.folder, cwd: join(this.folder, 'repository') });
  }

  sluice(...args: readonly string[]): Promise<ProductEnd> {
    return runProduct(args, { folder: this.folder, cwd: join(this.folder, 'repository') });
  }

  /** Makes an artifact of a version. */
  async build(version: string, fault: 'none' | 'errors'): Promise<void> {
    const end = await this.sluice('run', '--input', `version=${version}`, '--input', `fault=${fault}`);
    if (end.code !== 0) throw new Error(`the build failed: ${end.stdout} ${end.stderr}`);
  }

  async events(deploymentId: string): Promise<readonly StoredEvent<DeploymentEvent>[]> {
    const events = await this.#store.journal.read(`deployment/${deploymentId}`);
    return events as readonly StoredEvent<DeploymentEvent>[];
  }

  async newest(): Promise<string | null> {
    const [stream] = await this.#store.journal.streams('deployment/', 1);
    return stream?.slice('deployment/'.length) ?? null;
  }

  ledger(): readonly string[] {
    const file = join(this.folder, 'ledger');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** A version that runs fails a part of its requests from now on. */
  turnBad(version: string): void {
    writeFileSync(join(this.folder, `ledger.${version}.bad`), '');
  }

  /** Percent of the traffic that the candidate of a deployment has, as the journal has it. */
  async percent(deploymentId: string): Promise<number | null> {
    const last = (await this.events(deploymentId)).findLast(
      ({ body }) => body.type === 'deployment.weight-set',
    );
    return last?.body.type === 'deployment.weight-set' ? last.body.candidatePercent : null;
  }

  /** Kills whoever drives the deployment, and with the guard whoever would start it again; false when nobody drives it. */
  killDriver(deploymentId: string, which: 'with-guard' | 'alone' = 'with-guard'): boolean {
    const all = this.#drivers(deploymentId);
    const [guards, drivers] = [all.filter(isGuard), all.filter((one) => !isGuard(one))];
    if (which === 'with-guard') for (const { pid } of guards) killProcess(pid);
    return drivers.map(({ pid }) => killProcess(pid)).includes(true);
  }

  /** Whether somebody drives the deployment. */
  isDriven(deploymentId: string): boolean {
    return this.#drivers(deploymentId).length > 0;
  }

  #drivers(deploymentId: string) {
    return processesOf(this.folder).filter(({ command }) =>
      command.includes(`internal supervise ${deploymentId}`),
    );
  }

  async damage(): Promise<readonly string[]> {
    return (await this.#store.journal.verify()).map(({ sentence }) => sentence);
  }

  async close(): Promise<void> {
    await this.#store.close();
    for (const { pid } of processesOf(this.folder)) killProcess(pid);
  }
}

/** The shell that starts a supervisor again. */
function isGuard({ command }: ProcessSeen): boolean {
  return command.startsWith('/bin/sh');
}

/** The first of so many ports in a row that nobody uses, below those that the system gives away by itself. */
async function freePorts(count: number): Promise<number> {
  for (let first = 12_000 + (process.pid % 1500) * 10; ; first = first > 30_000 ? 12_000 : first + 10) {
    const all = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (all.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
