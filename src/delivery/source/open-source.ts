import { visible } from '../../base/text.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { AnalysisTrigger, EvidenceSource } from '../../pipeline/plan-analysis.ts';
import type { Version } from '../plan.ts';
import type { Router } from '../router/contract.ts';
import { askAlert, askFlag, askScript } from './alarm.ts';
import { type Answer, figureOfText } from './answer.ts';
import { askJson, shownUrl } from './ask-http.ts';
import type { Alarm, AlarmState, Source } from './contract.ts';
import { countersOf, figureAt, valueAt } from './field.ts';
import { openPrometheusCounts, openPrometheusFigures } from './prometheus-source.ts';
import { openRouterSource } from './router-source.ts';
import { type CommandPlace, runCommand } from './run-command.ts';
import { countingSource, figureSource } from './two-versions.ts';

/** What a source is opened with. */
export interface SourceContext {
  /** For messages: whose source it is, such as `the analysis` or `the check orders`. */
  readonly name: string;
  /**
   * `counts`: requests and errors of both versions, as the evidence of a whole release. `figure`: one number for each version, for a
   * check of the user's own.
   */
  readonly asked: 'counts' | 'figure';
  /** null: nothing stands before the service. */
  readonly router: Router | null;
  /** Fills in the templates of a definition, `deploy.*` as it is for a version. May throw `UserError`. */
  readonly template: (text: string, version: Version) => string;
  /** Where commands run, and what they see. */
  readonly commands: CommandPlace;
}

/**
 * Opens what a definition names. Nothing is asked before the first `read`, and nothing here throws for what a server or a command does.
 * `counts` of HTTP and of a command are an object with `requests` and `errors`, which count up; of Prometheus a counter with
 * a label for the status. `null`: a router is asked for, and there is none, or a figure is asked of the router.
 */
export function openSource(definition: EvidenceSource, context: SourceContext): Source | null {
  const { asked, template } = context;
  const name = nameOf(definition, context.name);
  switch (definition.kind) {
    case 'router':
      if (context.router === null || asked === 'figure') return null;
      return openRouterSource(context.router);
    case 'prometheus': {
      const queries = (version: Version) => ({
        url: template(definition.url, version),
        query: template(definition.query, version),
      });
      return asked === 'counts' ? openPrometheusCounts(name, queries) : openPrometheusFigures(name, queries);
    }
    case 'http': {
      const questions =
        <T>(choose: (json: unknown, field: string) => Answer<T>) =>
        (version: Version) => {
          const [url, field] = [template(definition.url, version), template(definition.field, version)];
          return {
            text: JSON.stringify([url, field]),
            ask: async ({ timeoutMs }: { readonly timeoutMs: number }): Promise<Answer<T>> => {
              const heard = await askJson({ url, form: null, timeoutMs });
              return 'problem' in heard ? heard : choose(heard.value.json, field);
            },
          };
        };
      const countersAt = (json: unknown, field: string) =>
        countersOf(valueAt(json, field), `the field ${visible(field)}`);
      return asked === 'counts'
        ? countingSource('http', name, questions(countersAt))
        : figureSource('http', name, questions(figureAt));
    }
    case 'command': {
      const questions =
        <T>(choose: (output: string) => Answer<T>) =>
        (version: Version) => {
          const run = template(definition.run, version);
          return {
            text: run,
            ask: async ({ timeoutMs }: { readonly timeoutMs: number }): Promise<Answer<T>> => {
              const heard = await runCommand(run, context.commands, timeoutMs);
              if (heard.kind === 'problem') return heard;
              if (heard.code === 0) return choose(heard.output.trim());
              const said = heard.lastError === '' ? '' : ` (${heard.lastError})`;
              return { problem: `ends with exit code ${heard.code}${said}; run it by hand` };
            },
          };
        };
      return asked === 'counts'
        ? countingSource('command', name, questions(countersPrinted))
        : figureSource(
            'command',
            name,
            questions((output) => figureOfText(output, 'its output')),
          );
    }
    default:
      return unreachable(definition, 'every kind of source can be opened');
  }
}

/** Opens a trigger of the user's own. What it asks is about the candidate. */
export function openAlarm(
  { name, source }: AnalysisTrigger,
  { template, commands }: Pick<SourceContext, 'template' | 'commands'>,
): Alarm {
  const fill = (text: string) => template(text, 'candidate');
  const askNow = async (timeoutMs: number): Promise<AlarmState> => {
    switch (source.kind) {
      case 'prometheus':
        return askAlert(fill(source.url), fill(source.query), timeoutMs);
      case 'http':
        return askFlag(fill(source.url), fill(source.field), timeoutMs);
      case 'command':
        return askScript(fill(source.run), commands, timeoutMs);
      case 'router':
        return { state: 'unknown', reason: 'has no alarms; ask Prometheus, a URL or a command' };
      default:
        return unreachable(source, 'every kind of source can be an alarm');
    }
  };
  const shown = nameOf(source, `the trigger ${visible(name)}`);
  return {
    name,
    async ask(timeoutMs) {
      let state: AlarmState;
      try {
        state = await askNow(timeoutMs);
      } catch (error) {
        return { state: 'unknown', reason: `${shown} cannot be asked: ${(error as Error).message}` };
      }
      return state.state === 'unknown' ? { state: 'unknown', reason: `${shown} ${state.reason}` } : state;
    },
  };
}

function countersPrinted(output: string) {
  let printed: unknown;
  try {
    printed = JSON.parse(output);
  } catch {
    return { problem: 'prints what is no JSON; print an object with `requests` and `errors`' };
  }
  return countersOf(printed, 'its output');
}

/** The beginning of each message: whose source, and where. */
function nameOf(definition: EvidenceSource, whose: string): string {
  switch (definition.kind) {
    case 'router':
      return `${whose}: the router`;
    case 'prometheus':
      return `${whose}: Prometheus at ${shownTemplate(definition.url)}`;
    case 'http':
      return `${whose}: ${shownTemplate(definition.url)}`;
    case 'command':
      return `${whose}: its command`;
    default:
      return unreachable(definition, 'every kind of source has a name');
  }
}

function shownTemplate(url: string): string {
  return shownUrl(url.replace(/\$\{\{.*?\}\}/g, '*'));
}
