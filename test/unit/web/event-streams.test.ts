import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventStreams } from '../../../src/web/api/event-streams.ts';
import { BoardRig } from '../../support/board-rig.ts';
import { logLines } from '../../support/log-lines.ts';

/** A client that reads, until told not to. */
class Client extends EventEmitter {
  writableNeedDrain = false;
  written: string[] = [];
  isEnded = false;
  isDestroyed = false;

  write(text: string): boolean {
    this.written.push(text);
    return true;
  }

  end(): void {
    this.isEnded = true;
    this.emit('close');
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

let rig: BoardRig;
let streams: EventStreams;
beforeEach(() => {
  rig = new BoardRig();
  const { log } = logLines();
  streams = new EventStreams({ board: rig.board, clock: rig.clock, log, redactor: { redact: (text) => text } });
});
afterEach(() => streams.close());

const open = (isLogin = false): Client => {
  const client = new Client();
  streams.open(client as unknown as ServerResponse, { language: undefined, isLogin });
  return client;
};

test('four a second at most while things happen, and every ten seconds while nothing does', async () => {
  const client = open();
  for (let n = 0; n < 100; n++) {
    rig.reading({ powerW: n });
    await rig.clock.advance(50);
  }
  expect(client.written.length).toBeGreaterThanOrEqual(20);
  expect(client.written.length).toBeLessThanOrEqual(22); // five seconds
  expect(client.written.at(-1)).toMatch(/"power":\{"value":9\d/);
  client.written = [];
  await rig.clock.advance(31_000);
  expect(client.written.length).toBe(3);
});

test('one who does not read is skipped and let go of after a minute; the others go on', async () => {
  const [deaf, good] = [open(), open()];
  deaf.writableNeedDrain = true;
  for (let s = 0; s < 59; s++) {
    rig.reading({ powerW: s });
    await rig.clock.advance(1000);
  }
  expect([deaf.written.length, deaf.isDestroyed]).toEqual([1, false]);
  expect(good.written.length).toBeGreaterThanOrEqual(59);
  await rig.clock.advance(12_000);
  expect(deaf.isDestroyed).toBe(true);
  expect(good.isDestroyed).toBe(false);
});

test('one who reads again in time is told again, whole', async () => {
  const client = open();
  client.writableNeedDrain = true;
  rig.reading({ powerW: 1 });
  await rig.clock.advance(50_000);
  client.writableNeedDrain = false;
  await rig.clock.advance(10_000);
  client.writableNeedDrain = true;
  await rig.clock.advance(50_000);
  expect([client.written.length, client.isDestroyed]).toEqual([2, false]);
});

test('a logout leaves nobody behind who does not read', () => {
  const [deaf, good, program] = [open(true), open(true), open()];
  deaf.writableNeedDrain = true;
  streams.loggedOut();
  expect([deaf.isDestroyed, good.isDestroyed, good.isEnded, program.isEnded]).toEqual([true, false, true, false]);
});

test('nobody listens: nothing waits', async () => {
  const client = open();
  client.end();
  rig.reading({ powerW: 1 });
  await rig.clock.advance(20_000);
  expect(client.written.length).toBe(1);
  await streams.close();
  expect(rig.clock.sleepers).toBe(0);
});

test('the end ends all, also who comes after it', async () => {
  const client = open();
  await streams.close();
  expect(client.isEnded).toBe(true);
  expect(open().isEnded).toBe(true);
  expect(rig.clock.sleepers).toBe(0);
});
