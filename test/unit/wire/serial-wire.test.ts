import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { deferred } from '../../../src/kernel/async.ts';
import type { Deferred } from '../../../src/kernel/async.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { BridgeError } from '../../../src/kernel/errors.ts';
import { makeExclusive } from '../../../src/wire/port-holder.ts';
import { serialWire } from '../../../src/wire/serial-wire.ts';
import type { OpenedPort } from '../../../src/wire/serial-wire.ts';
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
    const wire = serialWire(path, systemClock, { byIdFolder: folder });
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
  const wire = serialWire(join(folder, 'tty'), clock, { byIdFolder: folder });
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
    const port = await serialWire(path, clock, { byIdFolder: folder }).open(signal);
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
    const again = await serialWire(path, clock, { byIdFolder: folder }).open(signal);
    await destroy(again);
    await eventually(() => clock.sleepers === 0, 'the end of the watch');
  } finally {
    socat.kill();
    await rm(folder, { recursive: true });
  }
});

/** A pty, both of its ends by socat, which keeps the first end's descriptor open itself. */
async function onPty(run: (path: string, device: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'port-'));
  const [path, far] = [join(folder, 'tty'), join(folder, 'far')];
  const socat = spawn('socat', [`PTY,link=${path},rawer`, `PTY,link=${far},rawer`]);
  try {
    await eventually(() => spawnSync('test', ['-e', path]).status === 0, 'a pty');
    await run(path, await realpath(path));
  } finally {
    socat.kill();
    await rm(folder, { recursive: true });
  }
}

/** As pyserial does it: no lock is asked for. */
const openedWithoutLock = (device: string): { status: number | null; stderr: string } =>
  spawnSync('sh', ['-c', `: <> ${device}`], { uid: 65_534, gid: 65_534, encoding: 'utf8' });

test.skipIf(!hasSocat)(
  'a port that another program has open without a lock is not touched until it is gone (needs socat)',
  async () => {
    await onPty(async (path, device) => {
      const wire = serialWire(path, systemClock);
      const other = spawn('sh', ['-c', `exec 3<>'${device}'; echo; exec sleep 60`]);
      try {
        await new Promise((resolve) => other.stdout.once('data', resolve));
        const error = await wire.open(signal).then(
          () => expect.unreachable(),
          (reason: unknown) => reason as BridgeError,
        );
        expect(error.code).toBe('PORT_BUSY');
        expect(error.message).toContain(`${path}: used by sleep (pid ${other.pid})`);
        expect(error.hint('ja')).toContain(`kill ${other.pid}`);
        expect(await openDescriptors(path)).toBe(0);
      } finally {
        const gone = once(other, 'exit');
        other.kill();
        await gone;
      }
      await destroy(await wire.open(signal));
    });
  },
);

test.skipIf(!hasSocat)(
  'who opens the port between our look and the closed door is noticed, and we go (needs socat)',
  async () => {
    await onPty(async (path, device) => {
      let other: ChildProcess | undefined;
      const exclude = async (): Promise<boolean> => {
        other = spawn('sh', ['-c', `exec 3<>'${device}'; echo; exec sleep 60`]);
        await new Promise((resolve) => other?.stdout?.once('data', resolve));
        return true;
      };
      try {
        await expect(serialWire(path, systemClock, { exclude }).open(signal)).rejects.toMatchObject({
          code: 'PORT_BUSY',
        });
        expect(await openDescriptors(path)).toBe(0);
      } finally {
        other?.kill();
      }
    });
  },
);

test.skipIf(!hasSocat)(
  'who has it open for a moment only, and finds our lock, costs nothing (needs socat)',
  async () => {
    await onPty(async (path, device) => {
      const exclude = async (): Promise<boolean> => {
        const passing = spawn('sh', ['-c', `exec 3<>'${device}'; echo; exec sleep 0.2`]);
        await new Promise((resolve) => passing.stdout.once('data', resolve));
        return true;
      };
      await destroy(await serialWire(path, systemClock, { exclude }).open(signal));
    });
  },
);

const asNobody = process.getuid?.() === 0;
test.skipIf(!hasSocat || !asNobody)(
  'a program that asks for no lock cannot open our port beside us (needs socat, root to become nobody, and perl or python3)',
  async () => {
    await onPty(async (path, device) => {
      await chmod(device, 0o666);
      expect(openedWithoutLock(device).status).toBe(0);
      const port = await openExclusive(path);
      expect(openedWithoutLock(device)).toMatchObject({ status: 2, stderr: expect.stringMatching(/busy/i) });
      expect(await readFile(`/proc/self/fdinfo/${port.descriptor}`, 'utf8')).toMatch(/^flags:.*4...$/m); // still O_NONBLOCK
      await destroy(port);
    });
  },
);

test.skipIf(!hasSocat || !asNobody)(
  'a pty is not made exclusive, also under another name: it would stay so when we are gone (needs socat and root)',
  async () => {
    await onPty(async (path, device) => {
      await chmod(device, 0o666);
      const mapped = `${path}-mapped`; // as a container is given a device
      await writeFile(mapped, '');
      const isMapped = spawnSync('mount', ['--bind', device, mapped]).status === 0;
      try {
        for (const name of isMapped ? [path, mapped] : [path]) {
          const port = await serialWire(name, systemClock).open(signal);
          expect(openedWithoutLock(device).status).toBe(0);
          await destroy(port);
        }
      } finally {
        if (isMapped) spawnSync('umount', [mapped]);
      }
    });
  },
);

/** With TIOCEXCL, which a pty does not get by itself. */
async function openExclusive(path: string): Promise<OpenedPort> {
  let marked: number | undefined;
  const exclude = async (descriptor: number, limit: AbortSignal): Promise<boolean> => {
    marked = descriptor;
    return await makeExclusive(descriptor, limit);
  };
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(line) });
  const port = await serialWire(path, systemClock, { exclude, log }).open(signal);
  expect(lines).toEqual([]);
  return Object.assign(port, { descriptor: marked });
}

test.skipIf(!hasSocat)('where nothing can make the port exclusive, the log says so (needs socat)', async () => {
  await onPty(async (path) => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line) => void lines.push(line) });
    const before = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      const port = await serialWire(path, systemClock, { exclude: makeExclusive, log }).open(signal);
      expect(lines.join('')).toContain('only locked, not exclusive');
      await destroy(port);
    } finally {
      process.env['PATH'] = before;
    }
  });
});

test('a driver that hangs in open() is waited for 15 s, is not asked twice at once, and what comes late is closed', async () => {
  const clock = new VirtualClock();
  const hanging: Deferred<OpenedPort>[] = [];
  const openPort = async (): Promise<OpenedPort> => {
    hanging.push(deferred());
    return await (hanging.at(-1) as Deferred<OpenedPort>).promise;
  };
  const path = join(await mkdtemp(join(tmpdir(), 'port-')), 'tty');
  await writeFile(path, '');
  const wire = serialWire(path, clock, { openPort });
  for (let turn = 1; turn <= 2; turn++) {
    const opening = wire.open(signal).catch((error: unknown) => error as BridgeError);
    await eventually(() => clock.sleepers === 1, 'the limit');
    await eventually(() => hanging.length === 1, 'one open()');
    await clock.advance(14_999);
    expect(clock.sleepers).toBe(1);
    await clock.advance(1);
    const error = (await opening) as BridgeError;
    expect(error.code).toBe('PORT_FAILED');
    expect(error.message).toContain(`${path}: not open within 15 s`);
    expect(error.hint('ja')).toContain('挿し直して');
  }
  const late = new PassThrough();
  hanging[0]?.resolve(late);
  await eventually(() => late.destroyed, 'the late port is let go of');
  const port = wire.open(signal);
  await eventually(() => hanging.length === 2, 'another open()');
  hanging[1]?.resolve(new PassThrough());
  await destroy(await port);
  await eventually(() => clock.sleepers === 0, 'the end of the watch');
  await rm(dirname(path), { recursive: true });
});
