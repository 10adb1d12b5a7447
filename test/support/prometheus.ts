import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import { needs } from './require.ts';
import { raw, ScriptedHttp } from './scripted-http.ts';

const SCRAPE_MS = 100;

/** A real Prometheus that scrapes what the test shows, as often as it can, or services of the test at their own `/metrics`. */
export class RealPrometheus {
  readonly #child: ChildProcess;
  readonly #exporter: ScriptedHttp;
  readonly url: string;
  #scrapes = 0;
  #metrics = '';
  #isDown = false;

  private constructor(child: ChildProcess, exporter: ScriptedHttp, url: string) {
    this.#child = child;
    this.#exporter = exporter;
    this.url = url;
  }

  static async start(
    context: TestContext,
    folder: string,
    services: readonly string[] = [],
  ): Promise<RealPrometheus> {
    needs(context, 'prometheus', hasPrometheus(), 'apt-get install prometheus');
    const exporter = await ScriptedHttp.open(raw(503, ''));
    const targets = JSON.stringify(services.length > 0 ? services : [`127.0.0.1:${exporter.port}`]);
    const config = join(folder, 'prometheus.yml');
    writeFileSync(
      config,
      `global: {scrape_interval: ${SCRAPE_MS}ms, scrape_timeout: ${SCRAPE_MS}ms}
scrape_configs:
  - job_name: service
    static_configs: [{targets: ${targets}}]
`,
    );
    const port = await freePort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const url = `http://127.0.0.1:${port}`;
    const prometheus = new RealPrometheus(child, exporter, url);
    exporter.answer = (request, response, body) => {
      prometheus.#scrapes++;
      raw(prometheus.#isDown ? 503 : 200, prometheus.#metrics, { 'content-type': 'text/plain' })(
        request,
        response,
        body,
      );
    };
    for (let isReady = false; !isReady && child.exitCode === null; await wait(25)) {
      isReady = await fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    }
    return prometheus;
  }

  /** What is scraped from now on, in the text format. Resolves when Prometheus has it. */
  async show(metrics: string): Promise<void> {
    this.#metrics = metrics;
    // When the second scrape begins, the first is stored.
    const until = this.#scrapes + 2;
    while (this.#scrapes < until && this.#child.exitCode === null) await wait(SCRAPE_MS / 4);
  }

  /** The target cannot be scraped, until `goOn`. */
  goDown(): void {
    this.#isDown = true;
  }

  goOn(): void {
    this.#isDown = false;
  }

  async stop(): Promise<void> {
    await this.#exporter.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

function hasPrometheus(): boolean {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
