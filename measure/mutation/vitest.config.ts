import { defineConfig } from 'vitest/config';
import { groups } from './groups.ts';

/** What Stryker runs for each mutant: the tests of the group that `MUTATION_GROUP` names. */
// oxlint-disable-next-line import/no-default-export -- vitest asks for it
export default defineConfig({
  test: {
    include: groups.flatMap(({ name, tests }) => (name === process.env['MUTATION_GROUP'] ? tests : [])),
    testTimeout: 60_000, // every statement is counted
  },
});
