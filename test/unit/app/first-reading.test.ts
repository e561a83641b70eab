import { expect, test } from 'vitest';
import { FirstReading } from '../../../src/app/first-reading.ts';
import type { FirstReadingOptions } from '../../../src/app/first-reading.ts';
import { LogSink } from '../../../src/app/service-log.ts';
import type { BridgeEvent } from '../../../src/model/status.ts';
import { logLines } from '../../support/log-lines.ts';
import { status } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const page = 'http://192.168.1.5:8080/';
const reading = (powerW?: number): BridgeEvent => ({
  kind: 'reading',
  meter: 'home',
  reading: { atMs: 0, ...(powerW === undefined ? { importKwh: 1 } : { powerW }) },
});
const profile = { kind: 'profile', meter: 'home', profile: { getMap: [] } } as unknown as BridgeEvent;

function started(options: Partial<FirstReadingOptions> = {}): {
  sink: FirstReading;
  told: () => string[];
  clock: VirtualClock;
} {
  const clock = new VirtualClock();
  const { log, lines } = logLines();
  const meters = [{ id: 'home', name: 'スマートメーター' }];
  const sink = new FirstReading({ meters, page: () => page, announces: true, words: 'ja', ...options }, { clock, log });
  return { sink, clock, told: () => lines.map(({ msg }) => msg) };
}

const READ = '最初の計測値 423 W（home）・19個のエンティティを登録';
const NEXT = `次へ: Home Assistantの「設定」→「デバイスとサービス」→「MQTT」に「スマートメーター」が表示されます・状態ページ: ${page}`;

test('a healthy start reads like success: the reading, what was announced, what comes next, each once', () => {
  const { sink, told } = started();
  sink.announced('home', 12);
  sink.accept(reading());
  sink.accept(reading(423));
  sink.accept(profile);
  expect(told()).toEqual([]);
  sink.announced('home', 19);
  expect(told()).toEqual([READ, NEXT]);
  sink.accept(reading(500));
  sink.announced('home', 20);
  expect(told()).toHaveLength(2);
});

test('after a restart all is known: told with the first reading', () => {
  const { sink, told } = started();
  sink.accept(profile);
  sink.announced('home', 19);
  sink.accept(reading(423));
  expect(told()).toEqual([READ, NEXT]);
});

test('a broker that is away is waited for ten seconds', async () => {
  const { sink, told, clock } = started();
  sink.accept(reading(423));
  await clock.advance(9000);
  sink.accept(reading(424));
  expect(told()).toEqual([]);
  await clock.advance(1000);
  sink.accept(reading(425));
  expect(told()).toEqual(['最初の計測値 423 W（home）', NEXT]);
});

test('without Home Assistant only the page comes next; for programs English with fields', () => {
  const clock = new VirtualClock();
  const { log, lines } = logLines();
  const meters = [{ id: 'home', name: 'Smart meter' }];
  const sink = new FirstReading({ meters, page: () => page, announces: false, words: undefined }, { clock, log });
  sink.accept(reading(423));
  expect(lines.map(({ msg, meter, powerW, page: at }) => ({ msg, meter, powerW, at }))).toEqual([
    { msg: 'first reading: 423 W (home)', meter: 'home', powerW: 423, at: undefined },
    { msg: `next: status page: ${page}`, meter: undefined, powerW: undefined, at: page },
  ]);
});

test('phases in words where people read the log', () => {
  const { log, lines } = logLines();
  new LogSink(log, 'ja').accept({ kind: 'status', meter: 'home', status: status('connected') });
  expect(lines).toMatchObject([{ msg: '接続済み', phase: 'connected' }]);
});
