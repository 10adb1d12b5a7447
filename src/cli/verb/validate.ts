import type { Diagnostic } from '../../base/diagnostic.ts';
import { userError } from '../../base/diagnostic.ts';
import { counted, visible } from '../../base/text.ts';
import { pipelineFiles } from '../../pipeline/native/pipeline-file.ts';
import type { Plan } from '../../pipeline/plan.ts';
import { type Context, EXIT } from '../context.ts';
import { fileCalled, insideRepository, listedFiles, loadFile } from '../pipeline-source.ts';
import { hanging } from '../row.ts';

interface Validated {
  readonly file: string;
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** `sluice validate [files...]`: every problem of every file, each with its place and the way out. */
export async function perform(context: Context, given: readonly string[]): Promise<number> {
  const source = await context.ports.repository(null);
  const sources = context.ports.readSources(source);
  context.remember(sources);
  const { file } = context.settings;
  const paths =
    given.length > 0
      ? given.map((name) => fileCalled(context, source, sources, name))
      : file
        ? [insideRepository(context, source, file.path, file.from)]
        : pipelineFiles(listedFiles(sources));
  if (paths.length === 0) {
    throw userError('no-pipeline', 'this repository has no pipeline file', 'write a first one: sluice init');
  }
  const files: Validated[] = [];
  for (const path of paths) {
    const checked = await loadFile(context, source, sources, path);
    files.push({ file: path, plan: checked.ok ? checked.value : null, diagnostics: checked.diagnostics });
  }
  if (context.json) printJson(context, files);
  else await printText(context, files);
  return files.every((one) => one.plan) ? EXIT.done : EXIT.wrong;
}

function printJson(context: Context, files: readonly Validated[]): void {
  context.printJson({
    ok: files.every((one) => one.plan),
    files: files.map(({ file, plan, diagnostics }) => ({
      file,
      ok: plan !== null,
      ...(plan && { name: plan.name, stages: plan.stages.length, jobs: plan.jobs.length }),
      diagnostics,
    })),
  });
}

async function printText(context: Context, files: readonly Validated[]): Promise<void> {
  const { look } = context;
  await context.tell(files.flatMap((one) => one.diagnostics));
  for (const { file, plan, diagnostics } of files) {
    const count = (severity: string): number => diagnostics.filter((one) => one.severity === severity).length;
    const warnings = count('warning') > 0 ? `, ${counted(count('warning'), 'warning')}` : '';
    if (plan) {
      const text = `${visible(file)} is valid: ${counted(plan.stages.length, 'stage')}, ${counted(plan.jobs.length, 'job')}${cellsText(plan)}${warnings}`;
      context.print(hanging(`${look.paint('green', look.glyphs.succeeded)} `, text, look.width));
    } else {
      const text = `${visible(file)} is not valid: ${counted(count('error'), 'error')}${warnings}`;
      context.print(hanging(`${look.paint('red', look.glyphs.failed)} `, text, look.width));
    }
  }
}

/** Cells are worth saying when there are more than jobs. */
function cellsText(plan: Plan): string {
  const cells = plan.jobs.reduce((sum, job) => sum + (job.matrix?.cells?.length ?? 1), 0);
  return cells === plan.jobs.length ? '' : `, ${counted(cells, 'cell')}`;
}
