import { execFile } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { namesOf } from './render.ts';

const TIMEOUT_MS = 20_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** What nginx says of its whole configuration. */
export type Configuration =
  | {
      readonly isGood: true;
      /** Whether it includes the file with the upstream. */
      readonly isIncluded: boolean;
      /** Whether requests go where the file says. */
      readonly isUsed: boolean;
      /** Where it writes a line for each request in Sluice's format; null: nowhere. */
      readonly log: string | null;
      readonly pidFile: string;
    }
  | { readonly isGood: false; readonly reason: string };

/** How nginx is told to read its configuration anew; the default asks the nginx on the PATH. */
export function reloadCommand(reload: string | null): string {
  return reload ?? 'nginx -s reload';
}

/** Has nginx read and judge its configuration, with the same words as it is reloaded with where these are nginx's own. */
export async function testConfiguration(
  reload: string | null,
  file: string,
  upstream: string,
): Promise<Configuration> {
  const command = reloadCommand(reload);
  const isOwn = / -s\s+reload\b/.test(command);
  const { code, output, complaint } = await shell(
    isOwn ? command.replace(/ -s\s+reload\b/, ' -T') : 'nginx -T',
  );
  if (code !== 0) return { isGood: false, reason: reasonOf(complaint) };
  const { variable, format } = namesOf(upstream);
  const log = new RegExp(`^\\s*access_log\\s+(\\S+)\\s+${format}\\b`, 'm').exec(output)?.[1];
  const main = /configuration file (\S+) test is successful/.exec(complaint)?.[1] ?? '/etc/nginx/nginx.conf';
  const pidFile = /^\s*pid\s+(\S+);/m.exec(output)?.[1] ?? (await defaultPidFile());
  return {
    isGood: true,
    isIncluded: output.includes(`# configuration file ${resolve(file)}:`),
    isUsed: new RegExp(`^\\s*proxy_pass\\s+https?://\\${variable}\\b`, 'm').test(output),
    log: log === undefined ? null : resolve(dirname(main), log),
    pidFile,
  };
}

/** Tells nginx. Returns the sentence of what is wrong, or null. */
export async function tellToReload(reload: string | null): Promise<string | null> {
  const { code, complaint } = await shell(reloadCommand(reload));
  return code === 0 ? null : reasonOf(complaint);
}

async function defaultPidFile(): Promise<string> {
  const { complaint } = await shell('nginx -V');
  return /--pid-path=(\S+)/.exec(complaint)?.[1] ?? '/run/nginx.pid';
}

interface ShellEnd {
  readonly code: number;
  readonly output: string;
  readonly complaint: string;
}

function shell(command: string): Promise<ShellEnd> {
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
    execFile('/bin/sh', ['-c', command], options, (error, output, complaint) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output, complaint: complaint || (error?.message ?? '') });
    });
  });
}

/** The first line that says what is wrong. */
function reasonOf(complaint: string): string {
  const lines = complaint.trim().split('\n');
  return (
    (lines.find((line) => line.includes('[emerg]')) ?? lines.at(-1) ?? '').replace(/^nginx: /, '') ||
    'it gives no reason'
  );
}
