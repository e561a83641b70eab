import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';

const LONG_MS = 90_000;
const into = (redirection: string): string[] => ['sh', '-c', `exec "$@" ${redirection}`, 'sh'];

test.each([
  ['a full disk', 'json', into('> /dev/full')],
  ['a full disk', 'pretty', into('>> /dev/full')],
  ['a reader that is gone', 'json', ['sh', '-c', '"$@" | true', 'sh']],
  ['a reader that sleeps', 'json', ['sh', '-c', '"$@" | sleep 600', 'sh']],
] as const)('the log on %s (%s) ends nothing: readings go on', async (_case, format, through) => {
  await using home = new Household();
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.stick();
  const bridge = await home.bridge({
    broker: broker.url,
    meters: [{ device: stick.path }],
    config: { log: { level: 'trace', format } },
    through: [...through],
  });
  await bridge.until(() => readingsOf(watcher).length >= 4, 'readings', LONG_MS);
  expect(bridge.program.code).toBeUndefined();
  expect(bridge.program.stderr).toBe('');
});

test('a result that cannot be written is an error with a word about it, and no defect', async () => {
  await using home = new Household();
  const program = home.cli(['config', 'example'], { through: into('> /dev/full') });
  expect(await program.ended).toBe(64);
  expect(program.stderr).toContain('standard output cannot be written (ENOSPC)');
});
