import { resolve } from 'node:path';
import { formatBytes } from '../../base/size.ts';
import { counted, visible } from '../../base/text.ts';
import type { ArtifactRecord, Client } from '../../client/contract.ts';
import { type Context, EXIT } from '../context.ts';
import { commandWord } from '../shown.ts';

export interface BringOptions {
  readonly to?: string;
  readonly archive?: string;
  readonly force?: boolean;
  readonly untrusted?: boolean;
}

const TOLD_EVERY_MS = 200;

/** `sluice artifact download`: files to a folder, or all as one archive. */
export async function bring(
  context: Context,
  client: Client,
  record: ArtifactRecord,
  only: readonly string[],
  options: BringOptions,
): Promise<number> {
  const { archive, to, force, untrusted } = options;
  const place = archive ?? to ?? record.name;
  const progress = progressLine(context, record);
  const request = {
    target: resolve(context.ports.cwd, place),
    only,
    replaces: force === true,
    untrusted: untrusted === true,
    onProgress: progress.tell,
  };
  const { files, bytes } = await (archive === undefined
    ? client.artifacts.download(record, request)
    : client.artifacts.pack(record, request)
  ).finally(progress.end);
  if (context.json) context.printJson({ artifact: record, target: request.target, files, bytes });
  else {
    context.print(
      `${visible(record.name)} ${visible(record.version)}: ${counted(files, 'file')}, ${formatBytes(bytes)} ${archive === undefined ? 'in' : 'as'} ${commandWord(place)}`,
    );
  }
  return EXIT.done;
}

/** One line on the terminal that is drawn over; nothing where there is none. */
function progressLine(context: Context, { bytes: total }: ArtifactRecord) {
  const { err, clock } = context.ports;
  let toldAtMs = clock.monotonic();
  let isDrawn = false;
  return {
    tell(bytes: number): void {
      if (err.isTTY !== true || clock.monotonic() - toldAtMs < TOLD_EVERY_MS) return;
      toldAtMs = clock.monotonic();
      isDrawn = true;
      const percent = total === 0 ? 100 : Math.min(100, Math.floor((bytes / total) * 100));
      err.write(`\r\u001b[K${formatBytes(bytes)} of ${formatBytes(total)}, ${percent} %`);
    },
    end(): void {
      if (isDrawn) err.write('\r\u001b[K');
    },
  };
}
