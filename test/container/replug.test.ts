import { mkdir, rm, rmdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildImage, plugIn, print, requireEngine, seconds } from './harness.ts';
import { Installation } from './installation.ts';

/** A link as udev makes it, to a pty in place of a ttyUSB. */
const folder = '/dev/serial/by-id';
const link = join(folder, 'usb-broute2mqtt_test_stick-if00');
const files = ['deploy/docker/compose.live-dev.yml', join(import.meta.dirname, 'compose.test-live-dev.yml')];
const readings = 'broute2mqtt/home/readings';

let home: Installation;

beforeAll(async () => {
  await requireEngine();
  home = await Installation.prepare();
  await buildImage(home.folder);
  await mkdir(folder, { recursive: true });
  await rm(link, { force: true });
});
afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
  await rm(link, { force: true });
  await rmdir(folder).catch(() => undefined); // real sticks are in it
});

test('with the live /dev it starts without the stick, and finds it again under another name', async () => {
  await home.up({ pty: '', files, env: { BROUTE2MQTT_STICK: link } });
  await home.brokerReady();
  await sleep(2000);
  expect(await home.isRunning(), await home.logs()).toBe(true);

  const first = await plugIn();
  await symlink(first.pty, link);
  expect(await home.messages(readings, 1, 60), await home.logs()).toHaveLength(1);

  await using second = await plugIn(); // another pty, so another name: the first one's number is still taken
  await first[Symbol.asyncDispose]();
  await rm(link);
  await sleep(2000);
  await symlink(second.pty, link);
  const started = performance.now();
  expect(second.pty).not.toBe(first.pty);
  const since = new Date();
  for (;;) {
    const [line = ''] = await home.messages(readings, 1, 60);
    expect(line, await home.logs()).toContain('"time"');
    const { time } = JSON.parse(line.slice(line.indexOf('{'))) as { time: string };
    if (new Date(time) > since) break;
  }
  print(`first reading ${seconds(performance.now() - started)} after the replug (radio ten times faster)`);
  expect(await home.isRunning()).toBe(true);
});
