import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { idText, text } from './text.ts';

const parameter = () =>
  z
    .union([z.string(), z.number(), z.boolean(), z.array(z.json())])
    .meta({ expects: 'text, a number, `true`, `false` or a list' });

export const includeSchema = z
  .strictObject({
    path: requiredKey(
      text().min(1),
      'The file, relative to the repository.',
      'path: .sluice/shared/node.yaml',
      ['file'],
    ),
    with: key(
      z.record(idText(), parameter()).meta({ expects: 'a mapping of parameters' }),
      'Values for its `${{ params.NAME }}`.',
      'path: .sluice/shared/node.yaml\nwith: {version: "24"}',
    ),
  })
  .meta({ id: 'include' });

const included = () =>
  z.union([text().min(1), includeSchema]).meta({ expects: 'a path, or a mapping with `path` and `with`' });
export const include = () => z.union([included(), z.array(included())]).meta({ expects: 'a list of files' });
