import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SecretPlaces } from '../cli/ports.ts';
import type { RunSource } from '../journal/run-event.ts';
import { machineClock } from '../machine/clock.ts';
import { machineRandom } from '../machine/random.ts';
import { commitFiles, treeFiles } from '../machine/source-files.ts';
import { ageFiles, ageIdentities, readAgeFile } from '../secret/age-files.ts';
import type { SecretSource, SecretStore } from '../secret/contract.ts';
import { openKeyRing } from '../secret/key.ts';
import { checkEnvironment, checkName } from '../secret/name.ts';
import { openSecretStore } from '../secret/secret-store.ts';

/** What is kept of secrets, in the order in which it is asked: the repository's age files, then the store in `directory`. */
export function keptSecrets(directory: string, environment: NodeJS.ProcessEnv): readonly SecretSource[] {
  const store = openStore(directory, environment);
  const identities = ageIdentities(environment, configDirectory(environment));
  return [
    {
      read: (name, { source, environment: target }) => {
        const files =
          source.mode === 'commit' ? commitFiles(source.path, source.commit!) : treeFiles(source.path);
        return readAgeFile((path) => files.read(path), identities, name, target);
      },
    },
    {
      read: (name, { source, environment: target }) =>
        store.read(name, { repository: source.repository, environment: target }),
    },
  ];
}

/** The places that `sluice secret` writes to. */
export function secretPlaces(
  directory: string,
  environment: NodeJS.ProcessEnv,
  source: RunSource,
): SecretPlaces {
  return {
    store: openStore(directory, environment),
    files: ageFiles(source.path, source.repository),
    check(name, target) {
      checkName(name);
      checkEnvironment(target);
    },
  };
}

function openStore(directory: string, environment: NodeJS.ProcessEnv): SecretStore {
  return openSecretStore({
    directory: join(directory, 'secrets'),
    keys: openKeyRing({
      environment,
      configDirectory: configDirectory(environment),
      dataDirectory: directory,
      random: machineRandom,
    }),
    clock: machineClock,
    random: machineRandom,
  });
}

function configDirectory(environment: NodeJS.ProcessEnv): string {
  return environment.XDG_CONFIG_HOME || join(homedir(), '.config');
}
