import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Many tests wait for processes and health checks most of their time: with one worker a second core would do nothing.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // The skip reporter stands first, so that vitest's closing lines stay last.
    reporters: ['./tools/skip-reporter.ts', 'default'],
  },
});
