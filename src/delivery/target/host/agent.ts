import type { Readable } from 'node:stream';

import { digestOf } from '../../../base/digest.ts';
import { visible } from '../../../base/text.ts';
import { agentScript, BOOTSTRAP } from './agent-script.ts';
import type { HostTransport } from './transport.ts';
import { type AnswerRecord, decodeAnswer, encodeRequest, type RequestFields } from './wire.ts';

/** What a host's agent answered. */
export type Answer =
  | {
      readonly outcome: 'answered';
      /** All but the last. */
      readonly records: readonly AnswerRecord[];
      /** The last record; `reply` says what became of the request. */
      readonly last: AnswerRecord;
    }
  /** The request never reached the host. */
  | { readonly outcome: 'unreached'; readonly reason: string }
  | { readonly outcome: 'unknown'; readonly reason: string };

/** The agent of one host, for one folder there. */
export interface HostAgent {
  ask(verb: string, fields: RequestFields, timeoutMs: number, content?: Readable): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * `directory`: the environment's folder on the host; a relative one lies in the user's home. `systemd`: whether instances are its services;
 * null: where there is one.
 */
export function hostAgent(transport: HostTransport, directory: string, systemd: boolean | null): HostAgent {
  const settings: RequestFields = systemd === null ? [] : [['systemd', systemd ? 'yes' : 'no']];
  return {
    ask: async (verb, fields, timeoutMs, content) => {
      const request = encodeRequest([
        ['verb', verb],
        ['directory', directory],
        ['script', digestOf(agentScript()).slice(0, 12)],
        ...settings,
        ['timeout', `${Math.max(1, Math.floor(timeoutMs))}`],
        ['ticket', `${nextTicket()}`],
        ...fields,
      ]);
      const script = agentScript();
      const words = ['-e', BOOTSTRAP, `${script.length}`, `${request.length}`];
      const input = Buffer.concat([script, request]);
      const { output, complaint, trouble } = await transport.exchange(
        words,
        input,
        content ?? null,
        timeoutMs,
      );
      const records = decodeAnswer(output);
      const last = records.at(-1);
      if (last?.reply !== undefined) return { outcome: 'answered', records: records.slice(1, -1), last };
      // The agent says that it has the request before it does anything.
      const isTaken = records.length > 0;
      if (trouble === null) {
        const reason = `the agent on the host broke off: ${visible(complaint || 'it said nothing')}`;
        return { outcome: isTaken ? 'unknown' : 'unreached', reason };
      }
      return { outcome: trouble.isCertain && !isTaken ? 'unreached' : 'unknown', reason: trouble.reason };
    },
    close: () => transport.close(),
  };
}

let lastTicket = 0;

/**
 * Grows with each request of an owner, so that a host can tell a request that comes late from one that was made later. Another
 * owner has another token.
 */
function nextTicket(): number {
  lastTicket = Math.max(lastTicket + 1, Date.now() * 1000);
  return lastTicket;
}
