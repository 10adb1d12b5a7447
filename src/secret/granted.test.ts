import { describe, expect, it } from 'vitest';
import { userError } from '../base/diagnostic.ts';
import type { SecretAsker, SecretSource } from './contract.ts';
import { grantedSecrets } from './granted.ts';

const job: SecretAsker = {
  source: {
    path: '/work',
    repository: 'here',
    branch: null,
    tag: null,
    commit: null,
    commitTimeMs: null,
    mode: 'tree',
    dirty: false,
  },
  environment: null,
  trust: 'trusted',
};
const holding = (values: Readonly<Record<string, string>>): SecretSource => ({
  read: async (name) => values[name] ?? null,
});

describe('grantedSecrets', () => {
  it('asks in order, and opens what is kept only for what was not given', async () => {
    let opened = 0;
    const secrets = grantedSecrets(holding({ A: 'given' }), async () => {
      opened++;
      return [holding({ A: 'age', B: 'age' }), holding({ A: 'store', B: 'store', C: 'store' })];
    });
    expect(await secrets.read('A', job)).toBe('given');
    expect(opened).toBe(0);
    expect(await secrets.read('B', job)).toBe('age');
    expect(await secrets.read('C', job)).toBe('store');
    expect(await secrets.read('D', job)).toBeNull();
    expect(opened).toBe(1);
  });

  it('never goes on to another place when one cannot give its secret', async () => {
    const broken: SecretSource = {
      read: async () => {
        throw userError('secret-key-missing', 'no key');
      },
    };
    const secrets = grantedSecrets(holding({}), async () => [broken, holding({ A: 'store' })]);
    await expect(secrets.read('A', job)).rejects.toThrow('no key');
  });

  it('gives untrusted code nothing, wherever it is', async () => {
    const secrets = grantedSecrets(holding({ A: 'given' }), async () => [holding({ B: 'kept' })]);
    for (const name of ['A', 'B', 'C'])
      await expect(secrets.read(name, { ...job, trust: 'untrusted' })).rejects.toThrow(
        'not given to untrusted',
      );
  });
});
