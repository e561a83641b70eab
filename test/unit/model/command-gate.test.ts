import { describe, expect, test } from 'vitest';
import { CommandGate } from '../../../src/model/command-gate.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('command gate', () => {
  test('each command at its own pace; refusals are counted, not repeated', async () => {
    const clock = new VirtualClock();
    const { log, lines } = logLines();
    const taken: string[] = [];
    const gate = new CommandGate(clock, log, { onCommand: (command) => void taken.push(command), onInterval: never });
    const ask = (name: string): void => gate.accept({ name, payload: Buffer.from('PRESS'), retained: false });
    for (let second = 0; second < 61; second++) {
      for (const name of ['read_now', 'restart_session', 'rescan', 'poll_interval', '']) ask(name);
      await clock.advance(1000);
    }
    const count = (name: string): number => taken.filter((command) => command === name).length;
    expect([count('read_now'), count('restart_session'), count('rescan'), taken.length]).toEqual([7, 3, 2, 12]);
    expect(lines.filter(({ msg }) => msg === 'command refused').length).toBeLessThan(11);
    expect(lines.find(({ alsoRefused }) => alsoRefused !== undefined)?.['alsoRefused']).toBeGreaterThan(30);
  });

  test('an interval is a whole number of seconds in its range; anything else is refused in the log', async () => {
    const clock = new VirtualClock();
    const { log, lines } = logLines();
    const taken: number[] = [];
    const gate = new CommandGate(clock, log, {
      onCommand: never,
      onInterval: (intervalS) => void taken.push(intervalS),
    });
    const ask = async (text: string, retained = false): Promise<void> => {
      gate.accept({ name: 'poll_interval', payload: Buffer.from(text), retained });
      await clock.advance(10_000);
    };
    for (const good of ['2', '30', '30.0', ' 60\n', '3600']) await ask(good);
    expect(taken).toEqual([2, 30, 30, 60, 3600]);
    for (const bad of [
      '',
      '1',
      '3601',
      '-30',
      '2.5',
      '1e3',
      '0x1e',
      'NaN',
      'thirty',
      '３０',
      '30 s',
      'PRESS',
      '030303',
    ])
      await ask(bad);
    await ask('30', true);
    expect(taken).toHaveLength(5);
    const refused = lines.filter(({ msg }) => msg === 'command refused');
    expect(refused[0]).toMatchObject({ command: 'poll_interval', level: 'warn' });
    expect(refused[0]?.['reason']).toBe('not a whole number of seconds from 2 to 3600');
  });

  test('one interval in ten seconds; a wrong one does not count', async () => {
    const clock = new VirtualClock();
    const taken: number[] = [];
    const onInterval = (intervalS: number): void => void taken.push(intervalS);
    const gate = new CommandGate(clock, logLines().log, { onCommand: never, onInterval });
    const ask = (text: string): void =>
      gate.accept({ name: 'poll_interval', payload: Buffer.from(text), retained: false });
    for (const text of ['x', '20', '30']) ask(text);
    await clock.advance(9999);
    ask('40');
    await clock.advance(1);
    ask('50');
    expect(taken).toEqual([20, 50]);
  });

  test('the page and the broker share one pace, and the page is told how long to wait', async () => {
    const clock = new VirtualClock();
    const taken: string[] = [];
    const { log, lines } = logLines();
    const gate = new CommandGate(clock, log, { onCommand: (command) => void taken.push(command), onInterval: never });
    const byBroker = (name: string): void => gate.accept({ name, payload: Buffer.from('PRESS'), retained: false });
    expect(gate.order('read_now')).toBe(0);
    byBroker('read_now');
    expect(gate.order('read_now')).toBe(10);
    byBroker('rescan');
    await clock.advance(9_500);
    expect([gate.order('read_now'), gate.order('rescan'), gate.order('restart_session')]).toEqual([1, 51, 0]);
    await clock.advance(500);
    expect(gate.order('read_now')).toBe(0);
    expect(taken).toEqual(['read_now', 'rescan', 'restart_session', 'read_now']);
    expect(lines.filter(({ by }) => by === 'page')).toHaveLength(3);
  });
});

const never = (): never => {
  throw new Error('not asked for');
};
