import { expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { publishedError } from '../../../src/app/ask/bridge-status.ts';
import { mackerelLines } from '../../../src/mackerel/mackerel-metrics.ts';
import { currentReading, fromBridge } from '../../../src/app/read/obtain-readings.ts';
import { readingsText } from '../../../src/cli/read.ts';
import { readingJson } from '../../../src/model/reading.ts';
import { BoardRig } from '../../support/board-rig.ts';
import type { MeterSnapshot } from '../../../src/web/status-snapshot.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { cli } from './run.ts';

const rig = (): BoardRig => new BoardRig({ clock: new VirtualClock(Date.parse('2026-01-15T12:00:00+09:00')) });

const current = (meter: MeterSnapshot) => currentReading(meter, publishedError(meter.error));

test('an answer is an object of what it held and nothing else', () => {
  const atMs = Date.parse('2026-01-15T12:00:00+09:00');
  const held = readingJson('home', { atMs, powerW: 0, importKwh: 1.5, roundTripMs: 9 });
  expect(Object.keys(held ?? {})).toEqual(['meter', 'time', 'power', 'import']);
  expect(held).toMatchObject({ meter: 'home', power: 0, import: 1.5 });
  expect(readingJson('home', { atMs, fault: false })).toBeUndefined();
});

test('the newest answer with a power is the reading; registers of another answer stand beside it with their time', async () => {
  const { clock, reading, home } = rig();
  reading({ powerW: 100, currentRA: 1, importKwh: 10, exportKwh: 0 });
  await clock.advance(10_000);
  reading({ powerW: 200, currentRA: 2 });
  await clock.advance(1000);
  reading({ fault: false });
  reading({ importKwh: 10.1 });
  const { answer, besides } = current(home());
  expect(answer).toMatchObject({ power: 200, current_r: 2 });
  expect(answer).not.toHaveProperty('import');
  expect(besides).toEqual([
    { meter: 'home', time: home().reading?.import?.time, import: 10.1 },
    { meter: 'home', time: home().reading?.export?.time, export: 0 },
  ]);
  expect(new Set(besides.map(({ time }) => time)).size).toBe(2);
});

test('no reading yet, or a stale one, is a reason', async () => {
  const { clock, reading, status, home } = rig();
  status({ phase: 'scanning' });
  expect(() => current(home())).toThrow(
    expect.objectContaining({ code: 'NO_READING', message: 'meter home: no reading yet (scanning)' }),
  );
  reading({ powerW: 100 });
  await clock.advance(35_000);
  expect(current(home()).answer.power).toBe(100);
  await clock.advance(1000);
  expect(() => current(home())).toThrow('last reading is 36 s old');
  status({ phase: 'waiting', error: new BridgeError('JOIN_REFUSED', 'the meter refused the join') });
  expect(() => current(home())).toThrow(
    expect.objectContaining({
      code: 'JOIN_REFUSED',
      message: 'meter home: last reading is 36 s old (waiting): the meter refused the join',
    }),
  );
});

test('registers that still come do not make an old power current', async () => {
  const { clock, reading, home } = rig();
  reading({ powerW: 100 });
  await clock.advance(40_000);
  reading({ importKwh: 10 });
  expect(() => current(home())).toThrow(
    expect.objectContaining({
      code: 'NO_READING',
      message: expect.stringContaining('no current power (opening)') as string,
    }),
  );
});

test('a meter the running bridge does not know', () => {
  const { board } = rig();
  const status = board.snapshot();
  expect(fromBridge(status, 'away')).toMatchObject({ meter: 'away', ok: false, error: { code: 'NO_READING' } });
});

const answer = { meter: 'home', time: '2020-03-22T09:01:39.900+09:00', power: 742, current_r: 5.1, current_t: 2 };

test('the lines of mackerel-plugin-smartmeter: whole numbers without decimals, others with six, nothing that is not held', () => {
  expect(mackerelLines([answer])).toBe(
    'smartmeter.power.value\t742\t1584835299\nsmartmeter.current.r\t5.100000\t1584835299\nsmartmeter.current.t\t2\t1584835299\n',
  );
  expect(mackerelLines([{ meter: 'home', time: answer.time, power: -850 }], 'denki')).toBe(
    'denki.power.value\t-850\t1584835299\n',
  );
  expect(mackerelLines([{ meter: 'home', time: answer.time, import: 12345.6, export: 0 }])).toBe(
    'smartmeter.energy.import\t12345.600000\t1584835299\nsmartmeter.energy.export\t0\t1584835299\n',
  );
});

test('JSON is one object, an array for several meters; text is a line in the user’s language', () => {
  const reading = { answer, besides: [{ meter: 'home', time: '2020-03-22T09:01:00.000+09:00', import: 10.5 }] };
  expect(readingsText([reading], 'json', 'en', false)).toBe(`${JSON.stringify(answer)}\n`);
  expect(readingsText([reading], 'json', 'en', true)).toBe(`[${JSON.stringify(answer)}]\n`);
  expect(readingsText([], 'json', 'en', true)).toBe('');
  expect(readingsText([reading], 'text', 'en', false)).toBe(
    'home  2020-03-22 09:01:39  power 742 W  R 5.1 A  T 2.0 A  import 10.5 kWh (09:01:00)\n',
  );
  expect(readingsText([reading], 'text', 'ja', false)).toBe(
    'home  2020-03-22 09:01:39  電力 742 W  R相 5.1 A  T相 2.0 A  買電 10.5 kWh (09:01:00)\n',
  );
  expect(readingsText([reading], 'mackerel', 'en', false).split('\n')).toHaveLength(5);
});

const meter = {
  route_b_id: '0123456789ABCDEF0123456789ABCDEF',
  route_b_password: 'ABCDEFGHIJKL',
};
const env = Object.fromEntries(
  [0, 1].flatMap((at) =>
    Object.entries({ ...meter, id: `m${at}`, device: `/nowhere/tty${at}` }).map(([key, value]) => [
      `BROUTE2MQTT_METERS_${at}_${key.toUpperCase()}`,
      value,
    ]),
  ),
);
const withHttp = { ...env, BROUTE2MQTT_HTTP_LISTEN: '127.0.0.1:0' };

test.each<[args: string[], en: string, ja: string]>([
  [['--format', 'xml'], 'choose one of text, json, mackerel', 'から選んでください'],
  [['--timeout', '0'], 'whole seconds, 1 or more', '1以上の整数（秒）'],
  [['--meter', 'm9'], 'there are: m0, m1 [USAGE]', '`broute2mqtt read --help`'],
  [['--format', 'mackerel'], 'Name one with --meter.', '--meter で1台を指定してください'],
  [['--wach'], 'did you mean --watch?', '--watch のことですか'],
])('read %j: exit code 64', async (args, en, ja) => {
  expect(await cli(['read', ...args], { env: withHttp })).toMatchObject({
    exitCode: 64,
    stdout: '',
    stderr: expect.stringContaining(en) as string,
  });
  const inJapanese = await cli(['read', ...args], { env: withHttp, language: 'ja' });
  expect(inJapanese).toMatchObject({ exitCode: 64, stderr: expect.stringContaining(ja) as string });
});

test('without bridge and stick: a reason for each meter, nothing on standard output, exit code 69', async () => {
  const { exitCode, stdout, stderr } = await cli(['read'], { env: withHttp });
  expect({ exitCode, stdout }).toEqual({ exitCode: 69, stdout: '' });
  expect(stderr.match(/\[PORT_MISSING\]\nPlug the stick in/g)).toHaveLength(2);
});

test('interrupted before a reading came is no success', async () => {
  const end = new AbortController();
  end.abort(new Error('SIGINT'));
  const outcome = await cli(['read'], { env: withHttp, signal: end.signal, language: 'ja' });
  expect(outcome).toEqual({ exitCode: 69, stdout: '', stderr: '値を取得する前に中断しました\n' });
});

test('why there is no current power is said in Japanese too', async () => {
  const { clock, board, reading } = rig();
  reading({ powerW: 100 });
  await clock.advance(40_000);
  reading({ importKwh: 10 });
  const obtained = fromBridge(board.snapshot(), 'home');
  expect(obtained.ok ? undefined : obtained.error.text('ja')).toBe(
    'メーター home: 最新の電力の値がありません（スティックに接続中） [NO_READING]',
  );
});
