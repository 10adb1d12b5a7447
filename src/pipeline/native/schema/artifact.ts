import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { displayName, duration, fileGlob, fileGlobs, idText, template } from './text.ts';

export const artifactSchema = z
  .strictObject({
    name: requiredKey(idText(), 'By which it is found again.', 'name: site\npaths: dist/**'),
    paths: requiredKey(fileGlobs(), 'Which files.', 'name: site\npaths: [dist/**, "!dist/**/*.map"]', [
      'path',
    ]),
    version: key(
      template('jobEnv'),
      'Default: from the tag, or the build number and the commit.',
      'name: site\npaths: dist/**\nversion: ${{ git.tag }}',
    ),
    tags: key(
      z.record(displayName(), displayName()).meta({ expects: 'a mapping of tags' }),
      'Data by which it can be found.',
      'name: site\npaths: dist/**\ntags: {team: web}',
    ),
    retention: key(duration(), 'How long it is kept at least.', 'name: site\npaths: dist/**\nretention: 14d'),
  })
  .meta({ id: 'artifact' });

export const artifacts = () =>
  z
    .union([fileGlob(), z.array(z.union([fileGlob(), artifactSchema])).min(1), artifactSchema])
    .meta({ expects: 'files, or mappings with `name` and `paths`' });
