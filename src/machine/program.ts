import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** Where PATH has the program, or null. A name with a `/` is looked for as it is. */
export async function which(program: string, path: string = process.env.PATH ?? ''): Promise<string | null> {
  const places = program.includes('/')
    ? [program]
    : path.split(delimiter).map((folder) => join(folder, program));
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      return place;
    } catch {
      // Not there; the next folder may have it.
    }
  }
  return null;
}

/** The first line that the program prints for its version, or null when it is not there or has none. */
export async function programVersion(program: string): Promise<string | null> {
  for (const flag of ['--version', 'version', '-v']) {
    const line = await firstLine(program, flag);
    if (line) return line;
  }
  return null;
}

function firstLine(program: string, flag: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(
      program,
      [flag],
      { timeout: 5000, stdio: ['ignore', 'pipe', 'pipe'] } as object,
      (error, stdout, stderr) => {
        const line = `${stdout}\n${stderr}`.split('\n').find((one) => /\d/.test(one));
        resolve(error || !line ? null : line.trim());
      },
    );
  });
}
