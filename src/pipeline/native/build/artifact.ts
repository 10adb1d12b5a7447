import type * as z from 'zod';
import { parseDuration } from '../../../base/duration.ts';
import type { PlanArtifact, PlanDownload } from '../../plan-artifact.ts';
import { placeOf, type Span } from '../node.ts';
import { shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type { artifactSchema, downloadSchema } from '../schema/artifact.ts';
import { RETENTION_MAX_MS } from '../size.ts';
import { nodeAt } from '../value.ts';
import type { BuildContext } from './context.ts';
import type { LocatedDownload } from './download.ts';
import type { JobDefinition } from './step.ts';
import { entriesOf, listOf, placeOfNode, texts } from './text.ts';

/** The artifacts of a job; files alone are one that is called like the job. Names that meet are reported. */
export function artifactsOf(job: JobDefinition, id: string, context: BuildContext): PlanArtifact[] {
  const found: PlanArtifact[] = [];
  const plain: string[] = [];
  let plainAt: Span | null = null;
  const entries = entriesOf(job, 'artifacts');
  for (const { value, node } of entries) {
    if (typeof value === 'string') {
      plain.push(value);
      plainAt ??= node;
      continue;
    }
    const definition = value as z.input<typeof artifactSchema>;
    const at = nodeAt(definition, 'name');
    reportShared(definition.name, at, job, context);
    if (found.some((one) => one.name === definition.name)) reportTwice(definition.name, at, context);
    found.push({
      name: definition.name,
      paths: listOf(definition.paths),
      version: definition.version ?? null,
      tags: texts(definition.tags),
      retentionMs:
        definition.retention === undefined ? null : parseDuration(definition.retention, RETENTION_MAX_MS),
      when: definition.when ?? 'success',
      place: placeOfNode(node),
    });
  }
  if (!plainAt) return found;
  reportShared(id, plainAt, job, context);
  if (found.some((one) => one.name === id)) reportTwice(id, plainAt, context);
  const place = placeOf(headOf(nodeAt(job, 'artifacts')));
  return [
    { name: id, paths: plain, version: null, tags: {}, retentionMs: null, when: 'success', place },
    ...found,
  ];
}

/** Each cell of a matrix makes its own artifact, so its name must tell them apart. */
function reportShared(name: string, at: Span, job: JobDefinition, context: BuildContext): void {
  if (job.matrix === undefined || /\bmatrix\b/.test(name)) return;
  const axis = typeof job.matrix === 'object' ? Object.keys(job.matrix)[0] : undefined;
  context.problems.error(
    'shared-artifact',
    at,
    `each cell of the matrix would keep an artifact called ${shown(name)}`,
    { suggestion: `put the cell into the name, such as \`${name}-\${{ matrix.${axis ?? 'NAME'} }}\`` },
  );
}

function reportTwice(name: string, at: Span, context: BuildContext): void {
  context.problems.error('duplicate-id', at, `two artifacts of the job are called ${shown(name)}`, {
    suggestion: 'give one of them another name',
  });
}

/** What a job gets of the jobs before it. Whether they have it is checked when all jobs are known. */
export function downloadsOf(job: JobDefinition): LocatedDownload[] {
  return entriesOf(job, 'downloads').map(({ value, node }) => {
    const definition =
      typeof value === 'string' ? { artifact: value } : (value as z.input<typeof downloadSchema>);
    const download: PlanDownload = {
      artifact: definition.artifact,
      from: definition.from ?? null,
      files: listOf(definition.files),
      path: definition.path ?? '.',
      readonly: definition.readonly ?? false,
      place: placeOfNode(node),
    };
    const at = typeof value === 'string' ? node : nodeAt(definition, 'artifact');
    return { download, at, fromAt: download.from === null ? at : nodeAt(definition, 'from') };
  });
}
