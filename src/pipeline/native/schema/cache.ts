import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { fileGlobs, flag, template } from './text.ts';

const restoreKey = () => template('cache');

export const cacheSchema = z
  .strictObject({
    key: requiredKey(
      template('cache'),
      'The entry to restore and to save.',
      'key: npm-${{ git.branch }}\npaths: node_modules',
    ),
    key_files: key(
      fileGlobs(),
      'Files whose content is a part of the key: their digest is put behind it.',
      'key: npm\nkey_files: package-lock.json\nrestore_keys: npm-\npaths: node_modules',
    ),
    restore_keys: key(
      z.union([restoreKey(), z.array(restoreKey())]).meta({ expects: 'a key or a list of keys' }),
      'Beginnings of keys to restore from when there is no entry by the exact one; the newest wins.',
      'key: npm-${{ git.sha }}\nrestore_keys: npm-\npaths: node_modules',
    ),
    paths: requiredKey(fileGlobs(), 'Which folders and files.', 'key: npm\npaths: [node_modules, .cache]', [
      'path',
    ]),
    readonly: key(
      flag(),
      'The job only reads them: they need not be copied, and are not saved again.',
      'key: sdk\npaths: sdk\nreadonly: true',
    ),
  })
  .meta({ id: 'cache' });

export const cache = () =>
  z
    .union([cacheSchema, z.array(cacheSchema).min(1)])
    .meta({ expects: 'a mapping with `key` and `paths`, or a list of those' });
