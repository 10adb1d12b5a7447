import { describe, test } from 'vitest';
import { normalAddress } from '../src/address.ts';
import { LinkStore } from '../src/link-store.ts';

describe('a link', () => {
  test('its address is checked', async ({ bench }) => {
    await bench('normalAddress', () => {
      normalAddress('HTTPS://Example.org/a/long way?with=questions#and-more');
    }).run();
  });

  test('a thousand are added', async ({ bench }) => {
    await bench('add', () => {
      const store = new LinkStore();
      for (let index = 0; index < 1000; index++) store.add(`https://example.org/${index}`);
    }).run();
  });
});
