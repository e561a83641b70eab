import { chown, mkdir, readFile, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildImage, must, plugIn, print, requireEngine, run, seconds } from './harness.ts';
import type { Stick } from './harness.ts';
import { Installation } from './installation.ts';

/** What the udev rule keeps on the host, and what the container has in its place. */
const kept = '/dev/broute2mqtt';
const shown = '/dev/serial/by-id';
const name = 'usb-broute2mqtt_test_stick-if00';
const live = 'deploy/docker/compose.live-dev.yml';
const readings = 'broute2mqtt/home/readings';

let home: Installation;

beforeAll(async () => {
  await requireEngine();
  home = await Installation.prepare();
  await buildImage(home.folder);
  await mkdir(kept, { recursive: true });
  await must('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', kept]); // over the nodes of real sticks
  await must('mount', ['--make-shared', kept]);
});
afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
  await run('umount', ['--lazy', kept]); // with what is bound in it
  await rmdir(kept).catch(() => undefined); // real sticks are in it
});

/** Shows the pty under the stick's name, at one stroke as the rule's `mv`. */
async function show({ pty }: Stick): Promise<void> {
  const bound = join(kept, `.pty-${basename(pty)}`);
  await writeFile(bound, '');
  await must('mount', ['--bind', pty, bound]);
  await symlink(basename(bound), join(kept, '.new'));
  await rename(join(kept, '.new'), join(kept, name));
}

async function hide({ pty }: Stick): Promise<void> {
  const bound = join(kept, `.pty-${basename(pty)}`);
  await rm(join(kept, name));
  await must('umount', ['--lazy', bound]);
  await rm(bound);
}

test('with the live by-id folder it starts without the stick, and finds it again under another name', async () => {
  const files = [live, join(import.meta.dirname, 'compose.test-live-dev.yml')];
  await home.up({ pty: '', files, env: { BROUTE2MQTT_STICK: join(shown, name) } });
  await home.brokerReady();
  await sleep(2000);
  expect(await home.isRunning(), await home.logs()).toBe(true);

  const first = await plugIn();
  await show(first);
  expect(await home.messages(readings, 1, 60), await home.logs()).toHaveLength(1);

  await using second = await plugIn(); // another pty, so another name: the first one's number is still taken
  await first[Symbol.asyncDispose]();
  await hide(first);
  await sleep(2000);
  await show(second);
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

test("of the host's devices the container sees the USB serial ports and no other", async () => {
  const all = await home.inside('broute2mqtt', 'find /dev -mindepth 1 | sort');
  const seen = all.stdout
    .trim()
    .split('\n')
    .filter((path) => !path.startsWith(shown));
  // What every container has, of its own; nothing more.
  const own =
    /^\/dev\/(console|core|fd|full|mqueue|null|ptmx|pts|pts\/ptmx|random|serial|shm|std(in|out|err)|tty|urandom|zero)$/;
  expect(seen.filter((path) => !own.test(path))).toEqual([]);
  expect((await home.inside('broute2mqtt', `: >${shown}/other`)).text).toContain('Read-only file system');
});

test("the rule's commands make a node that can be opened in the container, and take it away", async () => {
  const rules = await readFile(join(home.folder, 'deploy/docker/70-broute2mqtt.rules'), 'utf8');
  const adapter = '/dev/broute2mqtt-test'; // as every container may open: a second /dev/zero
  const udev = async (action: string): Promise<void> => {
    for (const [, command = ''] of rules.matchAll(new RegExp(`^ACTION=="${action}".*RUN\\+="([^"]+)"`, 'gm'))) {
      const words = command.replaceAll('$env{BROUTE2MQTT_NODE}', 'usb-zero-if00').replaceAll('$devnode', adapter);
      expect(words).not.toContain('$');
      const [program = '', ...args] = words.split(' ');
      await must(program, args);
    }
  };
  await must('mknod', ['-m', '660', adapter, 'c', '1', '5']);
  await chown(adapter, 0, 20);
  try {
    await udev('add');
    await udev('add');
    const read = `stat -c '%F %a %u:%g' ${shown}/usb-zero-if00; head -c 2 ${shown}/usb-zero-if00 | od -An -tx1`;
    expect((await home.inside('broute2mqtt', read)).text).toBe('character special file 660 0:20\n 00 00\n');
    await udev('remove');
    expect((await home.inside('broute2mqtt', `ls ${shown}/usb-zero-if00`)).text).toContain('No such file');
  } finally {
    await rm(adapter);
  }
});
