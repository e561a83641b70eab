import { expect, test } from 'vitest';
import { Household } from '../support/household.ts';

const env = { BROUTE2MQTT_STAY_ON_MISTAKE: '1', BROUTE2MQTT_LANGUAGE: 'en' };

test.each([
  [['run', '--config', '/nowhere/config.yaml'], 78, '/nowhere/config.yaml'],
  [['run', '--nonsense'], 64, '--nonsense'],
] as const)(
  'where Compose would restart it for ever, %j tells its mistake once and waits',
  async (args, code, told) => {
    await using home = new Household();
    const program = home.cli([...args], { env });
    await program.until(() => program.stderr.includes('Waiting: correct this'), 'it waits');
    expect(program.stderr).toContain(told);
    expect(program.code).toBeUndefined();
    expect((await program.end('SIGTERM')).code).toBe(code);
  },
);

test('a one-shot command ends all the same', async () => {
  await using home = new Household();
  const program = home.cli(['config', 'check', '--config', '/nowhere/config.yaml'], { env });
  expect(await program.ended).toBe(78);
});
