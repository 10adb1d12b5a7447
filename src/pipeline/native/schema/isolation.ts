import * as z from 'zod';
import { visible } from '../../../base/text.ts';
import { key } from './key.ts';
import { choice, processors, size, wholeNumber } from './text.ts';

const MODES = ['process', 'sandbox', 'docker'] as const;

const machineFolder = () =>
  z
    .string()
    .refine((path) => path.startsWith('/') && !path.split('/').includes('..') && visible(path) === path)
    .meta({ expects: 'an absolute folder of the machine' });

export const limitsSchema = z
  .strictObject({
    cpu: key(processors(), 'How many processors.', 'cpu: 2', ['cpus']),
    memory: key(size(), 'How much memory.', 'memory: 512Mi'),
    pids: key(wholeNumber(1, 1_000_000), 'How many processes at a time.', 'pids: 200', ['processes']),
    disk: key(size(), 'How much it may write.', 'disk: 2Gi'),
  })
  .meta({ id: 'limits' });

export const isolationSchema = z
  .strictObject({
    mode: key(choice(...MODES), 'What keeps the job apart. Default: what the machine says.', 'mode: sandbox'),
    readable: key(
      z.array(machineFolder()).meta({ expects: 'a list of folders' }),
      "Folders of the machine that it may read besides the system's.",
      'mode: sandbox\nreadable: [/opt/sdk]',
      ['mounts'],
    ),
  })
  .meta({ id: 'isolation' });

export const isolation = () =>
  z
    .union([choice(...MODES), isolationSchema])
    .meta({ expects: 'one of `process`, `sandbox` and `docker`, or a mapping' });
