import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What users saw. */
export interface LoadTally {
  sent: number;
  /** Answers of a version that is bad on purpose. */
  faults: number;
  /** What failed for any other reason: each one is Sluice's doing. */
  readonly failures: string[];
}

const USERS = 6;
const PAUSE_MS = 40;
const TIMEOUT_MS = 15_000;

/** Users that ask one after the other over connections that stay open, until they are told to leave. */
export function startLoad(port: number): { readonly tally: LoadTally; leave(): Promise<void> } {
  const agent = new Agent({ keepAlive: true, maxSockets: USERS });
  const tally: LoadTally = { sent: 0, faults: 0, failures: [] };
  let isOver = false;
  const user = async () => {
    while (!isOver) {
      tally.sent += 1;
      const answer = await ask(agent, port).catch((error: Error) => error.message);
      if (answer === 'fault') tally.faults += 1;
      else if (answer !== 'well' && tally.failures.length < 20)
        tally.failures.push(`${new Date().toISOString()} ${answer}`);
      await delay(PAUSE_MS);
    }
  };
  const users = Array.from({ length: USERS }, user);
  return {
    tally,
    leave: async () => {
      isOver = true;
      await Promise.all(users);
      agent.destroy();
    },
  };
}

function ask(agent: Agent, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', port, path: '/', timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      response.on('end', () => {
        const isFault = response.headers['x-fault'] === '1';
        resolve(isFault ? 'fault' : response.statusCode === 200 ? 'well' : `status ${response.statusCode}`);
      });
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asked.on('error', reject);
    asked.end();
  });
}
