import { readFileSync } from 'node:fs';
import { logToOutput } from './log.ts';
import { startServer } from './server.ts';

/** Running requests have this long to end after SIGTERM. */
const STOP_DEADLINE_MS = 10_000;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const server = await startServer({
  port: Number(process.env.PORT ?? 8080),
  version: process.env.SERVICE_VERSION ?? version,
  commit: process.env.SERVICE_COMMIT ?? 'unknown',
  log: logToOutput,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    logToOutput('stopping', { signal });
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    void server.stop();
  });
}
