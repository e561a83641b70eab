import { expect, test } from 'vitest';
import { settingsOf, understood } from '../../../src/cli/mackerel/mackerel-options.ts';
import type { MackerelFlags } from '../../../src/cli/mackerel/mackerel-options.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';

test.each<[line: string, taken: string]>([
  ['-device /dev/ttyACM0', '--device=/dev/ttyACM0'],
  ['--device /dev/ttyACM0', '--device=/dev/ttyACM0'],
  ['-device=/dev/ttyACM0', '--device=/dev/ttyACM0'],
  ['--device=/dev/ttyACM0', '--device=/dev/ttyACM0'],
  ['-dse', '--dse'],
  ['--dse', '--dse'],
  ['--dse=true -scan=1', '--dse --scan'],
  ['--dse=false -scan=0 -dse=F', ''],
  ['-scan -channel 2F -dse -ipaddr FE80::1', '--scan --channel=2F --dse --ipaddr=FE80::1'],
  ['-password -dse', '--password=-dse'],
  ['-metric-key-prefix=a=b', '--metric-key-prefix=a=b'],
  ['-tempfile /tmp/x -verbosity 3', '--tempfile=/tmp/x --verbosity=3'],
  ['-config /etc/b.yaml -meter home', '--config=/etc/b.yaml --meter=home'],
  ['-id-file id -password-file pw', '--id-file=id --password-file=pw'],
  ['-h', '--help'],
  ['-help', '--help'],
  ['-device', '--device'],
  ['-devise x', '--devise x'],
  ['-- -device x', '-- -device x'],
  ['stray -1', 'stray -1'],
])('%s', (line, taken) => {
  const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
  expect(understood(['mackerel', ...words(line)])).toEqual(['mackerel', ...words(taken)]);
});

test('other commands are left as they are, and the configuration may stand before', () => {
  expect(understood(['run', '-device', 'x'])).toEqual(['run', '-device', 'x']);
  expect(understood(['read', '--meter', 'mackerel'])).toEqual(['read', '--meter', 'mackerel']);
  expect(understood(['--config', 'c', 'mackerel', '-dse'])).toEqual(['--config', 'c', 'mackerel', '--dse']);
  expect(understood(['--config=c', 'mackerel', '-dse'])).toEqual(['--config=c', 'mackerel', '--dse']);
});

test('the defaults', () => {
  expect(settingsOf({})).toEqual({ prefix: 'smartmeter', verbosity: 1, channel: undefined, macAddress: undefined });
});

test.each([
  ['FE80:0000:0000:0000:021D:1290:1234:5678', '001D129012345678'],
  ['fe80:0:0:0:21d:1290:1234:5678', '001D129012345678'],
  ['fe80::21d:1290:1234:5678', '001D129012345678'],
])('%s is the meter %s', (ipaddr, mac) => expect(settingsOf({ ipaddr }).macAddress).toBe(mac));

test.each([
  ['21', 33],
  ['2f', 47],
  ['0x3C', 60],
])('channel %s is %d', (channel, number) => expect(settingsOf({ channel }).channel).toBe(number));

test.each<[MackerelFlags]>([
  [{ channel: '20' }],
  [{ channel: '3D' }],
  [{ channel: '47x' }],
  [{ ipaddr: '192.168.0.1' }],
  [{ ipaddr: 'FE80::1' }],
  [{ verbosity: '4' }],
  [{ verbosity: 'x' }],
  [{ metricKeyPrefix: 'a b' }],
  [{ metricKeyPrefix: '' }],
  [{ id: 'a', idFile: 'b' }],
  [{ password: 'a', passwordFile: 'b' }],
])('%j is a usage error', (options) => {
  expect(() => settingsOf(options)).toThrow(BridgeError);
  expect(() => settingsOf(options)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(/^--[a-z-]+: ./) as string }),
  );
});

test('a switch that is neither on nor off is told without its value', () => {
  expect(() => understood(['mackerel', '-dse=SECRET'])).toThrow(
    expect.objectContaining({ code: 'USAGE', message: '--dse: must be true or false' }),
  );
});
