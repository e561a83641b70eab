import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, expect, test } from 'vitest';
import { abortable } from '../../../src/kernel/async.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';
import type { ErrorCode } from '../../../src/kernel/errors.ts';
import { networkOf } from '../../../src/model/pan.ts';
import type { Pan } from '../../../src/model/pan.ts';
import type { LinkStatus } from '../../../src/model/status.ts';
import type { PollOptions } from '../../../src/meter/meter-reader.ts';
import { AirtimeLimit } from '../../../src/module/airtime-limit.ts';
import type { ScanRequest } from '../../../src/model/scan-plan.ts';
import type { Session, WiSunModule } from '../../../src/module/module.ts';
import { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const pan: Pan = { channel: 47, panId: 0x8a32, macAddress: '001C6400030C12A4', lqi: 200 };
const datagram = { payload: new Uint8Array(), atMs: 1, monotonicMs: 1 };
const failure = (code: ErrorCode): BridgeError => new BridgeError(code, 'by the test');
const forever = (signal: AbortSignal): Promise<never> => abortable(new Promise<never>(() => undefined), signal);

/** A module and a reader that do what the test says, and count what is open. */
class Stage {
  readonly clock = new VirtualClock();
  readonly ending = new AbortController();
  readonly done: string[] = [];
  readonly statuses: LinkStatus[] = [];
  readonly written = logLines();
  readonly saved: Pan[] = [];
  known: Pan | undefined;
  openModules = 0;
  openSessions = 0;
  sessions = 0;
  onOpen: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  onScan: (request: ScanRequest) => Promise<readonly Pan[]> = () => Promise.resolve([pan]);
  onJoin: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  onAttach: () => boolean = () => false;
  poll: (options: PollOptions, signal: AbortSignal) => Promise<void> = async (options, signal) => {
    options.onProof(datagram);
    await forever(signal);
  };
  readonly supervisor = new Supervisor({
    meter: 'home',
    clock: this.clock,
    log: this.written.log,
    random: () => 0.5,
    openModule: (signal) => this.#openModule(signal),
    whenPresent: () => Promise.resolve(),
    reader: { poll: (_session, options, signal) => this.poll(options, signal), readNow: () => this.done.push('read') },
    pans: {
      load: () => Promise.resolve(this.known),
      save: (value) => Promise.resolve(this.saved.push(value) > 0),
    },
    emit: (event) => {
      if (event.kind === 'status') this.statuses.push(event.status);
    },
  });
  running: Promise<unknown> = Promise.resolve();

  start(): void {
    this.running = this.supervisor.run(this.ending.signal).then(
      () => 'ended',
      (error: unknown) => error,
    );
  }

  async stop(): Promise<unknown> {
    this.ending.abort(new Error('SIGTERM'));
    const how = await this.running;
    expect([this.openModules, this.openSessions, this.clock.sleepers]).toEqual([0, 0, 0]);
    expect(getEventListeners(this.ending.signal, 'abort')).toEqual([]);
    return how;
  }

  get phase(): string | undefined {
    return this.statuses.at(-1)?.phase;
  }

  #session(): Session {
    this.openSessions++;
    this.sessions++;
    return {
      pan,
      ready: () => Promise.resolve(),
      send: () => Promise.resolve(),
      receive: forever,
      watch: (_onHold, signal) => forever(signal),
      [Symbol.dispose]: () => void this.openSessions--,
    };
  }

  async #openModule(signal: AbortSignal): Promise<WiSunModule> {
    this.done.push('open');
    await this.onOpen(signal);
    this.openModules++;
    return {
      info: { stackVersion: '1.2.10', edition: 'SE' },
      airtime: new AirtimeLimit(this.clock),
      attach: () => Promise.resolve(this.onAttach() ? this.#session() : undefined),
      reset: () => Promise.resolve(void this.done.push('reset')),
      scan: (request) => {
        this.done.push(`scan ${request.duration}`);
        return this.onScan(request);
      },
      join: async (_pan, inner) => {
        this.done.push('join');
        await this.onJoin(inner);
        return this.#session();
      },
      terminate: () => Promise.resolve(void this.done.push('terminate')),
      [Symbol.asyncDispose]: () => Promise.resolve(void this.openModules--),
    };
  }
}

let stage: Stage;
beforeEach(() => void (stage = new Stage()));

test('with a PAN that answered before, the rungs are climbed in order and for ever', async () => {
  stage.known = pan;
  stage.onJoin = () => Promise.reject(failure('JOIN_REFUSED'));
  stage.start();
  await stage.clock.advance(900_000);
  const round = [
    ['join'],
    ['scan 6', 'join'],
    ['scan 5', 'join'],
    ['terminate', 'scan 6', 'join'],
    ['reset', 'scan 6', 'join'],
    ['scan 5', 'join'],
    ['open'],
  ].flat();
  expect(stage.done.slice(0, 1 + 3 * round.length)).toEqual(['open', ...round, ...round, ...round]);
  expect(stage.saved).toEqual([]);
  expect(await stage.stop()).toBe('ended');
});

test('without one, only a reset, scans and reopening help: the likely channels first, then all, longer each time', async () => {
  const masks: number[] = [];
  stage.onScan = ({ mask }) => Promise.resolve(masks.push(mask) > 0 ? [] : []);
  stage.start();
  await stage.clock.advance(60_000);
  expect(stage.done.slice(0, 12)).toEqual([
    'open',
    'scan 5',
    'scan 6',
    'scan 6',
    'scan 7',
    'reset',
    'scan 5',
    'scan 6',
    'scan 6',
    'scan 7',
    'open',
    'reset',
  ]);
  expect(new Set(masks.slice(0, 2))).not.toEqual(new Set(masks.slice(2, 4)));
  await stage.stop();
});

test('a PAN is remembered when it answered, not when it was found or joined', async () => {
  stage.poll = (_options, signal) => forever(signal);
  stage.start();
  await stage.clock.settle();
  expect([stage.phase, stage.saved]).toEqual(['connected', []]);
  await stage.stop();
  const second = new Stage();
  second.start();
  await second.clock.settle();
  expect(second.saved).toEqual([networkOf(pan)]); // how well it was heard is true of that moment alone
  await second.stop();
});

test('a neighbour’s PAN in the memory is left behind by the scan', async () => {
  const neighbour: Pan = { channel: 33, panId: 1, macAddress: 'FFFFFFFFFFFFFFFF' };
  stage.known = neighbour;
  stage.onJoin = () =>
    stage.statuses.at(-1)?.pan?.panId === 1 ? Promise.reject(failure('JOIN_REFUSED')) : Promise.resolve();
  stage.onScan = ({ duration }) => Promise.resolve(duration === 5 ? [pan] : []);
  stage.start();
  await stage.clock.advance(200_000);
  expect([stage.phase, stage.saved]).toEqual(['connected', [networkOf(pan)]]);
  await stage.stop();
});

test('a port that opens just after a stop is closed, and nothing is asked of it', async () => {
  let opened = (): void => undefined;
  stage.onOpen = () => new Promise((resolve) => void (opened = resolve));
  stage.known = pan;
  stage.start();
  await stage.clock.settle();
  stage.ending.abort(new Error('SIGTERM'));
  opened();
  await stage.stop();
  expect(stage.openModules).toBe(0);
});

test('a session joined just after a stop is let go of', async () => {
  let joined = (): void => undefined;
  stage.onJoin = () => new Promise((resolve) => void (joined = resolve));
  stage.start();
  await stage.clock.settle();
  stage.ending.abort(new Error('SIGTERM'));
  joined();
  expect(await stage.stop()).toBe('ended');
  expect(stage.sessions).toBe(1);
});

test('a stop before the start opens nothing for long', async () => {
  stage.ending.abort(new Error('SIGTERM'));
  stage.start();
  expect(await stage.stop()).toBe('ended');
  expect(stage.phase).toBe('stopped');
});

test('a defect ends the run with everything closed', async () => {
  const defect = new TypeError('undefined is not a meter');
  stage.poll = () => Promise.reject(defect);
  stage.start();
  expect(await stage.running).toBe(defect);
  expect([stage.openModules, stage.openSessions, stage.phase]).toEqual([0, 0, 'stopped']);
});

for (const [name, code, opens] of [
  ['a lost session keeps the port', 'SESSION_LOST', 1],
  ['a silent module opens it anew', 'MODULE_SILENT', 2],
] as const) {
  test(name, async () => {
    let lost = false;
    stage.poll = async (options, signal) => {
      options.onProof(datagram);
      if (lost) await forever(signal);
      lost = true;
      throw failure(code);
    };
    stage.start();
    await stage.clock.advance(5000);
    expect([stage.phase, stage.done.filter((what) => what === 'open').length]).toEqual(['connected', opens]);
    expect(stage.statuses.at(-1)?.reconnects).toBe(1);
    await stage.stop();
  });
}

test('a warm session that does not answer is joined at once; one that answered and is lost is waited for', async () => {
  stage.known = pan;
  stage.onAttach = () => true;
  let turn = 0;
  stage.poll = async (options, signal) => {
    if (turn++ > 0) return await forever(signal);
    expect(options.unproved).toBe(true);
    throw failure('METER_SILENT');
  };
  stage.start();
  await stage.clock.settle();
  expect([stage.phase, stage.clock.sleepers]).toEqual(['connected', 0]);
  await stage.stop();
  const second = new Stage();
  second.known = pan;
  second.onAttach = () => true;
  second.poll = (options) => {
    options.onProof(datagram);
    return Promise.reject(failure('SESSION_LOST'));
  };
  second.start();
  await second.clock.settle();
  expect(second.phase).toBe('waiting');
  await second.stop();
});

test('a flapping session keeps backing off; one that lasted a minute begins at a second again', async () => {
  const waits: number[] = [];
  let lastsMs = 0;
  stage.poll = async (options, signal) => {
    options.onProof(datagram);
    await stage.clock.sleep(lastsMs, signal);
    options.onProof(datagram);
    throw failure('SESSION_LOST');
  };
  stage.start();
  const next = async (): Promise<void> => {
    const { length } = stage.statuses;
    const ended = (): boolean => stage.statuses.slice(length).some(({ phase }) => phase === 'waiting');
    await stage.clock.until(ended, 200_000);
    waits.push((stage.statuses.at(-1)?.retryAtMs ?? 0) - stage.clock.now());
  };
  for (let i = 0; i < 7; i++) await next();
  lastsMs = 60_000;
  await next();
  expect(waits).toEqual([1000, 5000, 10_000, 15_000, 15_000, 15_000, 15_000, 1000]);
  await stage.stop();
});

for (const code of ['JOIN_REFUSED', 'PORT_DENIED', 'PORT_BUSY'] as const) {
  test(`${code} is not tried again within five seconds`, async () => {
    stage.known = pan;
    stage.onJoin = () => Promise.reject(failure(code));
    stage.start();
    await stage.clock.settle();
    expect((stage.statuses.at(-1)?.retryAtMs ?? 0) - stage.clock.now()).toBe(5000);
    await stage.stop();
  });
}

test('restart_session while a session is being built is what happens already', async () => {
  let joined = (): void => undefined;
  stage.onJoin = () => new Promise((resolve) => void (joined = resolve));
  stage.start();
  await stage.clock.settle();
  expect(stage.phase).toBe('joining');
  stage.supervisor.command('restart_session');
  joined();
  await stage.clock.advance(60_000);
  expect([stage.phase, stage.sessions]).toEqual(['connected', 1]);
  await stage.stop();
});

test('ten thousand commands at once cost at most a few sessions', async () => {
  stage.start();
  await stage.clock.settle();
  for (let i = 0; i < 10_000; i++) stage.supervisor.command(i % 2 ? 'restart_session' : 'read_now');
  await stage.clock.advance(60_000);
  expect(stage.phase).toBe('connected');
  expect(stage.sessions).toBeLessThanOrEqual(4);
  await stage.stop();
});

test('an outage without end is told once for each kind of failure', async () => {
  stage.known = pan;
  stage.onJoin = () => Promise.reject(failure('JOIN_TIMEOUT'));
  stage.onScan = () => Promise.resolve([]);
  stage.start();
  await stage.clock.advance(3_600_000);
  const told = stage.written.lines.filter(({ msg, level }) => msg === 'link failed' && level === 'warn');
  expect(told.map(({ err }) => err?.code)).toEqual(['JOIN_TIMEOUT', 'PAN_NOT_FOUND']);
  await stage.stop();
});

test('ten thousand sessions leave nothing behind: no listener, no sleeper, no memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const run = new Stage();
  run.written.log.level = 'silent';
  const heap: number[] = [];
  run.clock.sleep = (_ms, signal) => (signal.aborted ? forever(signal) : Promise.resolve());
  run.poll = async (options) => {
    options.onProof(datagram);
    if (run.sessions % 100 === 0) {
      run.statuses.length = run.done.length = run.saved.length = run.written.lines.length = 0;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (run.sessions === 2000 || run.sessions === 10_000) {
      collect();
      heap.push(process.memoryUsage().heapUsed);
      expect(getEventListeners(run.ending.signal, 'abort').length).toBeLessThanOrEqual(4);
    }
    if (run.sessions === 10_000) run.ending.abort(new Error('enough'));
    throw failure('SESSION_LOST');
  };
  run.start();
  expect(await run.running).toBe('ended');
  expect([run.sessions, run.openSessions, run.openModules]).toEqual([10_000, 0, 0]);
  expect(getEventListeners(run.ending.signal, 'abort')).toEqual([]);
  expect((heap[1] ?? 0) - (heap[0] ?? 0)).toBeLessThan(1_000_000);
}, 30_000);
