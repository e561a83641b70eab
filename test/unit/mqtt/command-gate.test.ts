import { describe, expect, test } from 'vitest';
import { CommandGate } from '../../../src/mqtt/command-gate.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('command gate', () => {
  test('each command at its own pace; refusals are counted, not repeated', async () => {
    const clock = new VirtualClock();
    const { log, lines } = logLines();
    const taken: string[] = [];
    const gate = new CommandGate(clock, log, (command) => taken.push(command));
    const ask = (name: string): void => gate.accept({ name, bytes: 5, retained: false });
    for (let second = 0; second < 61; second++) {
      for (const name of ['read_now', 'restart_session', 'rescan', 'poll_interval', '']) ask(name);
      await clock.advance(1000);
    }
    const count = (name: string): number => taken.filter((command) => command === name).length;
    expect([count('read_now'), count('restart_session'), count('rescan'), taken.length]).toEqual([7, 3, 2, 12]);
    expect(lines.filter(({ msg }) => msg === 'command refused').length).toBeLessThan(11);
    expect(lines.find(({ alsoRefused }) => alsoRefused !== undefined)?.['alsoRefused']).toBeGreaterThan(30);
  });
});
