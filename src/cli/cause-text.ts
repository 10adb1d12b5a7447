import { constants } from 'node:os';
import { formatDuration } from '../base/duration.ts';
import { visible } from '../base/text.ts';
import { unreachable } from '../base/unreachable.ts';
import type { Cause } from '../journal/run-event.ts';

/** Why something did not succeed, as the words that follow its name: "exit code 1", "killed by SIGSEGV (…)". One line. */
export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case 'cancelled':
      return `cancelled by ${visible(cause.by)}${cause.reason ? `: ${visible(cause.reason)}` : ''}`;
    case 'timeout':
      return `took longer than the ${cause.scope}'s limit of ${formatDuration(cause.limitMs)}`;
    case 'silence':
      return `printed nothing for ${formatDuration(cause.limitMs)}`;
    case 'lost':
      return `lost: ${visible(cause.reason)}`;
    case 'limit':
    case 'surroundings':
    case 'gate':
    case 'deployment':
      return visible(cause.message);
    case 'signal':
      return `killed by ${visible(cause.signal)}${signalHint(cause.signal)}`;
    case 'exit-code':
      return `exit code ${cause.code}${exitCodeHint(cause.code)}`;
    case 'could-not-start':
      return `could not start: ${visible(cause.reason)}`;
    case 'rejected': {
      const why = cause.reason === '' ? '' : `: ${visible(cause.reason)}`;
      return cause.by === null ? `not approved${why}` : `rejected by ${visible(cause.by)}${why}`;
    }
    case 'refused':
      return cause.sentences.map(visible).join('; ');
    case 'invalid':
      return visible(cause.message);
    case 'internal':
      return `Sluice itself failed: ${visible(cause.message)}`;
    default:
      return unreachable(cause, 'every cause has words');
  }
}

/** An outcome and its sentence, without saying the outcome twice: "skipped: x", "cancelled by ada". */
export function outcomeSentence(outcome: string, sentence: string): string {
  if (sentence === '') return outcome;
  return sentence.startsWith(outcome) ? sentence : `${outcome}: ${sentence}`;
}

function signalHint(signal: string): string {
  const meaning = signalMeaning(signal);
  return meaning ? ` (${meaning})` : '';
}

function signalMeaning(signal: string): string {
  if (signal === 'SIGKILL') return 'often because memory ran out';
  if (signal === 'SIGSEGV' || signal === 'SIGBUS') return 'the program crashed';
  if (signal === 'SIGABRT') return 'the program gave up';
  return '';
}

/** What shells mean by their own exit codes. */
function exitCodeHint(code: number): string {
  if (code === 126) return ' (found, but not a program that can run)';
  if (code === 127) return ' (command not found)';
  if (code <= 128 || code > 128 + 64) return '';
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  if (!signal) return '';
  const meaning = signalMeaning(signal);
  return ` (${signal}${meaning ? `: ${meaning}` : ''})`;
}
