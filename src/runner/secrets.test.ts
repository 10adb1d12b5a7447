import { describe, expect, it } from 'vitest';
import type { Trust } from '../journal/event.ts';
import type { SecretGrant } from '../pipeline/plan.ts';
import type { JobMessage } from './contract.ts';
import { readSecrets } from './secrets.ts';

const VALUES: Readonly<Record<string, string>> = { SET: 'value-of-set', EMPTY: '' };

function read(secrets: readonly SecretGrant[], trust: Trust = 'trusted') {
  const message = { job: { secrets, deploy: null }, source: {}, trust } as unknown as JobMessage;
  return readSecrets(message, { read: async (name) => VALUES[name] ?? null });
}

const may = (name: string): SecretGrant => ({ name, variable: null, optional: true });

describe('a secret that may be missing', () => {
  it('is there when somebody set it, and else missing without a problem', async () => {
    expect(await read([may('SET'), may('NONE'), may('EMPTY')])).toEqual({ SET: 'value-of-set' });
    await expect(read([{ name: 'NONE', variable: 'NONE' }])).rejects.toThrow('there is no secret NONE');
  });

  it('is never read for untrusted code', async () => {
    expect(await read([may('SET')], 'untrusted')).toEqual({});
  });
});
