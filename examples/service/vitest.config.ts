import { defineConfig } from 'vitest/config';

// The tests are written for Node's own runner. vitest runs the same ones, for its coverage and its benchmarks.
export default defineConfig({
  test: {
    alias: { 'node:test': new URL('quality/node-test.ts', import.meta.url).pathname },
    include: ['test/**/*.test.ts'],
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/main.ts'], reporter: ['lcovonly'], reportsDirectory: 'reports' },
    benchmark: { include: ['quality/*.bench.ts'] },
  },
});
