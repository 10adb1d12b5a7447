import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { userError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';
import type { KeptSecret, SecretFiles, SecretScope } from './contract.ts';
import { checkEnvironment, checkName, checkValue } from './name.ts';
import { privateText } from './private-file.ts';

/** Below the root of a repository. */
const FOLDER = '.sluice/secrets';
const RECIPIENTS = '.sluice/recipients';
const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----';

/** The content of a file of a repository; null: there is none. Paths are relative to its root. */
export type ReadRepositoryFile = (path: string) => Uint8Array | { readonly refused: string } | null;

export interface AgeIdentities {
  /** For messages. */
  readonly place: string;
  /** Empty when there are none. */
  read(): readonly string[];
}

/** `SLUICE_AGE_IDENTITY`: an identity or a file with some; otherwise the file `sluice/age.txt` in `configDirectory`. */
export function ageIdentities(
  environment: Readonly<Record<string, string | undefined>>,
  configDirectory: string,
): AgeIdentities {
  const given = environment.SLUICE_AGE_IDENTITY;
  const isIdentity = given?.startsWith('AGE-SECRET-KEY-') === true;
  const file = given || join(configDirectory, 'sluice', 'age.txt');
  return {
    place: isIdentity ? 'SLUICE_AGE_IDENTITY' : visible(file),
    read: () => linesOf(isIdentity ? given : (privateText(file, 'file of age identities') ?? '')),
  };
}

/**
 * The value in the age file for this job: that of its environment goes before that of all. null: the repository has none.
 * `UserError`: it has one and it cannot be decrypted.
 */
export async function readAgeFile(
  read: ReadRepositoryFile,
  identities: AgeIdentities,
  name: string,
  environment: string | null,
): Promise<string | null> {
  for (const one of environment === null ? [null] : [environment, null]) {
    const path = pathOf(name, one);
    const content = read(path);
    if (content === null) continue;
    if ('refused' in content) throw unreadable(path, content.refused);
    return decrypted(path, content, identities);
  }
  return null;
}

/** The age files in the working tree at `root`. When they changed and how often, git knows. */
export function ageFiles(root: string, repository: string): SecretFiles {
  return {
    async write(name, environment, value, mode) {
      checkName(name);
      checkEnvironment(environment);
      checkValue(name, value);
      const path = pathOf(name, environment);
      const file = join(root, path);
      if (mode === 'rotate' && !existsSync(file))
        throw userError('secret-unknown', `there is no ${path}`, `sluice secret set ${name} --file`);
      const recipients = linesOf(textOf(join(root, RECIPIENTS)));
      if (recipients.length === 0)
        throw userError(
          'secret-recipients',
          `${RECIPIENTS} names nobody who could decrypt the secret`,
          'write one age recipient a line into it, such as age1... (age-keygen prints it)',
        );
      const { armor, Encrypter } = await import('age-encryption');
      const encrypter = new Encrypter();
      for (const recipient of recipients) {
        try {
          encrypter.addRecipient(recipient);
        } catch {
          throw userError(
            'secret-recipients',
            `${RECIPIENTS}: "${visible(recipient.slice(0, 80))}" is no age recipient`,
            'a recipient is one line that begins with age1',
          );
        }
      }
      // With armour: a diff shows one changed file of text, and no tool takes it for something binary.
      replaceFile(file, armor.encode(await encrypter.encrypt(value)));
      return path;
    },
    async list() {
      const found = namesIn(join(root, FOLDER)).flatMap((entry): KeptSecret[] => {
        if (!entry.endsWith('/')) return keptFile(entry, { repository, environment: null });
        const environment = entry.slice(0, -1);
        return namesIn(join(root, FOLDER, environment)).flatMap((file) =>
          keptFile(file, { repository, environment }),
        );
      });
      return found.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
    },
    async remove(name, environment) {
      checkName(name);
      checkEnvironment(environment);
      const path = pathOf(name, environment);
      if (!existsSync(join(root, path))) return null;
      rmSync(join(root, path));
      return path;
    },
  };
}

function pathOf(name: string, environment: string | null): string {
  return `${FOLDER}/${environment === null ? '' : `${environment}/`}${name}.age`;
}

async function decrypted(path: string, content: Uint8Array, identities: AgeIdentities): Promise<string> {
  const known = identities.read();
  if (known.length === 0) throw unreadable(path, `there is no age identity in ${identities.place}`);
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const [index, identity] of known.entries()) {
    try {
      decrypter.addIdentity(identity);
    } catch {
      // The line is not repeated: it may be a key with a typing error.
      throw unreadable(path, `identity ${index + 1} of ${identities.place} is no age identity`);
    }
  }
  try {
    const text = Buffer.from(content).toString('latin1');
    const bytes = text.trimStart().startsWith(BEGIN) ? armor.decode(text) : content;
    return new TextDecoder('utf-8', { fatal: true }).decode(await decrypter.decrypt(bytes));
  } catch {
    throw unreadable(path, `no identity in ${identities.place} opens it, or the file was changed`);
  }
}

function unreadable(path: string, cause: string): Error {
  return userError(
    'secret-age',
    `${visible(path)} cannot be decrypted: ${cause}`,
    'the file is encrypted for the recipients that .sluice/recipients named when it was written',
    3,
  );
}

/** Lines that say something: age's files have comments. */
function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Names in a folder, folders with a `/` at the end; empty when there is none. */
function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `${entry.name}/` : entry.name,
  );
}

function keptFile(file: string, scope: SecretScope): KeptSecret[] {
  const name = /^([A-Za-z_][A-Za-z0-9_]*)\.age$/.exec(file)?.[1];
  if (name === undefined) return [];
  return [{ name, ...scope, from: 'repository', version: null, createdAtMs: null, changedAtMs: null }];
}

/** At once: a reader, and git, see the old file or the new one. */
function replaceFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, file);
}
