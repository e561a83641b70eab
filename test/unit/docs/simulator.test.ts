import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildProgram } from '../../../src/cli/program.ts';
import { parseFaultScript } from '../../../src/simulator/fault-script.ts';
import { FAULT_KINDS, faultSchema } from '../../../src/simulator/faults.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { collector } from '../cli/run.ts';

const page = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
const script = /```yaml\n([^`]*)```/.exec(page)?.[1] ?? '';

test('the example script is a script, line by line', () => {
  expect(parseFaultScript(script)).toEqual([
    { fault: { fault: 'join-refused', times: 2 }, atS: 0 },
    { fault: { fault: 'module-reset' }, atS: 30 },
    { fault: { fault: 'port-lost', for_s: 5 }, atS: 60 },
    { fault: { fault: 'event-26' }, atS: 600, everyS: 600 },
    { fault: { fault: 'fail-code', on: 'SKSENDTO', code: 10, skip: 3 }, atS: 0 },
    { fault: { fault: 'lost-reply', for_s: 120 }, atS: 300 },
  ]);
});

test('the example script plays: the stick is gone after a minute and back five seconds later', async () => {
  const clock = new VirtualClock();
  await using simulator = new Simulator({}, { clock });
  simulator.run(parseFaultScript(script));
  await clock.advance(59_000);
  expect(simulator.plugged).toBe(true);
  await clock.advance(2000);
  expect(simulator.plugged).toBe(false);
  await clock.advance(5000);
  expect(simulator.plugged).toBe(true);
});

test('every fault has its row with its kind', () => {
  const listed = rows.filter((row) => row.length === 4).map(([name, kind]) => [name, kind]);
  expect(listed).toEqual(Object.entries(FAULT_KINDS));
});

test('every field of a script line is told of', () => {
  const unnamed = [...Object.keys(faultSchema.shape), 'at_s', 'every_s'].filter(
    (field) => !page.includes(`\`${field}\``),
  );
  expect(unnamed).toEqual([]);
});

test('every option has its row', () => {
  const listed = rows.filter(([name, ...rest]) => name?.startsWith('--') && rest.length === 2).map(([name]) => name);
  const simulate = buildProgram(collector().context).commands.find((command) => command.name() === 'simulate');
  expect(listed).toEqual(simulate?.options.map(({ flags }) => flags));
});
