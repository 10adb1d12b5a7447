import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killProcessesOf } from './processes.ts';
import { type ProductEnd, runProduct } from './product.ts';
import { git, makeRepository } from './repository.ts';

const SERVICE = fileURLToPath(new URL('../../examples/service', import.meta.url));
const LOAD_SECONDS = 600;

export interface ExampleOptions {
  /** Percent of the traffic of each step. */
  readonly weights: readonly number[];
  readonly requestsPerSecond: number;
  /** Lines of its file by what they replace: other places and other sources. */
  readonly changes?: Readonly<Record<string, string>>;
  /** Where its users ask, without the built-in proxy. */
  readonly address?: string;
  /** Makes what is deployed of the built files, and returns its digest; without it the artifact of the run is deployed. */
  readonly pack?: (folder: string) => Promise<string>;
  /** Variables of the shell in which everything is typed. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** What users of it saw so far. */
export interface ExampleLoad {
  readonly answered: number;
  readonly failed: number;
  /** How many had which end: a status, or how the connection broke. */
  readonly byStatus: Readonly<Record<string, number>>;
}

/** The example service in its production on this machine, by the real program, with users that ask all the time. */
export class ExampleProduction {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  readonly #repository = join(this.#folder, 'repository');
  readonly #progress = join(this.#folder, 'load.json');
  /** The first three digits; below the ports that the system gives away by itself. */
  readonly #ports = 200 + (process.pid % 120);
  readonly #options: ExampleOptions;
  #users: ChildProcess | null = null;
  /** Of what was packed last. */
  #digest: string | null = null;

  constructor(options: ExampleOptions) {
    this.#options = options;
    mkdirSync(join(this.#folder, 'user'));
    cpSync(SERVICE, this.#repository, { recursive: true });
    const file = join(this.#repository, 'sluice.yaml');
    // Straight to production: staging finds no more than the tests do.
    const changed = Object.entries(options.changes ?? {}).reduce(
      (text, [from, to]) => changedOnce(text, from, to),
      withoutStaging(readFileSync(file, 'utf8')),
    );
    const text = changed
      .replaceAll(/\b181(\d\d)\b/g, `${this.#ports}$1`)
      .replace(/^ {4}promotion: .*\n/m, '')
      .replace('weights: [10, 50, 100]', `weights: [${options.weights.join(', ')}]`);
    writeFileSync(file, text);
    makeRepository(this.#repository);
  }

  /** A commit, and its pipeline: no gate finds what is wrong. */
  async build(fault: string): Promise<void> {
    git(this.#repository, 'commit', '--quiet', '--allow-empty', `--message=${fault}`);
    succeeded(await this.sluice('run', '--input', `fault=${fault}`));
    const { pack } = this.#options;
    if (pack === undefined) return;
    const to = mkdtempSync(join(this.#folder, 'artifact-'));
    succeeded(await this.sluice('artifact', 'download', 'links', '--run', 'latest', '--to', to, '--force'));
    this.#digest = await pack(join(to, 'dist'));
  }

  /** The first version; from then on it is used. */
  async begin(): Promise<void> {
    await this.build('none');
    succeeded(await this.deploy());
    const { requestsPerSecond } = this.#options;
    const args = [this.#address, '--rate', `${requestsPerSecond}`, '--seconds', `${LOAD_SECONDS}`];
    this.#users = spawn(
      process.execPath,
      [join(this.#repository, 'load.ts'), ...args, '--progress', this.#progress],
      { stdio: 'ignore' },
    );
  }

  /** Brings what was built last; resolves when the deployment is over. */
  deploy(): Promise<ProductEnd> {
    const which = this.#digest === null ? [] : ['--artifact', this.#digest];
    return this.sluice('deploy', 'production', ...which, '--json');
  }

  /** A command of the program, typed in its repository. */
  sluice(...args: readonly string[]): Promise<ProductEnd> {
    const { variables = {} } = this.#options;
    return runProduct(args, { folder: this.#folder, cwd: this.#repository, environment: variables });
  }

  /** Which version answers. */
  async serving(): Promise<unknown> {
    return (await fetch(`${this.#address}/version`)).json();
  }

  load(): ExampleLoad {
    if (!existsSync(this.#progress)) return { answered: 0, failed: 0, byStatus: {} };
    return JSON.parse(readFileSync(this.#progress, 'utf8')) as ExampleLoad;
  }

  async close(): Promise<void> {
    const users = this.#users;
    if (users !== null && users.exitCode === null) {
      const gone = once(users, 'exit');
      users.kill('SIGKILL');
      await gone;
    }
    killProcessesOf(this.#folder);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  get #address(): string {
    return `http://${this.#options.address ?? `127.0.0.1:${this.#ports}02`}`;
  }
}

/** Staging is of no interest here, and has the same keys. */
function withoutStaging(text: string): string {
  return text.replace(/^ {2}staging:\n(?: {4}.*\n|\n)*/m, '');
}

function changedOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`the example says "${from}" not once`);
  return text.replace(from, () => to);
}

function succeeded({ code, stdout, stderr }: ProductEnd): void {
  if (code !== 0) throw new Error(`sluice ended with ${code}: ${stdout}${stderr}`);
}
