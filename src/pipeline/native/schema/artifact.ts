import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import {
  choice,
  displayName,
  fileGlob,
  fileGlobs,
  flag,
  innerPath,
  reference,
  retention,
  template,
  templateName,
} from './text.ts';

export const artifactSchema = z
  .strictObject({
    name: requiredKey(
      templateName('jobEnv'),
      'By which it is found again. In a job with a matrix it names the cell: `site-${{ matrix.os }}`.',
      'name: site\npaths: dist/**',
    ),
    paths: requiredKey(fileGlobs(), 'Which files.', 'name: site\npaths: [dist/**, "!dist/**/*.map"]', [
      'path',
    ]),
    version: key(
      template('outputs'),
      'Default: from the tag, or the build number and the commit.',
      'name: site\npaths: dist/**\nversion: ${{ git.tag }}',
    ),
    tags: key(
      z.record(displayName(), template('outputs')).meta({ expects: 'a mapping of tags' }),
      'Data by which it can be found.',
      'name: site\npaths: dist/**\ntags: {team: web}',
      ['metadata'],
    ),
    retention: key(
      retention(),
      'How long it is kept at least. Default: 7 days for a pull request, 30 for a branch, 90 for a tag.',
      'name: site\npaths: dist/**\nretention: 14d',
    ),
    when: key(
      choice('success', 'failure', 'always'),
      'What the steps must have done. Default: `success`.',
      'name: screenshots\npaths: screenshots/**\nwhen: failure',
    ),
  })
  .meta({ id: 'artifact' });

export const artifacts = () =>
  z
    .union([fileGlob(), z.array(z.union([fileGlob(), artifactSchema])).min(1), artifactSchema])
    .meta({ expects: 'files, or mappings with `name` and `paths`' });

export const downloadSchema = z
  .strictObject({
    artifact: requiredKey(templateName('jobEnv'), 'The name of an artifact of this run.', 'artifact: site', [
      'name',
    ]),
    from: key(
      reference(),
      'The job that made it. Default: the one before this job that has an artifact of the name.',
      'artifact: site\nfrom: build',
    ),
    files: key(fileGlobs(), 'Only these files of it.', 'artifact: site\nfiles: "*.html"'),
    path: key(innerPath('jobEnv'), 'Where it is put. Default: `.`.', 'artifact: site\npath: public'),
    readonly: key(
      flag(),
      'The job only reads it, so that its files need not be copied.',
      'artifact: site\nreadonly: true',
    ),
  })
  .meta({ id: 'download' });

export const downloads = () =>
  z
    .union([
      templateName('jobEnv'),
      z.array(z.union([templateName('jobEnv'), downloadSchema])).min(1),
      downloadSchema,
    ])
    .meta({ expects: 'names of artifacts, or mappings with `artifact`' });
