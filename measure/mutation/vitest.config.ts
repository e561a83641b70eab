import { defineConfig } from 'vitest/config';

/** What Stryker runs for each mutant: the unit tests of the code it changes, and the captures. */
// oxlint-disable-next-line import/no-default-export -- vitest asks for it
export default defineConfig({
  test: {
    include: [
      'test/unit/{skstack,echonet,j11}/**/*.test.ts',
      'test/unit/supervisor/ladder.test.ts',
      'test/unit/kernel/{backoff,bytes}.test.ts',
      'test/unit/meter/{energy-guard,request-size,round-trips,poll-plan}.test.ts',
      'test/transcripts/{module,host}-lines.test.ts',
    ],
    testTimeout: 60_000, // every statement is counted
  },
});
