import { defineConfig } from 'vitest/config';

/** Four suites: `unit` needs Node alone; the others say in docs/development.md what they need. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/*.test.ts',
            'test/{unit,recovery,transcripts}/**/*.test.ts',
            'measure/{soak,fuzz}/**/*.test.ts',
          ],
          testTimeout: 60_000, // against hangs: a machine with other work is no failure
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/{e2e,security}/**/*.test.ts', 'measure/loops/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'container',
          include: ['test/container/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'ha',
          include: ['test/ha/**/*.test.ts'],
          // Before Node 22 its WebSocket has to be asked for.
          execArgv: process.versions.node.startsWith('20.') ? ['--experimental-websocket'] : [],
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
