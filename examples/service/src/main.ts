import { logToOutput } from './log.ts';
import { readRelease } from './release.ts';
import { startServer } from './server.ts';

/** Running requests have this long to end after SIGTERM. */
const STOP_DEADLINE_MS = 10_000;

/** A process that has just begun is slow for so many requests: they are its own, before it says that it is ready. */
const WARM_UP_REQUESTS = 200;

const server = await startServer({
  ...readRelease(new URL('.', import.meta.url)),
  warmUpRequests: WARM_UP_REQUESTS,
  port: Number(process.env.PORT ?? 8080),
  // In a container 0.0.0.0: what is published is not asked on the loopback.
  host: process.env.HOST ?? '127.0.0.1',
  log: logToOutput,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    logToOutput('stopping', { signal });
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    void server.stop();
  });
}
