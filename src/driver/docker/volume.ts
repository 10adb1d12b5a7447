import { realpathSync } from 'node:fs';

import type { Mount } from './container-arguments.ts';

const VOLUME_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Reads `SOURCE:TARGET[:ro]` into a mount. A source with a `/` in it is a path, which has to lie in one of `folders` after all
 * links are followed; any other is a volume, whose real name `volumeName` says. Returns the sentence of what is wrong otherwise.
 */
export function volumeMount(
  volume: string,
  folders: readonly string[],
  volumeName: (name: string) => string,
): Mount | string {
  const [source = '', target = '', mode, ...rest] = volume.split(':');
  if (rest.length > 0 || source === '' || target === '' || (mode !== undefined && !/^r[ow]$/.test(mode))) {
    return `the volume \`${volume}\` is not \`SOURCE:TARGET\` or \`SOURCE:TARGET:ro\``;
  }
  if (!target.startsWith('/') || target === '/' || target.split('/').includes('..')) {
    return `the volume \`${volume}\` has to be mounted at an absolute path that is not the root`;
  }
  const isReadOnly = mode === 'ro';
  if (VOLUME_NAME.test(source)) return { kind: 'volume', source: volumeName(source), target, isReadOnly };
  if (!source.startsWith('/')) {
    return `the source of the volume \`${volume}\` is neither an absolute path nor the name of a volume`;
  }
  const real = realPath(source);
  if (real === null) return `the source of the volume \`${volume}\` does not exist`;
  const isInside = folders.some((folder) => {
    const root = realPath(folder);
    return root !== null && (real === root || real.startsWith(`${root}/`));
  });
  if (isInside) return { kind: 'bind', source: real, target, isReadOnly };
  const leads = real === source ? '' : ` (it leads to ${real})`;
  return `the source of the volume \`${volume}\` is not in the job's workspace${leads}; a job may mount only what lies there, or a named volume`;
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
