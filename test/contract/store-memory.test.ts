import { describe } from 'vitest';
import { openMemoryStore } from '../../src/store/memory.ts';
import { storeContract } from './store.contract.ts';

describe('memory store', () => {
  storeContract(async (clock) => openMemoryStore(clock));
});
