import { StartError } from '../contract.ts';

/** The program reads lines of up to 64 KiB; an encoded character may have six bytes. */
const PART_CHARACTERS = 8_000;
const LINE_CHARACTERS_MAX = 16_000;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The text of a file for `--env-file`. Its format knows neither line ends in a value nor long lines; such a value goes in encoded
 * parts, which the step's shell puts together (script.ts). Throws `StartError` for a variable that cannot be passed.
 */
export function environmentText(environment: Readonly<Record<string, string>>): string {
  const lines: string[] = [];
  const long: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!/[\n\r]/.test(value) && value.length <= LINE_CHARACTERS_MAX && isPlainName(name)) {
      lines.push(`${name}=${value}`);
      continue;
    }
    if (!IDENTIFIER.test(name)) {
      throw new StartError('EINVAL', `a container cannot be given the variable ${JSON.stringify(name)}`);
    }
    const parts = value.match(new RegExp(`[^]{1,${PART_CHARACTERS}}`, 'gu')) ?? [];
    parts.forEach((part, index) => {
      lines.push(`SLUICE_LONG_${name}_${index}=${encoded(part)}`);
    });
    long.push(`${name}:${parts.length}`);
  }
  if (long.length > 0) lines.push(`SLUICE_LONG=${long.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * The same for a container whose program is its image's own, so that nothing can put parts together. Throws `StartError`.
 */
export function plainEnvironmentText(environment: Readonly<Record<string, string>>): string {
  const text = environmentText(environment);
  const [name] = /^SLUICE_LONG=([^:\n]*)/m.exec(text)?.slice(1) ?? [];
  if (name === undefined) return text;
  throw new StartError('EINVAL', `the variable ${name} of a service has several lines or is too long`);
}

function isPlainName(name: string): boolean {
  return !/^#|\s/.test(name);
}

/** As `printf %b` reads it. */
function encoded(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
