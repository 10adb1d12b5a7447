import { userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import { repositoryName } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { hanging } from '../row.ts';
import { dateTime } from '../time-text.ts';
import { gateResults } from './explain.ts';
import { verdictStyle, verdictWord } from './render.ts';

const RUNS = 20;
const RUNS_MAX = 500;

/** Lists how gates were judged in the latest runs of the repository, the newest first. */
export async function history(
  context: Context,
  [name]: readonly string[],
  options: { readonly limit?: string },
): Promise<number> {
  const limit = runLimit(options.limit);
  const client = await context.client();
  const repository = await repositoryName(context);
  const runs = await client.list({ ...(repository === undefined ? {} : { repository }), limit });
  const rows = [];
  for (const { runId } of runs) {
    const view = await client.show(runId);
    for (const result of gateResults(view))
      for (const { name: condition, verdict, effect, shadow, sentence } of result.conditions)
        if (name === undefined || name === result.gate || name === condition)
          rows.push({
            runId,
            branch: view.source.branch,
            gate: result.gate,
            condition,
            verdict,
            effect,
            shadow,
            sentence,
            judgedAtMs: result.judgedAtMs,
          });
  }
  if (context.json) {
    context.printJson(rows);
    return EXIT.done;
  }
  const { look } = context;
  if (rows.length === 0) context.note('no gate was judged in these runs');
  for (const row of rows) {
    const { runId, gate, condition, verdict, effect, sentence, judgedAtMs } = row;
    const head = `${dateTime(judgedAtMs)}  ${runId}  ${visible(gate)}/${visible(condition)}  `;
    context.print([
      ...hanging('', `${head}${look.paint(verdictStyle(effect, verdict), verdictWord(row))}`, look.width),
      ...(verdict === 'pass' ? [] : hanging('    ', visible(sentence), look.width)),
    ]);
  }
  return EXIT.done;
}

/** How many runs `--limit` asks for. Throws `UserError`. */
export function runLimit(text: string | undefined): number {
  const limit = text === undefined ? RUNS : Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= RUNS_MAX) return limit;
  throw userError('bad-limit', `--limit ${text} is no number from 1 to ${RUNS_MAX}`, '--limit 20');
}
