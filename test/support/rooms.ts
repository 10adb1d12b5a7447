import type { RunnerRooms } from '../../src/runner/rooms.ts';

const none = () => Promise.reject(new Error('this test has no such room'));

/** For runners whose jobs ask for nothing beyond their steps. */
export const noRooms: RunnerRooms = {
  executor: none,
  serviceHost: none,
  caches: none,
  artifacts: none,
  work: none,
  snapshots: none,
  reports: none,
  changes: none,
  actions: none,
  leftBehind: async () => [],
};
