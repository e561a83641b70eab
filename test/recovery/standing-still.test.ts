import { expect, test } from 'vitest';
import { BridgeError } from '../../src/kernel/errors.ts';
import { Pulse, Deadlines } from '../../src/kernel/deadlines.ts';
import type { Pan } from '../../src/model/pan.ts';
import type { BridgeEvent } from '../../src/model/status.ts';
import { AirtimeLimit } from '../../src/module/airtime-limit.ts';
import type { Session, WiSunModule } from '../../src/module/module.ts';
import { MackerelSink } from '../../src/mackerel/mackerel-sink.ts';
import { ConnectionKeeper } from '../../src/broker/connection-keeper.ts';
import { topicsOf } from '../../src/mqtt/mqtt-topics.ts';
import { PortTurn, PortClaim } from '../../src/mqtt/port-turn.ts';
import { PhaseWatch } from '../../src/supervisor/phase-watch.ts';
import { Supervisor } from '../../src/supervisor/supervisor.ts';
import type { SupervisorDeps } from '../../src/supervisor/supervisor.ts';
import { logLines } from '../support/log-lines.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;
const forever = (): Promise<never> => new Promise(() => undefined);
const pan: Pan = { channel: 47, panId: 1, macAddress: '001C6400030C12A4' };

const session = { pan, watch: forever, [Symbol.dispose]: () => undefined } as unknown as Session;
const moduleThat = (does: Partial<WiSunModule>): WiSunModule =>
  ({
    info: { stackVersion: '1', edition: 'SE' },
    airtime: new AirtimeLimit(new VirtualClock()),
    attach: () => Promise.resolve(undefined),
    scan: () => Promise.resolve([]),
    join: () => Promise.resolve(session),
    reset: () => Promise.resolve(),
    terminate: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...does,
  }) as unknown as WiSunModule;

function rig(deps: Partial<SupervisorDeps>, known?: Pan) {
  const clock = new VirtualClock();
  const pulse = new Pulse(clock);
  const watch = new PhaseWatch({ id: 'home', intervalS: 10 }, clock, pulse.of('meter home'));
  const { log } = logLines();
  const stop = new AbortController();
  const emit = (event: BridgeEvent): void => watch.accept(event);
  const supervisor = new Supervisor({
    meter: 'home',
    clock,
    log,
    random: () => 0.5,
    openModule: () => Promise.resolve(moduleThat({})),
    whenPresent: () => Promise.resolve(),
    reader: { poll: forever, readNow: () => undefined },
    pans: { load: () => Promise.resolve(known), save: () => Promise.resolve(true) },
    emit,
    ...deps,
  });
  void supervisor.run(stop.signal);
  return { clock, pulse, emit };
}

const named = [expect.stringMatching(/^meter home: no progress, overdue for \d+ s$/)];

test.each<[string, Partial<SupervisorDeps>, Pan | undefined]>([
  ['opening the port', { openModule: forever }, pan],
  ['a scan', { openModule: () => Promise.resolve(moduleThat({ scan: forever })) }, undefined],
  ['a join', { openModule: () => Promise.resolve(moduleThat({ join: forever })) }, pan],
  ['reading', {}, pan],
])(
  'a supervisor that is stuck in %s is named within half an hour, and not before ten minutes',
  async (_phase, deps, known) => {
    const { clock, pulse } = rig(deps, known);
    await clock.advance(9 * 60_000);
    expect(pulse.late()).toEqual([]);
    await clock.advance(21 * 60_000);
    expect(pulse.late()).toEqual(named);
  },
);

test('a supervisor that is stuck in its rest after a failure is named', async () => {
  const fails = (): Promise<never> => Promise.reject(new BridgeError('JOIN_REFUSED', 'EVENT 24'));
  const openModule = (): Promise<WiSunModule> => Promise.resolve(moduleThat({ join: fails }));
  const { clock, pulse } = rig({ openModule, onStuck: forever }, pan);
  await clock.advance(9 * 60_000);
  expect(pulse.late()).toEqual([]);
  await clock.advance(HOUR_MS);
  expect(pulse.late()).toEqual(named);
});

test('no alarm in what may last: days without a stick, refused joins for hours, an hour of the airtime limit', async () => {
  const gone = (): Promise<never> => Promise.reject(new BridgeError('PORT_MISSING', '/dev/ttyUSB0'));
  const absent = rig({ openModule: gone, whenPresent: forever });
  await absent.clock.advance(5 * 24 * HOUR_MS);
  expect(absent.pulse.late()).toEqual([]);

  const refused = (): Promise<never> => Promise.reject(new BridgeError('JOIN_REFUSED', 'EVENT 24'));
  const refusing = rig({ openModule: () => Promise.resolve(moduleThat({ join: refused })) }, pan);
  await refusing.clock.advance(12 * HOUR_MS);
  expect(refusing.pulse.late()).toEqual([]);

  const { clock, pulse, emit } = rig({}, pan);
  await clock.advance(1000);
  emit({ kind: 'status', meter: 'home', status: { phase: 'paused', sinceMs: 0, reconnects: 0 } });
  await clock.advance(HOUR_MS);
  expect(pulse.late()).toEqual([]);
});

test('the loop of a sink that stands still is named; one that naps is not', async () => {
  const clock = new VirtualClock();
  const pulse = new Pulse(clock);
  const { signal } = new AbortController();
  void new Deadlines(clock, pulse.of('good')).run(signal);
  const still = { now: () => clock.now(), monotonicMs: () => clock.monotonicMs(), sleep: forever };
  void new Deadlines(still, pulse.of('stuck')).run(signal);
  await clock.advance(HOUR_MS);
  expect(pulse.late()).toEqual([expect.stringMatching(/^stuck: /)]);
});

test('a post to Mackerel or a rest before the broker that never ends is named', async () => {
  const clock = new VirtualClock();
  const pulse = new Pulse(clock);
  const { log } = logLines();
  const { signal } = new AbortController();
  const sink = new MackerelSink(
    { target: { service: 'home' }, meters: ['home'], metricKeyPrefix: 'smartmeter', intervalS: 60 },
    { clock, log, post: forever, random: () => 0, beat: (loop) => pulse.of(`mackerel ${loop}`) },
  );
  void sink.run(signal);
  await clock.advance(HOUR_MS);
  expect(pulse.late()).toEqual([]); // nothing to post is no standstill
  sink.accept({ kind: 'reading', meter: 'home', reading: { atMs: clock.now(), powerW: 1 } });

  const still = { now: () => clock.now(), monotonicMs: () => clock.monotonicMs(), sleep: forever };
  const claim = new PortClaim(true);
  const connection = new ConnectionKeeper(
    { url: 'mqtt://127.0.0.1:1', tls: {} },
    { clientId: 'x', willTopic: 'x' },
    new PortTurn(claim, 'x', { meterId: 'x', topics: topicsOf('broute2mqtt', 'x') }, { clock: still, log }),
    { clock: still, log, beat: pulse.of('mqtt') },
  );
  const nothing = (): void => undefined;
  void connection.run({ up: nothing, down: nothing, message: nothing, farewell: () => [] }, signal).catch(nothing);
  await new Promise((resolve) => setTimeout(resolve, 300)); // its module is loaded, and the port refuses
  await clock.advance(HOUR_MS);
  expect(pulse.late().map((one) => one.split(':')[0])).toEqual(['mackerel posts', 'mqtt']);
});

test('who is asked to read once an hour is not late for saying nothing meanwhile', async () => {
  const clock = new VirtualClock();
  const pulse = new Pulse(clock);
  const watch = new PhaseWatch({ id: 'home', intervalS: 10 }, clock, pulse.of('meter home'));
  const status = { phase: 'connected', sinceMs: clock.now(), reconnects: 0 } as const;
  watch.accept({ kind: 'status', meter: 'home', status });
  watch.accept({ kind: 'interval', meter: 'home', intervalS: 3600 });
  await clock.advance(4 * HOUR_MS);
  expect(pulse.late()).toEqual([]);
  await clock.advance(HOUR_MS);
  expect(pulse.late()).toEqual(named);
});
