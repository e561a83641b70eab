import { afterEach, beforeEach, expect, test } from 'vitest';
import { Mailbox } from '../../../src/kernel/async.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { decodeFrame, encodeFrame, EOJ, ESV } from '../../../src/echonet/frame.ts';
import type { Frame, ReceivedFrame } from '../../../src/echonet/frame.ts';
import { MeterClient } from '../../../src/meter/meter-client.ts';
import type { MeterAnswer } from '../../../src/meter/meter-client.ts';
import type { Datagram, Session } from '../../../src/module/module.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const POWER = { epc: 0xe7, edt: Uint8Array.of(0, 0, 2, 0x9a) };
const CURRENTS = { epc: 0xe8, edt: Uint8Array.of(0, 10, 0, 20) };
const empty = (epc: number) => ({ epc, edt: new Uint8Array() });

let clock: VirtualClock;
let sent: ReceivedFrame[];
let inbox: Mailbox<Datagram>;
let answers: MeterAnswer[];
let written: ReturnType<typeof logLines>;
let failing: Error | undefined;
let client: MeterClient;
let ending: AbortController;
let running: Promise<unknown>;

beforeEach(() => {
  clock = new VirtualClock();
  [sent, answers, failing] = [[], [], undefined];
  inbox = new Mailbox(16);
  written = logLines();
  ending = new AbortController();
  const session: Session = {
    pan: { channel: 47, panId: 1, macAddress: '001C6400030C12A4' },
    ready: () => Promise.resolve(),
    send: (payload) => {
      if (failing) return Promise.reject(failing);
      const frame = decodeFrame(payload);
      if (frame.ok) sent.push(frame.value);
      return Promise.resolve();
    },
    receive: (signal) => inbox.take(signal),
    watch: () => Promise.resolve(),
    [Symbol.dispose]: () => undefined,
  };
  client = new MeterClient(session, { clock, log: written.log, onAnswer: (answer) => answers.push(answer) });
  running = client.run(ending.signal).catch((error: unknown) => error);
});
afterEach(async () => {
  ending.abort(new Error('over'));
  await running;
  expect(clock.sleepers).toBe(0);
});

async function arrives(payload: Uint8Array): Promise<void> {
  inbox.put({ payload, atMs: clock.now(), monotonicMs: clock.monotonicMs() });
  await clock.settle();
}
const meterSays = (frame: Partial<Frame>): Promise<void> =>
  arrives(
    encodeFrame({
      tid: sent.at(-1)?.tid ?? 0,
      seoj: EOJ.meter,
      deoj: EOJ.controller,
      esv: ESV.getRes,
      properties: [POWER],
      ...frame,
    }),
  );
async function asking(...epcs: readonly number[]): Promise<{ ended: () => unknown }> {
  let ended: unknown = 'still waiting';
  client.get(epcs, 4000, ending.signal).then(
    (properties) => (ended = properties),
    (error: unknown) => (ended = error),
  );
  await clock.settle();
  return { ended: () => ended };
}

test('a Get is asked of the meter by a controller, and its answer is heard once', async () => {
  const { ended } = await asking(0xe7, 0xe8);
  expect(sent[0]).toMatchObject({ seoj: 0x05ff01, deoj: 0x028801, esv: 0x62, properties: [empty(0xe7), empty(0xe8)] });
  await clock.advance(350);
  await meterSays({ properties: [POWER, CURRENTS] });
  expect(ended()).toEqual([POWER, CURRENTS]);
  expect(answers).toMatchObject([{ roundTripMs: 350, properties: [POWER, CURRENTS] }]);
  await meterSays({ properties: [POWER, CURRENTS] });
  expect(answers).toHaveLength(1);
});

const passing: readonly (readonly [string, () => Promise<void>])[] = [
  ['an answer with another TID', () => meterSays({ tid: (sent[0]?.tid ?? 0) + 1 })],
  ['an answer of other properties alone', () => meterSays({ properties: [CURRENTS] })],
  ['an answer of another object', () => meterSays({ seoj: 0x0ef001 })],
  ['an announcement', () => meterSays({ esv: ESV.inf })],
  ['a service nobody uses', () => meterSays({ esv: ESV.setRes })],
  ['a frame cut short', () => arrives(Uint8Array.of(0x10, 0x81, 0, 1))],
  ['garbage', () => arrives(Buffer.from('SKSENDTO'))],
  ['nothing', () => arrives(new Uint8Array())],
];
for (const [name, says] of passing) {
  test(`${name} does not answer, and the answer behind it does`, async () => {
    const { ended } = await asking(0xe7);
    await says();
    expect(ended()).toBe('still waiting');
    await meterSays({});
    expect(ended()).toEqual([POWER]);
  });
}

const partial: readonly (readonly [string, Partial<Frame>])[] = [
  ['a partly refused answer', { esv: ESV.getSna, properties: [POWER, empty(0xe8)] }],
  ['an answer that leaves one out', { properties: [POWER] }],
  ['an answer with one nobody asked for', { properties: [POWER, { epc: 0xd3, edt: Uint8Array.of(1) }] }],
  ['an answer of no property (OPC 0)', { esv: ESV.getSna, properties: [] }],
];
for (const [name, frame] of partial) {
  test(`${name} is an answer: what it holds counts`, async () => {
    const { ended } = await asking(0xe7, 0xe8);
    await meterSays(frame);
    expect(ended()).toEqual(frame.properties);
  });
}

test('no answer in time is told with what was asked; the late one is still heard', async () => {
  const { ended } = await asking(0xe7);
  await clock.advance(4000);
  expect(ended()).toMatchObject({ code: 'REPLY_TIMEOUT', message: expect.stringContaining('E7 within 4000 ms') });
  await clock.advance(5000);
  await meterSays({});
  expect(answers).toMatchObject([{ roundTripMs: 9000 }]);
});

test('a late answer does not answer the next request', async () => {
  await asking(0xe7);
  await clock.advance(4000);
  const first = sent[0]?.tid ?? 0;
  const { ended } = await asking(0xe7);
  await meterSays({ tid: first });
  expect([ended(), answers.length]).toEqual(['still waiting', 1]);
  await meterSays({});
  expect(ended()).toEqual([POWER]);
});

test('answers to the last sixteen requests are welcome, older ones are not', async () => {
  for (let i = 0; i < 17; i++) {
    await asking(0xe7);
    await clock.advance(4000);
  }
  await meterSays({ tid: sent[0]?.tid ?? 0 });
  expect(answers).toHaveLength(0);
  await meterSays({ tid: sent[1]?.tid ?? 0 });
  expect(answers).toHaveLength(1);
});

test('transactions count up and begin again behind FFFF without 0', async () => {
  clock.jumpWall(0xfffe - (clock.now() & 0xffff));
  const other = new MeterClient(
    {
      ready: () => Promise.resolve(),
      send: (bytes: Uint8Array) =>
        Promise.resolve(void sent.push((decodeFrame(bytes) as { value: ReceivedFrame }).value)),
    } as unknown as Session,
    { clock, log: written.log, onAnswer: () => undefined },
  );
  for (let i = 0; i < 3; i++) void other.get([0xe7], 1, ending.signal).catch(() => undefined);
  await clock.advance(1);
  expect(sent.map(({ tid }) => tid)).toEqual([0xffff, 1, 2]);
});

test('a stop between sending and waiting is heard', async () => {
  const { ended } = await asking(0xe7);
  ending.abort(new Error('SIGTERM'));
  await clock.settle();
  expect(ended()).toMatchObject({ message: 'SIGTERM' });
  expect(await (await asking(0xe7)).ended()).toMatchObject({ message: 'SIGTERM' });
});

test('a send that fails is told at once', async () => {
  failing = new BridgeError('SEND_FAILED', 'EVENT 21 01');
  expect((await asking(0xe7)).ended()).toBe(failing);
});

for (const object of [EOJ.controller, EOJ.nodeProfile]) {
  test(`an announcement that wants a receipt gets one, from ${object.toString(16)}`, async () => {
    await meterSays({ tid: 0x1234, esv: ESV.infc, deoj: object });
    expect(sent).toMatchObject([{ tid: 0x1234, seoj: object, deoj: EOJ.meter, esv: 0x7a, properties: [empty(0xe7)] }]);
    expect(answers).toHaveLength(1);
    expect(answers[0]).not.toHaveProperty('roundTripMs');
  });
}

test('a receipt the radio cannot deliver costs no session', async () => {
  failing = new BridgeError('SEND_FAILED', 'EVENT 21 01');
  await meterSays({ esv: ESV.infc });
  failing = undefined;
  const { ended } = await asking(0xe7);
  await meterSays({});
  expect(ended()).toEqual([POWER]);
});

test('a receipt that finds the session over ends the reading', async () => {
  failing = new BridgeError('SESSION_LOST', 'FAIL ER10');
  await meterSays({ esv: ESV.infc });
  expect(await running).toBe(failing);
});

test('a flood of announcements is answered in part and ends nothing', async () => {
  for (let i = 0; i < 200; i++)
    inbox.put({
      payload: encodeFrame({ tid: i, seoj: EOJ.meter, deoj: EOJ.controller, esv: ESV.infc, properties: [POWER] }),
      atMs: 0,
      monotonicMs: 0,
    });
  await clock.settle();
  expect(sent.length).toBeLessThanOrEqual(16);
  const { ended } = await asking(0xe7);
  await meterSays({});
  expect(ended()).toEqual([POWER]);
});
