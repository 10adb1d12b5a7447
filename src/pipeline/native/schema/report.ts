import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { fileGlob, fileGlobs, idText } from './text.ts';

export const reportSchema = z
  .strictObject({
    kind: key(
      idText(),
      'What the file is: `junit`, `lcov`, `sarif` and so on. Default: told by its name and content.',
      'kind: junit\npath: report.xml',
    ),
    path: requiredKey(fileGlobs(), 'The file or files.', 'path: reports/*.xml', ['paths']),
  })
  .meta({ id: 'report' });

/** Reports as a list of globs or mappings, or as a mapping from kind to glob. */
export const reports = () =>
  z
    .union([z.array(z.union([fileGlob(), reportSchema])).min(1), z.record(idText(), fileGlobs())])
    .meta({ expects: 'a list of files, or a mapping from kind to file' });
