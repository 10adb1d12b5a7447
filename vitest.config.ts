import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // The skip reporter stands first, so that vitest's closing lines stay last.
    reporters: ['./tools/skip-reporter.ts', 'default'],
  },
});
