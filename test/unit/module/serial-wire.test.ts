import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.ts';
import { serialWire } from '../../../src/module/serial-wire.ts';
import { eventually } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const hasSocat = spawnSync('socat', ['-V']).error === undefined;
const { signal } = new AbortController();

async function openDescriptors(path: string): Promise<number> {
  const device = await realpath(path);
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target === device).length;
}

async function destroy(port: Duplex): Promise<void> {
  const closed = once(port, 'close');
  port.destroy();
  await closed;
}

test.skipIf(!hasSocat)('a port is free again when its stream is destroyed (needs socat)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'port-'));
  const [path, far] = [join(folder, 'tty'), join(folder, 'far')];
  const socat = spawn('socat', [`PTY,link=${path},rawer`, `PTY,link=${far},rawer`]);
  try {
    await eventually(() => spawnSync('test', ['-e', path]).status === 0, 'a pty');
    const wire = serialWire(path, systemClock, folder);
    for (let turn = 0; turn < 3; turn++) {
      const port = await wire.open(signal);
      port.resume();
      expect(await openDescriptors(path)).toBe(1);
      await destroy(port);
      expect(await openDescriptors(path)).toBe(0);
    }
    await expect(wire.open(AbortSignal.abort(new Error('told to stop')))).rejects.toThrow('told to stop');
    await vi.waitFor(async () => expect(await openDescriptors(path)).toBe(0));
  } finally {
    socat.kill();
    await rm(folder, { recursive: true });
  }
});

test('a port that is not there is told as missing, and waited for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'port-'));
  const clock = new VirtualClock();
  const wire = serialWire(join(folder, 'tty'), clock, folder);
  expect(wire.name).toBe(join(folder, 'tty'));
  await expect(wire.open(signal)).rejects.toMatchObject({ code: 'PORT_MISSING' });
  let present = false;
  const waiting = wire.whenPresent(signal).then(() => (present = true));
  await eventually(() => clock.sleepers === 1, 'it looks again later');
  await symlink('/dev/null', join(folder, 'tty'));
  expect(present).toBe(false);
  await clock.advance(500);
  await waiting;
  await rm(folder, { recursive: true });
});

test.skipIf(!hasSocat)('a port whose path goes without a hang-up is let go of (needs socat)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'port-'));
  const [path, far] = [join(folder, 'tty'), join(folder, 'far')];
  const socat = spawn('socat', [`PTY,link=${path},rawer`, `PTY,link=${far},rawer`]);
  try {
    await eventually(() => spawnSync('test', ['-e', path]).status === 0, 'a pty');
    const clock = new VirtualClock();
    const port = await serialWire(path, clock, folder).open(signal);
    port.resume();
    const device = await realpath(path);
    const error = once(port, 'error');
    for (const there of [true, true, false]) {
      await eventually(() => clock.sleepers === 1, 'it looks again later');
      expect(port.destroyed).toBe(false);
      if (!there) await rm(path);
      await clock.advance(1000);
    }
    expect(await error).toMatchObject([{ message: 'the device is gone' }]);
    await eventually(() => port.closed && clock.sleepers === 0, 'the end of the watch');
    await symlink(device, path); // the pty itself was there all the time
    const again = await serialWire(path, clock, folder).open(signal);
    await destroy(again);
    await eventually(() => clock.sleepers === 0, 'the end of the watch');
  } finally {
    socat.kill();
    await rm(folder, { recursive: true });
  }
});
