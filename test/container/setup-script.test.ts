import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Desk, KNOWN_NAME, Typist } from '../support/typist.ts';
import { buildImage, plugIn, print, requireEngine, run, seconds } from './harness.ts';
import type { Outcome, Stick } from './harness.ts';
import { Installation } from './installation.ts';

const ID = '5EC4E7001122334455667788DEADBEEF';
const PASSWORD = 'Q7RS8TUV9WXY';
const WRONG = 'Q7RS8TUV9WXX';
const withEngine = join(import.meta.dirname, 'with-engine');

/**
 * `docker compose` is podman-compose. The script sees a /dev/serial that nobody else sees; the engine is where it always
 * is, as a daemon would be.
 */
const docker = `#!/bin/sh
[ "$1" = compose ] || exit 64
shift
exec nsenter --mount=/proc/${process.pid}/ns/mnt --wd="$PWD" \\
  ${withEngine} podman-compose '--podman-build-args=--network host --pull=never' "$@"
`;

let home: Installation;
let desk: Desk;
let stick: Stick;

beforeAll(async () => {
  await requireEngine();
  home = await Installation.prepare();
  await buildImage(home.folder);
  await mkdir(join(home.folder, '.bin'));
  await writeFile(join(home.folder, '.bin/docker'), docker);
  await chmod(join(home.folder, '.bin/docker'), 0o755);
  stick = await plugIn({ args: ['--route-b-id', ID, '--route-b-password', PASSWORD] });
});
afterAll(async () => {
  await stick?.[Symbol.asyncDispose]();
  await home?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  desk = await Desk.create();
});
afterEach(async () => {
  await desk[Symbol.asyncDispose]();
});

const script = 'deploy/docker/setup.sh';
const path = (): Readonly<Record<string, string>> => ({
  PATH: `${join(home.folder, '.bin')}:${process.env['PATH'] ?? ''}`,
});
const dotEnv = (): Promise<string> => readFile(join(home.folder, '.env'), 'utf8').catch(() => '');

/** Without a terminal, and with a Compose that does nothing. */
async function looks(COMPOSE = 'true'): Promise<Outcome> {
  const [file = '', ...args] = desk.around([script]);
  return run(file, args, { cwd: home.folder, env: { ...path(), COMPOSE } });
}

/** How the script ended stands on the screen. */
async function person(): Promise<Typist> {
  const env = home.prepareFor({ pty: stick.pty, unconfigured: true, env: { BROUTE2MQTT_LANGUAGE: '' } });
  return Typist.at(home.folder, desk.around(['sh', '-c', `${script}; echo "ended with $?"`]), { ...env, ...path() });
}

test('which stick it takes: a known one, never a Zigbee stick by its other name, and the one that .env names', async () => {
  const none = await looks();
  expect(none.code).toBe(69);
  expect(none.stderr).toMatch(/^Wi-SUNスティックが見つかりません。.* \/ No Wi-SUN stick found: plug it in/);
  expect(await dotEnv()).toBe('');

  await desk.plug(stick.pty, 'usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_0001-if00-port0');
  expect((await looks()).code).toBe(69);
  const other = await plugIn();
  try {
    await desk.plug(other.pty, 'usb-1a86_USB_Serial-if00-port0');
    expect((await looks()).stdout).toContain('usb-1a86_USB_Serial');
    expect(await dotEnv()).toContain('BROUTE2MQTT_STICK=/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0\n');
    expect(await dotEnv()).toContain('DIALOUT_GID=20\n');
    await desk.plug(stick.pty, 'usb-RATOC_Systems__Ltd._RS-WSUHA-J11-if00-port0');
    expect((await looks()).stdout).toContain('usb-1a86_USB_Serial'); // it was named, and is there
    await rm(join(desk.folder, 'by-id/usb-1a86_USB_Serial-if00-port0'));
    await writeFile(join(home.folder, '.env'), 'MQTT_PUBLISH=1883'); // of an earlier time, and without a last line break
    expect((await looks()).code).toBe(69); // the Zigbee stick's device has a second name
    await rm(join(desk.folder, 'by-id/usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_0001-if00-port0'));
    expect((await looks()).stdout).toContain('usb-RATOC');
    expect(await dotEnv()).toMatch(/^MQTT_PUBLISH=1883\nBROUTE2MQTT_STICK=\/dev\/serial\/by-id\/usb-RATOC\S+$/m);
  } finally {
    await other[Symbol.asyncDispose]();
    await rm(join(home.folder, '.env'), { force: true });
  }

  const missing = await looks('/nowhere/docker compose');
  expect(missing.code).toBe(69);
  expect(missing.stderr).toContain('Docker with Compose 2 is missing');
});

test('from a fresh clone to readings at the broker: Ctrl-C, a wrong password, the right one; then once more', async () => {
  await desk.plug(stick.pty);
  const started = performance.now();
  try {
    await using left = await person();
    await left.sees('1  日本語', 300_000);
    print(`setup.sh asks ${seconds(performance.now() - started)} after its start, with the image built`);
    left.types('\x03');
    await left.sees('Not set up, so nothing is started', 60_000);
    await left.sees('ended with 78');
    expect(await home.isRunning()).toBe(false);

    await using user = await person();
    await user.sees('1  日本語', 120_000);
    expect(user.screen).toContain(`stick: /dev/serial/by-id/${KNOWN_NAME}`);
    user.answers('2');
    await user.sees('(認証ID, 32 digits');
    user.answers('5EC4-E700-1122-3344-5566-7788-DEAD-BEEF');
    await user.sees('12 characters)');
    user.answers(WRONG);
    await user.sees('1  type the password again', 120_000);
    user.answers();
    await user.sees('12 characters)');
    user.answers(PASSWORD);
    await user.sees('first reading', 120_000);
    await user.sees('Contract');
    expect(user.screen).toContain('✓ MQTT broker: mqtt://mosquitto:1883');
    user.answers('40');
    await user.sees('Price');
    user.answers();
    await user.sees('Write this?');
    user.answers();
    await user.sees('✓ written: /config/config.yaml');
    await user.sees('It runs.', 120_000);
    expect(user.fresh).toContain('Status page: http://127.0.0.1:8080/?token='); // not the container's own address
    expect(user.fresh).not.toContain('warning');
    await user.sees('ended with 0');
    await home.brokerReady();
    expect(await home.messages('broute2mqtt/home/readings', 1, 60), await home.logs()).toHaveLength(1);
    print(`setup.sh, twice, to readings at the broker: ${seconds(performance.now() - started)}`);
    const [, token = ''] = /\?token=(\w+)/.exec(user.screen) ?? [];
    expect(await home.http(`/api/status?token=${token}`)).toBe(200);
    expect((await home.inside('broute2mqtt', 'stat -c %a /config/config.yaml')).stdout).toBe('600\n');
    const [document = ''] = await home.messages('homeassistant/device/broute2mqtt_home/config', 1, 20);
    expect(document).toContain('"Smart meter"'); // in the language that was chosen
    const told = (user.screen + (await home.logs()) + (await dotEnv())).toUpperCase().replaceAll(/[\s-]/g, '');
    for (const secret of [ID, PASSWORD, WRONG]) expect(told).not.toContain(secret);

    await using again = await person();
    await again.sees('ended with 0', 120_000); // and without a question
    expect(again.screen).not.toContain('日本語');
    expect(await home.isRunning()).toBe(true);
  } finally {
    await home.down();
  }
});
