/** What is changed together, and the tests that judge it. A constant at the top of a module needs all of them, so they are few. */
export interface MutationGroup {
  readonly name: string;
  /** Files, or folders with `/` at their end. */
  readonly sources: readonly string[];
  /** Patterns. */
  readonly tests: readonly string[];
}

const captures = 'test/transcripts/{module,host}-lines.test.ts';

export const groups: readonly MutationGroup[] = [
  { name: 'echonet', sources: ['src/echonet/'], tests: ['test/unit/{echonet,meter}/**/*.test.ts'] },
  { name: 'j11', sources: ['src/j11/'], tests: ['test/unit/j11/**/*.test.ts'] },
  {
    name: 'rules',
    sources: [
      'src/supervisor/ladder.ts',
      'src/kernel/backoff.ts',
      'src/kernel/bytes.ts',
      'src/model/scan-plan.ts',
      'src/meter/energy-guard.ts',
      'src/meter/capacity.ts',
      'src/meter/round-trips.ts',
      'src/meter/poll-plan.ts',
    ],
    tests: [
      'test/unit/{meter,supervisor,j11}/**/*.test.ts',
      'test/unit/kernel/{backoff,bytes}.test.ts',
      'test/unit/skstack/{commands,command-reader,dialect}.test.ts',
      'test/unit/echonet/{frame,property-map}.test.ts',
    ],
  },
  { name: 'skstack', sources: ['src/skstack/'], tests: ['test/unit/skstack/**/*.test.ts', captures] },
];

/** The part of a group's sources that is asked for: all, or the files named. */
export const sourcesOf = ({ sources }: MutationGroup, files: readonly string[]): readonly string[] =>
  files.length === 0
    ? sources.map((source) => (source.endsWith('/') ? `${source}**/*.ts` : source))
    : files.filter((file) => sources.some((source) => file.startsWith(source)));
