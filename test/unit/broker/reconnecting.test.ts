import { describe, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { birthJitterMs } from '../../../src/mqtt/discovery-publisher.ts';
import { Backoff, BROKER_STEPS } from '../../../src/kernel/backoff.ts';
import { restMs } from '../../../src/broker/connection-keeper.ts';
import { ProtocolChoice } from '../../../src/broker/protocol-choice.ts';
import { shownUrl } from '../../../src/broker/connection-attempt.ts';
import { failureOf } from '../../../src/broker/broker-failures.ts';
import { refusedBy } from '../../../src/broker/reason-codes.ts';
import { TakeoverDetector } from '../../../src/broker/takeover-detector.ts';

describe('back-off', () => {
  test('full jitter up to 5 s, after two minutes 30 s, never zero', () => {
    const most = new Backoff(BROKER_STEPS, () => 1);
    expect([0, 1, 2, 3, 4, 5].map(() => restMs(most, 0, false))).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    expect([restMs(most, 120_001, false), restMs(most, 130_000, false)]).toEqual([30_000, 30_000]);
    most.reset();
    expect(restMs(most, 0, false)).toBe(500);
    const least = new Backoff(BROKER_STEPS, () => 0);
    expect(restMs(least, 0, false)).toBe(100);
  });
  test('a refused login is not hammered', () => {
    expect(restMs(new Backoff(BROKER_STEPS, () => 0), 0, true)).toBe(3000);
  });
});

describe('manners', () => {
  const refuse = (code: number) => ({ kind: 'connack', code }) as const;
  const hangUp = { kind: 'hang-up' } as const;
  const protocols = (manners: ProtocolChoice, steps: readonly (() => void)[]): number[] =>
    steps.map((step) => (step(), manners.current.protocol));

  test('5 first; refused in words: 3.1.1 for good', () => {
    const m = new ProtocolChoice();
    expect(m.current.protocol).toBe(5);
    expect(protocols(m, [() => m.failed(refuse(0x84)), () => m.worked(), () => m.failed(undefined)])).toEqual([
      4, 4, 4,
    ]);
  });
  test('hung up on: 3.1.1 next, taken for good when it worked twice', () => {
    const m = new ProtocolChoice();
    const bad = (): void => m.failed(hangUp);
    const good = (): void => m.worked();
    expect(protocols(m, [bad, good, bad, good, good])).toEqual([4, 5, 4, 4, 4]);
  });
  test('one that spoke 5 is not doubted for one hang-up, but for five', () => {
    const m = new ProtocolChoice();
    m.worked();
    const bad = (): void => m.failed(hangUp);
    expect(protocols(m, [bad, bad, bad, bad, bad])).toEqual([5, 5, 5, 5, 4]);
  });
  test('a will the broker cannot keep is made weaker', () => {
    const m = new ProtocolChoice();
    m.failed(refuse(0x9a));
    m.failed(refuse(0x9b));
    expect(m.current).toEqual({ protocol: 5, willRetain: false, willQos: 0 });
  });
});

describe('takeover', () => {
  const loss = (silent: boolean) => ({ error: new BridgeError('BROKER_UNREACHABLE', 'x'), takenOver: false, silent });
  test('three short lives in a row, each taken back at once', () => {
    const t = new TakeoverDetector();
    expect([1, 2, 3, 4].map(() => t.lost(loss(true), 500, 'mqtt://b').takenOver)).toEqual([false, false, true, true]);
  });
  test('a broker that was away in between, or says why, is none', () => {
    const t = new TakeoverDetector();
    const lives = [1, 2, 3, 4].map(() => {
      const { takenOver } = t.lost(loss(true), 500, 'mqtt://b');
      t.failed();
      return takenOver;
    });
    expect(lives).toEqual([false, false, false, false]);
    expect([1, 2, 3].map(() => t.lost(loss(false), 500, 'mqtt://b').takenOver)).toEqual([false, false, false]);
  });
});

test('the jitter of a birth is the id’s own, within 5 s', () => {
  const ids = ['home', 'shop', 'a', 'b', 'meter-17'];
  const jitters = ids.map(birthJitterMs);
  expect(jitters).toEqual(ids.map(birthJitterMs));
  expect(new Set(jitters).size).toBe(ids.length);
  expect(jitters.every((ms) => ms >= 0 && ms <= 5000)).toBe(true);
});

test('errors name the address and what came back, never credentials', () => {
  const url = shownUrl('mqtts://user:secret@broker.example:8883/?x=secret');
  expect(url).toBe('mqtts://broker.example:8883');
  const coded = (code: string): BridgeError => failureOf(url, Object.assign(new Error('raw'), { code }));
  expect(coded('ENOTFOUND').text('en')).toBe(
    'mqtts://broker.example:8883: host name not found (ENOTFOUND) [BROKER_UNREACHABLE]',
  );
  expect(coded('ENOTFOUND').text('ja')).toBe(
    'mqtts://broker.example:8883: ホスト名が見つかりません（ENOTFOUND） [BROKER_UNREACHABLE]',
  );
  expect(coded('CERT_HAS_EXPIRED').code).toBe('BROKER_TLS');
  expect(coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED').code).toBe('BROKER_TLS');
  expect(failureOf(url, new Error('')).code).toBe('BROKER_UNREACHABLE');
  expect([refusedBy(url, 5).code, refusedBy(url, 0x89).code]).toEqual(['BROKER_REFUSED', 'BROKER_UNREACHABLE']);
  expect(refusedBy(url, 4).text('ja')).toContain('ユーザー名またはパスワードの誤り（0x04）');
  expect(refusedBy(url, 0x86).message).toContain('bad user name or password (0x86)');
});
