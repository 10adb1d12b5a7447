import { basename, join } from 'node:path';
import { UserError, userError } from '../../base/diagnostic.ts';
import { type Context, EXIT } from '../context.ts';
import { findJobs, pipelineText } from '../init/first-pipeline.ts';
import type { FoundJob, Project } from '../init/project.ts';
import { hanging } from '../row.ts';

const FILE = 'sluice.yaml';
/** Files that a new one would stand before or beside. */
const OTHERS = ['sluice.yml', 'pipeline.yaml', 'pipeline.yml', 'sluice.ts'];

/** `sluice init`: looks at the project and writes a pipeline that passes with what the project has. */
export async function perform(
  context: Context,
  _given: readonly string[],
  options: { readonly force?: boolean },
): Promise<number> {
  const root = await projectRoot(context);
  const { files } = context.ports;
  if (!options.force) await refuseToOverwrite(context, root);
  const project = projectAt(context, root);
  const jobs = await findJobs(project);
  const text = pipelineText(project.name, jobs);
  await files.write(join(root, FILE), text);
  const missing = await missingPrograms(context, jobs);
  if (context.json) context.printJson({ file: join(root, FILE), jobs, missing });
  else printWritten(context, jobs, missing);
  return EXIT.done;
}

/** The repository that the folder belongs to, or the folder itself. */
async function projectRoot(context: Context): Promise<string> {
  try {
    return (await context.ports.repository(null)).path;
  } catch (error) {
    if (error instanceof UserError) return context.ports.cwd;
    throw error;
  }
}

async function refuseToOverwrite(context: Context, root: string): Promise<void> {
  for (const name of [FILE, ...OTHERS]) {
    if ((await context.ports.files.read(join(root, name))) === null) continue;
    throw userError(
      'pipeline-exists',
      `there is a ${name} already`,
      'run it: sluice run; or write a new one: sluice init --force',
    );
  }
}

function projectAt(context: Context, root: string): Project {
  const { files } = context.ports;
  const read = (path: string): Promise<string | null> => files.read(join(root, path));
  return {
    name: basename(root) || 'pipeline',
    read,
    has: async (path) => (await read(path)) !== null,
    list: (folder) => files.list(join(root, folder)),
  };
}

/** Programs at the head of a command that this machine lacks. */
async function missingPrograms(context: Context, jobs: readonly FoundJob[]): Promise<readonly string[]> {
  const { programsIn } = await import('../command-head.ts');
  const programs = new Set(jobs.flatMap((job) => job.commands).flatMap(programsIn));
  const missing: string[] = [];
  for (const program of programs) if (!(await context.ports.machine.which(program))) missing.push(program);
  return missing;
}

function printWritten(context: Context, jobs: readonly FoundJob[], missing: readonly string[]): void {
  const { look } = context;
  context.print(`${look.paint('green', look.glyphs.succeeded)} wrote ${FILE}`);
  for (const job of jobs) {
    context.print(['', `  ${look.paint('bold', job.name)}  ${look.paint('dim', job.because)}`]);
    context.print(job.commands.map((command) => `    ${command}`));
  }
  if (missing.length > 0) {
    const text = `not on this machine: ${missing.join(', ')}; install it, or take its commands out`;
    context.print(['', ...hanging(`${look.paint('yellow', look.glyphs.warned)} `, text, look.width)]);
  }
  context.print(['', `next: ${look.paint('cyan', 'sluice run')}`]);
}
