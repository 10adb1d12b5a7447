import { hash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { userError } from '../base/diagnostic.ts';
import type { Random } from '../base/port.ts';
import { visible } from '../base/text.ts';
import { privateText } from './private-file.ts';

const KEY_BYTES = 32;
const PREFIX = 'sluice-key-1 ';
const LINE = /^sluice-key-1 ([A-Za-z0-9+/]{43}=)$/;

export interface SecretKey {
  /** Tells keys apart and tells nothing of the key. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The keys of this user. They are read anew whenever they are needed, so that a key which changes under a run is seen. */
export interface KeyRing {
  /** Where the keys are, for messages. */
  readonly place: string;
  /** The last one encrypts, all of them decrypt. Empty when there is none. `UserError`: they may not be used. */
  read(): readonly SecretKey[];
  /** False where the keys are given from outside: a new one is appended there. */
  readonly canAdd: boolean;
  /** Makes a key, which encrypts from now on, and returns it once it is on the disk. `UserError`: this ring cannot. */
  add(): SecretKey;
}

/**
 * Keys from the environment (`SLUICE_SECRET_KEY`: base64 of 32 bytes, several with a comma between them), or from a file
 * (`SLUICE_SECRET_KEY_FILE`, otherwise `sluice/key` in `configDirectory`). `dataDirectory`: what they must lie outside of.
 */
export function openKeyRing(options: {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly configDirectory: string;
  readonly dataDirectory: string;
  readonly random: Random;
}): KeyRing {
  const { SLUICE_SECRET_KEY: given, SLUICE_SECRET_KEY_FILE: file } = options.environment;
  if (given) return environmentRing(given);
  return fileRing(file || join(options.configDirectory, 'sluice', 'key'), options);
}

function environmentRing(text: string): KeyRing {
  const place = 'SLUICE_SECRET_KEY';
  return {
    place,
    canAdd: false,
    read: () =>
      text.split(',').map((one) => {
        const key = /^[A-Za-z0-9+/]{43}=$/.test(one.trim()) ? keyOf(one.trim()) : null;
        if (key) return key;
        throw userError('secret-key', `${place} holds no base64 of 32 bytes`, 'openssl rand -base64 32', 3);
      }),
    add: () => {
      throw userError(
        'secret-key',
        `the key comes from ${place}, where Sluice cannot put another one`,
        `append ",NEW" to ${place} (NEW: openssl rand -base64 32), and type the command again`,
        3,
      );
    },
  };
}

/**
 * A file to which keys are only added. Two processes that add at once lose nothing, a kill leaves a line without an end, which
 * is passed over, and a data folder that is older, or a backup, still finds its key.
 */
function fileRing(
  file: string,
  { dataDirectory, random }: { dataDirectory: string; random: Random },
): KeyRing {
  const place = visible(file);
  const read = (): readonly SecretKey[] => {
    const path = relative(dataDirectory, file);
    if (path !== '..' && !path.startsWith(`..${sep}`))
      throw userError(
        'secret-key',
        `the key file ${place} lies in the data folder that it protects`,
        'name one outside of it: SLUICE_SECRET_KEY_FILE',
        3,
      );
    const text = privateText(file, 'key file') ?? '';
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole.split('\n').flatMap((line, index) => {
      if (line.trim() === '' || line.startsWith('#')) return [];
      const key = LINE.exec(line.trim())?.[1];
      // What a killed process began is cut off by the next one.
      if (
        key === undefined &&
        PREFIX.startsWith(line.slice(0, PREFIX.length)) &&
        line.length < PREFIX.length + 44
      )
        return [];
      if (key === undefined)
        throw userError(
          'secret-key',
          `line ${index + 1} of the key file ${place} is no key`,
          'put the file back as it was; Sluice wrote it',
          3,
        );
      return [keyOf(key)];
    });
  };
  return {
    place,
    canAdd: true,
    read,
    add() {
      read();
      const bytes = random.bytes(KEY_BYTES);
      const line = `${PREFIX}${Buffer.from(bytes).toString('base64')}\n`;
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const descriptor = openSync(file, 'a+', 0o600);
      try {
        // In one write, and behind whatever a killed process left.
        writeSync(descriptor, fstatSync(descriptor).size === 0 ? line : `\n${line}`);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      const folder = openSync(dirname(file), 'r');
      fsyncSync(folder);
      closeSync(folder);
      return keyOf(Buffer.from(bytes).toString('base64'));
    },
  };
}

function keyOf(base64: string): SecretKey {
  return {
    id: hash('sha256', `sluice-key-id ${base64}`, 'hex').slice(0, 16),
    bytes: Buffer.from(base64, 'base64'),
  };
}
