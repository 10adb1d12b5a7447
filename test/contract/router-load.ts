import { Agent, request } from 'node:http';
import type { Backend } from '../../src/delivery/router/contract.ts';

export interface Answer {
  readonly method: 'GET' | 'POST';
  readonly status: number | null;
  /** The version that answered. */
  readonly text: string;
}

/** Keep-alive clients that ask a router on this machine, a bounded number of times. */
export class Load {
  readonly answers: Answer[] = [];
  /** That are kept at the same time. */
  readonly connections = 8;
  readonly #listen: Backend;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: this.connections });
  #posts = 0;

  constructor(listen: Backend) {
    this.#listen = listen;
  }

  /** Asks `count` times, 8 at a time, each third time by POST under a name of its own, and returns these answers. */
  async run(count: number, headers: Readonly<Record<string, string>> = {}): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    let left = count;
    const client = async () => {
      while (left-- > 0) answers.push(await this.#ask(left % 3 === 0 ? 'POST' : 'GET', headers));
    };
    await Promise.all(Array.from({ length: this.connections }, client));
    this.answers.push(...answers);
    return answers;
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: 'GET' | 'POST', headers: Readonly<Record<string, string>>): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const path = method === 'POST' ? `/${this.#posts++}` : '/';
    const { host, port } = this.#listen;
    const asking = request({ host, port, path, method, agent: this.#agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve({ method, status: answer.statusCode!, text }));
      answer.on('error', () => resolve({ method, status: null, text }));
    });
    asking.on('error', (error) => resolve({ method, status: null, text: String(error) }));
    asking.end(method === 'POST' ? 'a body' : undefined);
    return promise;
  }
}

/** Answers that no client wants to see. */
export function failures(answers: readonly Answer[], method: 'GET' | 'POST'): readonly Answer[] {
  return answers.filter((answer) => answer.method === method && answer.status !== 200);
}

/** How often a version answered. */
export function countOf(answers: readonly Answer[], version: string): number {
  return answers.filter(({ text }) => text === version).length;
}
