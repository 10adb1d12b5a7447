import { formatBytes } from '../../base/size.ts';
import { counted, visible } from '../../base/text.ts';
import type { ArtifactFile, ArtifactRecord } from '../../client/contract.ts';
import type { Look } from '../look.ts';
import { hanging } from '../row.ts';
import { tableLines } from '../table.ts';
import { ago, dateTime } from '../time-text.ts';

const DAY_MS = 86_400_000;
/** As many digits of a digest as find it again. */
const DIGEST_DIGITS = 8;

/** Artifacts as a table. Pure. */
export function renderArtifacts(records: readonly ArtifactRecord[], look: Look, nowMs: number): string[] {
  return tableLines(
    [
      { heading: 'artifact', widthMin: 8 },
      { heading: 'version', widthMin: 7 },
      { heading: 'size', right: true },
      { heading: 'digest' },
      { heading: 'run' },
      { heading: 'made' },
      { heading: 'kept' },
    ],
    records.map((record) => [
      visible(record.name),
      visible(record.version),
      formatBytes(record.bytes),
      record.digest.slice(0, DIGEST_DIGITS),
      record.runId,
      ago(record.createdAtMs, nowMs),
      keptText(record, nowMs),
    ]),
    look,
  );
}

/** All that is known of one. Pure. */
export function renderArtifact(record: ArtifactRecord, look: Look, nowMs: number): string[] {
  const { commit, branch, tag, expiresAtMs, pinnedBy } = record;
  const ref = [tag && `tag ${tag}`, branch, commit && `@ ${commit.slice(0, 12)}`].filter(Boolean).join(' ');
  const until = expiresAtMs === null ? 'it is removed' : dateTime(expiresAtMs);
  const facts: readonly (readonly [string, string])[] = [
    ['version', record.version],
    ['digest', `sha256:${record.digest}`],
    ['content', `${counted(record.files, 'file')}, ${formatBytes(record.bytes)}`],
    ['made', `${dateTime(record.createdAtMs)} (${ago(record.createdAtMs, nowMs)})`],
    ['run', record.runId],
    ['by', record.cell],
    ['source', `${record.repository}${ref === '' ? '' : `, ${ref}`}`],
    ['trust', record.trust],
    [
      'kept',
      pinnedBy.length > 0 ? `while pinned by ${pinnedBy.join(', ')}; else until ${until}` : `until ${until}`,
    ],
    ...Object.entries(record.metadata).map(([name, value]) => ['tag', `${name} = ${value}`] as const),
  ];
  return [
    look.paint('bold', visible(record.name)),
    ...facts.flatMap(([name, value]) =>
      hanging(`  ${look.paint('dim', name.padEnd(8))} `, visible(value), look.width),
    ),
  ];
}

/** Entries with their sizes, as a person browses them. Pure. */
export function renderFiles(files: readonly ArtifactFile[], look: Look): string[] {
  const sizes = files.map(({ kind, size }) => (kind === 'file' ? formatBytes(size) : kind));
  const width = Math.max(0, ...sizes.map((size) => size.length));
  // Names are never cut: they are what is typed next.
  return files.map(({ path, kind, target }, at) => {
    const name = kind === 'folder' ? `${path}/` : kind === 'link' ? `${path} -> ${target}` : path;
    return `${look.paint('dim', sizes[at]!.padStart(width))}  ${visible(name)}`;
  });
}

function keptText({ pinnedBy, expiresAtMs }: ArtifactRecord, nowMs: number): string {
  if (pinnedBy.length > 0) return 'pinned';
  if (expiresAtMs === null) return 'always';
  if (expiresAtMs <= nowMs) return 'over';
  return `${Math.ceil((expiresAtMs - nowMs) / DAY_MS)}d`;
}
