import { expect, test } from 'vitest';
import { scanJson, scanTable } from '../../../src/cli/scan.ts';
import { scanBar, withScanProgress } from '../../../src/cli/scan/scan-port.ts';
import { ALL_CHANNELS_MASK, ODD_CHANNELS_MASK } from '../../../src/model/scan-plan.ts';
import { scanTimeMs } from '../../../src/skstack/commands.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { cli, collector } from './run.ts';

const own = { channel: 51, panId: 0x12a4, macAddress: '001C6400030C12A4', lqi: 202 };
const other = { channel: 33, panId: 0x0a1, macAddress: '001D129012345678' };

test('the table has a line for each network; whose it is stands there when others were asked for too', () => {
  expect(scanTable([{ pan: own }], 'en').split('\n')).toEqual([
    'Channel  PAN ID  LQI  RSSI      Address',
    '51 (33)  12A4    202  -49 dBm   FE80:0000:0000:0000:021C:6400:030C:12A4',
    '',
  ]);
  const both = [
    { pan: own, own: true },
    { pan: other, own: false },
  ];
  const lines = scanTable(both, 'en').split('\n');
  expect(lines[0]).toMatch(/Address +Own$/);
  expect(lines[1]).toMatch(/:12A4 {2}yes$/);
  expect(lines[2]).toMatch(/^33 \(21\) {2}00A1 {4}— {4}— dBm {5}FE80:[0-9A-F:]+ {2}no$/);
  expect(lines[1]?.lastIndexOf('yes')).toBe(lines[0]?.lastIndexOf('Own'));
  expect(scanTable(both, 'ja')).toMatch(/自分\n.* ○\n.* ×\n$/);
});

test('JSON says null for what was not told, and nothing of whose it is unless that was asked', () => {
  expect(JSON.parse(scanJson([{ pan: other }]))).toEqual([
    {
      channel: 33,
      pan_id: '00A1',
      mac_address: '001D129012345678',
      ip_address: 'FE80:0000:0000:0000:021D:1290:1234:5678',
      lqi: null,
      rssi_dbm: null,
    },
  ]);
  expect(JSON.parse(scanJson([{ pan: own, own: true }]))).toMatchObject([{ own: true, lqi: 202 }]);
});

const request = { mask: ODD_CHANNELS_MASK, duration: 6 };
const totalMs = scanTimeMs(request.mask, request.duration);

test.each<[share: number, filled: number, words: string]>([
  [0, 0, 'channel 33 (21), 9 s left (scan 2 of 4)'],
  [0.5, 12, 'channel 47 (2F), 5 s left (scan 2 of 4)'],
  [0.999, 24, 'channel 59 (3B), 1 s left (scan 2 of 4)'],
  [1.2, 24, 'waiting for the stick (scan 2 of 4)'],
])('the bar after %d of the time', (share, filled, words) => {
  const { en, ja } = scanBar(request, { at: 2, of: 4 }, share * totalMs);
  expect(en).toBe(`[${'#'.repeat(filled)}${'-'.repeat(24 - filled)}] ${words}`);
  expect(ja).toMatch(/(チャネル|応答待ち).*（2\/4 回目）$/);
  expect(en.length).toBeLessThan(80);
});

test('on a terminal the bar moves while the scan goes on, and is gone after it', async () => {
  const clock = new VirtualClock();
  const written: string[] = [];
  const stderr = { isTTY: true, write: (text: string) => written.push(text) };
  const { context } = collector({ stderr });
  const scan = withScanProgress(request, { at: 1, of: 1 }, { clock, context }, async () => {
    await clock.sleep(1000, context.signal);
    return 'found';
  });
  await clock.advance(1000);
  expect(await scan).toBe('found');
  expect(written.filter((text) => text.includes('channel'))).toHaveLength(5);
  expect(written.every((text) => text.startsWith('\r\u001B[K'))).toBe(true);
  expect(written.at(-1)).toBe('\r\u001B[K');
  expect(clock.sleepers).toBe(0);
});

test('elsewhere one line says how long it takes', async () => {
  const { context, err } = collector();
  const all = { mask: ALL_CHANNELS_MASK, duration: 6 };
  await withScanProgress(all, { at: 1, of: 2 }, { clock: new VirtualClock(), context }, async () => undefined);
  expect(err).toEqual(['scanning 28 channels (33–60), duration 6: 18 s … (scan 1 of 2)\n']);
});

test('a scan that fails leaves no bar behind', async () => {
  const clock = new VirtualClock();
  const written: string[] = [];
  const { context } = collector({ stderr: { isTTY: true, write: (text: string) => written.push(text) } });
  const failing = withScanProgress(request, { at: 1, of: 1 }, { clock, context }, () => Promise.reject(new Error('x')));
  await expect(failing).rejects.toThrow('x');
  expect(written.at(-1)).toBe('\r\u001B[K');
  expect(clock.sleepers).toBe(0);
});

test.each<[args: string[], en: string]>([
  [['--meter', 'x'], 'no meter of that id is configured; there are: home [USAGE]\nSee `broute2mqtt scan --help`.\n'],
  [['--alll'], 'did you mean --all?'],
  [['extra'], 'too many arguments for scan'],
])('scan %j: exit code 64', async (args, en) => {
  const env = {
    BROUTE2MQTT_METERS_0_ID: 'home',
    BROUTE2MQTT_METERS_0_DEVICE: '/nowhere/tty',
    BROUTE2MQTT_METERS_0_ROUTE_B_ID: '0123456789ABCDEF0123456789ABCDEF',
    BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: 'ABCDEFGHIJKL',
    BROUTE2MQTT_HTTP_LISTEN: '127.0.0.1:0',
  };
  expect(await cli(['scan', ...args], { env })).toMatchObject({
    exitCode: 64,
    stdout: '',
    stderr: expect.stringContaining(en) as string,
  });
});
