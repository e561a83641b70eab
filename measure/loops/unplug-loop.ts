import { Bridge, readingsOf } from '../../test/support/bridge.ts';
import { Mosquitto } from '../../test/support/mosquitto.ts';
import { MqttWatcher } from '../../test/support/mqtt-watcher.ts';
import { footprint, growth, spread } from './figures.ts';
import type { Footprint, Growth, Spread } from './figures.ts';
import { StickPort } from './stick-port.ts';

const PORT_LIMIT_MS = 3000;
const SESSION_LIMIT_MS = 60_000;

export interface UnplugResult {
  readonly kind: 'unplug';
  readonly times: number;
  /** From the port's return to the first byte of ours on it, ms. */
  readonly openMs: Spread;
  /** From the port's return to a reading at a subscriber, ms. */
  readonly sessionMs: Spread;
  readonly growth: Growth;
  readonly bad: readonly string[];
}

/** The built program, and a pty that vanishes and comes back, over and over. */
export async function unplugLoop(times: number, tell: (line: string) => void = () => undefined): Promise<UnplugResult> {
  await using stick = await StickPort.plugged();
  await using broker = await Mosquitto.start();
  await using bridge = await Bridge.start({
    broker: broker.url,
    meters: [{ device: stick.path }],
    config: { log: { level: 'info' } },
  });
  const watcher = await MqttWatcher.open(broker.url);
  await using _ = { [Symbol.asyncDispose]: () => watcher.close() };
  const session = async (): Promise<void> => {
    watcher.clear();
    stick.answered = false;
    await bridge.until(() => stick.answered && readingsOf(watcher).length > 0, 'a reading', SESSION_LIMIT_MS);
  };
  await session();
  const prints: Footprint[] = [];
  const opens: number[] = [];
  const sessions: number[] = [];
  const bad: string[] = [];
  for (let number = 1; number <= times; number++) {
    await stick.unplug();
    await stick.plug();
    const pluggedMs = performance.now();
    const firstMs = await bridge.until(() => stick.firstByteMs, `a byte after unplug ${number}`, SESSION_LIMIT_MS);
    await session();
    sessions.push(performance.now() - pluggedMs);
    opens.push(Math.max(0, firstMs - pluggedMs));
    if (firstMs - pluggedMs > PORT_LIMIT_MS)
      bad.push(`unplug ${number}: opened after ${Math.round(firstMs - pluggedMs)} ms`);
    prints.push(footprint(bridge.pid));
    if (number % 50 === 0) tell(`${number} unplugs`);
  }
  const grown = growth(prints);
  if (grown.descriptors > 0) bad.push(`${grown.descriptors} descriptors more at the end`);
  if (times >= 100 && grown.rssMb > 10) bad.push(`${grown.rssMb} MB more at the end`);
  return { kind: 'unplug', times, openMs: spread(opens), sessionMs: spread(sessions), growth: grown, bad };
}
