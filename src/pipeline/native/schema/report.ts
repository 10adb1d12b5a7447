import * as z from 'zod';
import { nearestName } from '../../../base/near.ts';
import { REPORT_KINDS } from '../../plan-report.ts';
import { key, requiredKey } from './key.ts';
import { choice, fileGlob, fileGlobs } from './text.ts';

const kind = () => choice(...REPORT_KINDS);

export const reportSchema = z
  .strictObject({
    kind: key(
      kind(),
      'What the file is: `junit`, `lcov`, `sarif` and so on. Default: told by its name and content.',
      'kind: junit\npath: report.xml',
    ),
    path: requiredKey(fileGlobs(), 'The file or files.', 'path: reports/*.xml', ['paths']),
  })
  .meta({ id: 'report' });

const kindName = () =>
  z.string().superRefine((name, context) => {
    if ((REPORT_KINDS as readonly string[]).includes(name)) return;
    const near = nearestName(name, REPORT_KINDS);
    const message = `is no kind of report${near ? `; did you mean \`${near}\`?` : `; there are ${REPORT_KINDS.join(', ')}`}`;
    context.addIssue({ code: 'custom', message });
  });

/** Reports as a file, as a list of globs or mappings, or as a mapping from kind to glob. */
export const reports = () =>
  z
    .union([
      fileGlob(),
      z.array(z.union([fileGlob(), reportSchema])).min(1),
      reportSchema,
      z.record(kindName(), fileGlobs()),
    ])
    .meta({ expects: 'a list of files, or a mapping from kind to file' });
