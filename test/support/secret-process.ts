import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { openKeyRing } from '../../src/secret/key.ts';
import { openSecretStore } from '../../src/secret/secret-store.ts';

/* Works on a store of secrets until it is killed, or so many times: node secret-process.ts FOLDER set|rotate NAME COUNT */

const [folder, what, name, count] = process.argv.slice(2) as [string, string, string, string];
const random = { bytes: (size: number) => randomBytes(size) };
const store = openSecretStore({
  directory: join(folder, 'data', 'secrets'),
  keys: openKeyRing({
    environment: {},
    configDirectory: join(folder, 'config'),
    dataDirectory: join(folder, 'data'),
    random,
  }),
  clock: { now: () => 0, monotonic: () => 0, after: () => () => {} },
  random,
});
process.stdout.write('ready\n');
for (let round = 1; round <= Number(count); round++) {
  if (what === 'rotate') await store.rotateKey();
  else await store.write(name, { repository: null, environment: null }, `${name}-value-${round}`, 'set');
  process.stdout.write(`${round}\n`);
}
