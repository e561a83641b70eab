import { expect, test } from 'vitest';
import { Host, METER } from './host.ts';

const get = (code: string): string => `1081000105FF010288016201${code}00`;

async function joined(options: ConstructorParameters<typeof Host>[0] = {}): Promise<Host> {
  const host = new Host({ payload: 'ascii', halfHour: 'off', ...options });
  await host.join();
  await host.send(get('80'));
  return host;
}
const edt = async (host: Host, code: string): Promise<string> => {
  const text = await host.send(get(code));
  return new RegExp(`7201${code}(?:..)([0-9A-F]+)\r\n`).exec(text)?.[1] ?? '';
};

test('power, currents and registers can be set, and given back', async () => {
  await using host = await joined();
  host.simulator.setPower(-524);
  expect(await edt(host, 'E7')).toBe('FFFFFDF4');
  host.simulator.setCurrents(9.8, 3.4);
  expect(await edt(host, 'E8')).toBe('00620022');
  host.simulator.setCurrents(1);
  expect(await edt(host, 'E8')).toBe('000A7FFE');
  host.simulator.setCurrents(undefined);
  expect(await edt(host, 'E8')).toMatch(/^FFDE/);
  host.simulator.setCounter('import', 0x1234);
  host.simulator.setCounter('export', 0x55);
  expect(await edt(host, 'E0')).toBe('00001234');
  expect(await edt(host, 'E3')).toBe('00000055');
  host.simulator.setPower(undefined);
  expect(await edt(host, 'E7')).toMatch(/^0000/);
});

test('the register follows the power', async () => {
  await using host = await joined();
  host.simulator.setPower(6000);
  const before = host.simulator.registers();
  await host.clock.advance(3_600_000);
  const after = host.simulator.registers();
  expect(after.import - before.import).toBe(60);
  expect(after.export).toBe(before.export);
});

test('the meter’s clock can run faster than the radio', async () => {
  await using host = await joined({ meterSpeed: 60 });
  const before = host.simulator.meterNow();
  await host.clock.advance(60_000);
  expect(host.simulator.meterNow() - before).toBe(3_600_000);
});

test('the wall clock may jump; the meter’s does not notice', async () => {
  await using host = await joined();
  const before = host.simulator.meterNow();
  host.clock.jumpWall(86_400_000);
  await host.clock.advance(1000);
  expect(host.simulator.meterNow() - before).toBe(1000);
});

test('the meter can be moved and replaced', async () => {
  await using host = await joined();
  host.simulator.moveMeter({ channel: 0x21, lqi: 0x28 });
  expect(await host.line('SKSCAN 2 FFFFFFFF 3 0', 5000)).toMatch(/Channel:21\r\n[\s\S]*LQI:28/);
  host.simulator.inject({ fault: 'meter-replaced', mac: '8CDF9D0000001234', serial: 'NEW1' });
  expect(await host.line('SKSCAN 2 FFFFFFFF 3 0', 5000)).toContain('Addr:8CDF9D0000001234');
  expect(await host.send(get('E7'))).toContain(`EVENT 21 ${METER} 0 01`);
});

test.each([
  ['E0', 'FFFFFFFE'],
  ['E3', 'FFFFFFFE'],
  ['E8', '7FFE7FFE'],
  ['EA', /^07EA010F.{6}FFFFFFFE$/],
  ['D0', /^07EA010F.{6}FFFFFFFEFFFFFFFE$/],
])('%s says "no data"', async (code, expected) => {
  await using host = await joined({ generation: 2 });
  host.simulator.inject({ fault: 'no-data' });
  expect(await edt(host, code)).toMatch(expected);
});

test('an option out of range is refused', () => {
  expect(() => new Host({ timeFactor: 0 })).toThrow(RangeError);
});
