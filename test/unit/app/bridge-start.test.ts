import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runBridge } from '../../../src/app/bridge.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { settingsOf } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { deferred } from '../../../src/kernel/async.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';
import { loadMqtt } from '../../../src/broker/mqtt-client.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { VirtualBroker } from '../../support/virtual-broker.ts';
import { credentials } from '../../support/bridge.ts';
import { eventually } from '../../support/eventually.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const root = 'broute2mqtt/home';
const document = 'homeassistant/device/broute2mqtt_home/config';

/** A bridge whose device takes its time, on a broker that came back from a power cut with what it kept. */
test('the broker is told offline before anything slow; the document comes when the state has been read', async () => {
  await loadMqtt(); // its own time is not the matter here
  using broker = new VirtualBroker(new VirtualClock());
  broker.say(`${root}/meter/availability`, 'online', true);
  broker.say(`${root}/bridge/availability`, 'offline', true);
  const folder = await mkdtemp(join(tmpdir(), 'bridge-start-'));
  const config = configSchema.parse({
    meters: [{ id: 'home', device: '/dev/null', ...credentials }],
    mqtt: { url: broker.url },
    state_dir: folder,
  }) as Config;
  const wire = deferred<Wire>();
  const { log } = logLines();
  const stop = new AbortController();
  const deps = { clock: systemClock, log, redactor: new Redactor(), version: '0.1.0', wireOf: () => wire.promise };
  const beganMs = performance.now();
  const ended = runBridge(settingsOf(config), deps, stop.signal);

  await eventually(() => broker.retained.get(`${root}/meter/availability`) === 'offline', 'offline');
  expect(performance.now() - beganMs).toBeLessThan(20_000);
  expect(broker.retained.has(document)).toBe(false);
  wire.reject(new Error('a defect: the sinks are ended all the same'));
  await expect(ended).rejects.toThrow('a defect');
  expect(broker.open).toBe(0);
  await rm(folder, { recursive: true, force: true });
});
