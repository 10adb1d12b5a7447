import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A tree as a test writes it down: text or bytes for a file, a mode with it, `{link}`, null for a folder. */
export type TreeFiles = Readonly<
  Record<
    string,
    string | Uint8Array | { readonly text: string; readonly mode: number } | { readonly link: string } | null
  >
>;

export function writeTree(root: string, files: TreeFiles): void {
  mkdirSync(root, { recursive: true });
  for (const [path, file] of Object.entries(files)) {
    const absolute = join(root, path);
    mkdirSync(file === null ? absolute : dirname(absolute), { recursive: true });
    if (file === null) continue;
    if (typeof file === 'string' || file instanceof Uint8Array) writeFileSync(absolute, file);
    else if ('link' in file) symlinkSync(file.link, absolute);
    else {
      writeFileSync(absolute, file.text);
      chmodSync(absolute, file.mode);
    }
  }
}

/** All that can be seen of a tree: path to kind, mode and content. */
export function readTree(root: string): Record<string, string> {
  const seen: Record<string, string> = {};
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  for (const path of names.sort()) {
    const absolute = join(root, path);
    const stats = lstatSync(absolute);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isSymbolicLink()) seen[path] = `link ${readlinkSync(absolute)}`;
    else if (stats.isDirectory()) seen[path] = `folder ${mode}`;
    else seen[path] = `file ${mode} ${readFileSync(absolute, 'latin1')}`;
  }
  return seen;
}
