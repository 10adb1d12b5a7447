import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../../base/diagnostic.ts';
import { counted, visible } from '../../base/text.ts';
import type { RunSource } from '../../journal/run-event.ts';
import type { Exported, Loss } from '../../pipeline/export/contract.ts';
import { exportPlan } from '../../pipeline/export/export.ts';
import type { Plan } from '../../pipeline/plan.ts';
import { chosenTarget } from '../ci-provider.ts';
import { type Context, EXIT } from '../context.ts';
import { loadAsked } from '../pipeline-source.ts';
import { hanging } from '../row.ts';

/** `sluice export [target] [name]`: the pipeline as another system's files, and what they cannot say. */
export async function perform(
  context: Context,
  [target, name]: readonly string[],
  options: { readonly output?: string },
): Promise<number> {
  const chosen = chosenTarget(target, context.ports.environment);
  const source = await context.ports.repository(null);
  const plan = await loadAsked(context, source, name);
  const exported = exportPlan(chosen === 'github' ? await withCalls(context, source, plan) : plan, chosen);
  const written = await write(context, exported, options.output);
  if (context.json) {
    context.printJson({ ...exported, written });
    return EXIT.done;
  }
  if (written.length === 0) context.print(printed(exported));
  tellLosses(context, exported, written);
  return EXIT.done;
}

/** On GitHub calls of workflows stay calls; the plan has the jobs that they come to. */
async function withCalls(context: Context, source: RunSource, plan: Plan): Promise<Plan> {
  if (!plan.calls) return plan;
  const { loadCaller } = await context.ports.openWorkflowReader();
  const checked = loadCaller(plan.file, context.ports.readSources(source));
  if (!checked.ok) throw new UserError(checked.diagnostics);
  return checked.value;
}

/** Writes the files; the further ones beside the first. Gives their paths as the user would name them. */
async function write(
  context: Context,
  { files }: Exported,
  output: string | undefined,
): Promise<readonly string[]> {
  if (output === undefined) return [];
  const paths = files.map(({ path }, index) =>
    index === 0 ? output : join(dirname(output), basename(path)),
  );
  for (const [index, { text }] of files.entries())
    await context.ports.files.write(resolve(context.ports.cwd, paths[index]!), text);
  return paths;
}

/** One file as it is; of several each under its name. */
function printed({ files }: Exported): string {
  if (files.length === 1) return files[0]!.text.trimEnd();
  return files.map(({ path, text }) => `# ==> ${path}\n${text.trimEnd()}`).join('\n\n');
}

function tellLosses(context: Context, { target, files, losses }: Exported, written: readonly string[]): void {
  const { look } = context;
  for (const [index, path] of written.entries()) {
    const lines = files[index]!.text.split('\n').length - 1;
    context.note(`wrote ${visible(path)} (${counted(lines, 'line')})`);
  }
  if (losses.length === 0) {
    context.note(`nothing is lost on ${target}`);
    return;
  }
  const verb = losses.length === 1 ? 'is' : 'are';
  context.note(`${counted(losses.length, 'thing')} ${verb} lost on ${target}, and marked in the file:`);
  for (const loss of losses) {
    const head = `  ${look.paint('yellow', look.glyphs.warned)} `;
    const at = written[files.findIndex(({ path }) => path === loss.file)] ?? loss.file;
    context.note(hanging(head, visible(sentence(loss, at)), look.width));
  }
}

/** Both places, what is lost, and what stands there. */
function sentence({ place, line, message, instead }: Loss, file: string): string {
  const from = place ? `${place.file}:${place.start.line}` : 'the pipeline';
  return `${from} (${file}:${line}): ${message}; ${instead}`;
}
