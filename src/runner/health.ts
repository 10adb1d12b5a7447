import { connect } from 'node:net';
import type { HealthQuestion } from '../pipeline/plan-health-check.ts';

/** An answer to a health check; `reason` says what was wrong with it, for people. */
export interface HealthAnswer {
  readonly good: boolean;
  readonly reason: string;
}

/** Asks once over the network. `url` is complete, and `host` known. Never rejects. */
export async function askNetwork(
  question: Exclude<HealthQuestion, { kind: 'command' }>,
  timeoutMs: number,
): Promise<HealthAnswer> {
  return question.kind === 'http'
    ? askHttp(question.url, question.status, timeoutMs)
    : askTcp(question.host ?? '127.0.0.1', question.port, timeoutMs);
}

async function askHttp(url: string, status: number | null, timeoutMs: number): Promise<HealthAnswer> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    const good =
      status === null ? response.status >= 200 && response.status < 400 : response.status === status;
    return { good, reason: `${url} answers ${response.status}` };
  } catch (error) {
    const cause = (error as Error).cause ?? error;
    const isLate = (error as Error).name === 'TimeoutError';
    const why = isLate ? `no answer in ${timeoutMs} ms` : (cause as Error).message || String(cause);
    return { good: false, reason: `${url}: ${why}` };
  }
}

function askTcp(host: string, port: number, timeoutMs: number): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (good: boolean, why: string) => {
      socket.destroy();
      resolve({ good, reason: `${host}:${port}: ${why}` });
    };
    socket.once('connect', () => end(true, 'connected'));
    socket.once('timeout', () => end(false, `no connection in ${timeoutMs} ms`));
    socket.once('error', (error) => end(false, error.message));
  });
}
