import { formatBytes } from '../../base/size.ts';
import { counted } from '../../base/text.ts';
import { type Context, EXIT } from '../context.ts';

/** `sluice upkeep`: what is done once an hour after a run, now. Exit code 1 when a part of it could not be done. */
export async function perform(context: Context): Promise<number> {
  const { home, workspace } = context.settings;
  const report = await context.ports.upkeep({ home, workspace });
  if (context.json) context.printJson(report);
  else {
    const { artifacts, cacheEntries, contents, logs, scratch, bytes } = report;
    const gone = [
      [artifacts, 'artifact'],
      [cacheEntries, 'cache entry'],
      [contents, 'content'],
      [logs, 'log'],
      [scratch, 'scratch file'],
    ] as const;
    const words = gone.filter(([count]) => count > 0).map(([count, noun]) => countedOf(count, noun));
    context.print(
      words.length === 0 ? 'nothing had to go' : `${words.join(', ')} removed: ${formatBytes(bytes)}`,
    );
    context.note(report.told);
  }
  return report.told.length > 0 ? EXIT.failed : EXIT.done;
}

function countedOf(count: number, noun: string): string {
  return noun === 'cache entry' && count !== 1 ? `${count} cache entries` : counted(count, noun);
}
