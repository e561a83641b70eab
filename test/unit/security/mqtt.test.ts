import { expect, test } from 'vitest';
import { CommandGate } from '../../../src/model/command-gate.ts';
import type { MeterCommand } from '../../../src/model/status.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function gate() {
  const clock = new VirtualClock();
  const { log, lines } = logLines();
  const taken: (MeterCommand | number)[] = [];
  const commands = {
    onCommand: (command: MeterCommand) => void taken.push(command),
    onInterval: (intervalS: number) => void taken.push(intervalS),
  };
  return { clock, lines, taken, gate: new CommandGate(clock, log, commands) };
}

test('ten thousand names that are no commands are one line a minute', async () => {
  const { clock, lines, taken, gate: rig } = gate();
  for (let minute = 0; minute < 3; minute++) {
    for (let i = 0; i < 10_000; i++) rig.accept({ name: `evil-${i}`, payload: Buffer.alloc(1), retained: i % 2 === 0 });
    await clock.advance(60_000);
  }
  expect(taken).toEqual([]);
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatchObject({ level: 'warn', reason: 'no such command', alsoRefused: 9999 });
});

test.each([
  '',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'read_now/more',
  'READ_NOW',
  'read_now\0',
  ' read_now',
  '+',
  '#',
  '\u202Eread_now',
  'a'.repeat(65_000),
])('%s is no command, and its line is short', (name) => {
  const { lines, taken, gate: rig } = gate();
  rig.accept({ name, payload: Buffer.alloc(0), retained: false });
  expect(taken).toEqual([]);
  expect(JSON.stringify(lines).length).toBeLessThan(500);
});

test('a burst of ten thousand good ones is one of each kind', () => {
  const { lines, taken, gate: rig } = gate();
  for (let i = 0; i < 10_000; i++) {
    for (const name of ['read_now', 'restart_session', 'rescan'])
      rig.accept({ name, payload: Buffer.from('PRESS'), retained: false });
  }
  expect(taken).toEqual(['read_now', 'restart_session', 'rescan']);
  expect(lines.length).toBeLessThan(10);
});
