import type { Instance } from '../contract.ts';
import type { HostAgent } from './agent.ts';
import { askHere, type Question } from './question.ts';
import type { AnswerRecord, RequestFields } from './wire.ts';

/** One host as the target knows it. */
export interface Host {
  readonly name: string;
  /** Where the router reaches its instances. */
  readonly address: string;
  readonly agent: HostAgent;
}

/** A host as those see it who wait for health, or watch. */
export interface Place {
  readonly name: string;
  /** Looks at instances and asks the questions. Never rejects. */
  look(request: LookRequest): Promise<Look>;
}

export function placeOf(host: Host): Place {
  return { name: host.name, look: (request) => lookAt(host, request) };
}

/** An instance at one moment. */
export interface Sight {
  readonly instance: Instance;
  /** It crashed three times within a minute, or is gone. */
  readonly isDown: boolean;
  /** How it ended the last time, or ''. */
  readonly reason: string;
  readonly tail: readonly string[];
  /** null: it was not asked for, or is not known. */
  readonly use: Use | null;
}

/** What an instance used until then. */
export interface Use {
  readonly atMs: number;
  readonly processorSeconds: number;
  readonly memoryBytes: number;
  /** What it may use: its limit, or the whole host. */
  readonly processors: number;
  readonly memoryMaxBytes: number;
}

export interface QuestionAnswer {
  readonly question: Question;
  readonly isGood: boolean;
  /** Why not. */
  readonly why: string;
}

export type Look =
  | {
      readonly outcome: 'seen';
      readonly sights: readonly Sight[];
      readonly answers: readonly QuestionAnswer[];
    }
  | { readonly outcome: 'unseen'; readonly reason: string };

export interface LookRequest {
  /** Empty: all of the digest. */
  readonly ids: readonly string[];
  readonly digest: string;
  readonly questions: readonly Question[];
  readonly withUse: boolean;
}

/** Looks at instances of a host and asks the questions, all at the same time. Never rejects. */
export async function lookAt(host: Host, request: LookRequest): Promise<Look> {
  const fields: RequestFields[number][] = [['digest', request.digest]];
  for (const id of request.ids) fields.push(['instance', id]);
  if (request.withUse) fields.push(['usage', '1']);
  const there = request.questions.filter(({ isAskedHere }) => !isAskedHere);
  for (const [index, question] of there.entries()) fields.push(...questionFields(`q${index}`, question));
  const timeoutMs = Math.max(0, ...there.map(({ timeoutMs }) => timeoutMs)) + ANSWER_MS;
  const [answer, ...own] = await Promise.all([
    host.agent.ask('look', fields, timeoutMs),
    ...request.questions.filter(({ isAskedHere }) => isAskedHere).map(askHere),
  ]);
  if (answer.outcome !== 'answered') return { outcome: 'unseen', reason: answer.reason };
  if (answer.last.reply !== 'done') return { outcome: 'unseen', reason: answer.last.reason ?? '' };
  const { records, last } = answer;
  const sights = records.filter(({ instance }) => instance !== undefined);
  const told = records.flatMap(({ question, good, why }) => {
    const asked = there[Number(question?.slice(1))];
    return asked === undefined ? [] : [{ question: asked, isGood: good === '1', why: why ?? '' }];
  });
  return {
    outcome: 'seen',
    sights: sights.map((record) => sightOf(host, record, last)),
    answers: [...told, ...own],
  };
}

/** For the way there and back, and a busy host. */
const ANSWER_MS = 10_000;

function questionFields(name: string, { instance, ask, timeoutMs }: Question): RequestFields {
  const fields: [string, string][] = [
    ['question', name],
    [`${name}.instance`, instance.id],
    [`${name}.kind`, ask.kind],
    [`${name}.timeout`, `${timeoutMs}`],
  ];
  if (ask.kind === 'http')
    fields.push([`${name}.target`, ask.url], [`${name}.status`, `${ask.status ?? ''}`]);
  if (ask.kind === 'command') fields.push([`${name}.target`, ask.run]);
  if (ask.kind === 'tcp') fields.push([`${name}.host`, ask.host ?? ''], [`${name}.port`, `${ask.port}`]);
  return fields;
}

function sightOf(host: Host, record: AnswerRecord, facts: AnswerRecord): Sight {
  const isThere = record.is_there === '1';
  return {
    instance: instanceOf(host, record),
    isDown: !isThere || record.is_down === '1',
    reason: isThere ? (record.reason ?? '') : 'it is gone',
    tail: linesOf(record.tail),
    use: record.ticks ? useOf(record, facts) : null,
  };
}

/** An instance as a record of the agent tells it. */
export function instanceOf({ name, address }: Host, record: AnswerRecord): Instance {
  return {
    id: record.instance!,
    host: name,
    digest: record.digest ?? '',
    address: record.port ? `${address.includes(':') ? `[${address}]` : address}:${record.port}` : null,
    startedAtMs: Number(record.at ?? 0),
    isRunning: record.is_running === '1',
  };
}

/** The lines of a field. */
export function linesOf(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split('\n');
}

function useOf(record: AnswerRecord, facts: AnswerRecord): Use {
  return {
    atMs: Number(facts.at),
    processorSeconds: Number(record.ticks) / Number(facts.ticks_a_second),
    memoryBytes: Number(record.bytes),
    processors: Number(record.cpus || facts.processors),
    memoryMaxBytes: Number(record.limit || facts.memory),
  };
}
