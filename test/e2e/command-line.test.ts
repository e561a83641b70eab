import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import { mainScript, Program } from '../support/program.ts';
import type { Stick, StickOptions } from '../support/stick.ts';

const english = { BROUTE2MQTT_LANGUAGE: 'en' };

/** A configuration for this stick: that of a bridge which has ended. */
async function configFor(home: Household, stick: Stick): Promise<string> {
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http: { listen: '127.0.0.1:0' } } });
  await bridge.program.kill();
  return bridge.configFile;
}

async function scan(home: Household, options: StickOptions, ...more: readonly string[]): Promise<Program> {
  const stick = await home.stick({ args: ['--time-factor', '100'], ...options });
  const program = home.cli(['scan', '--config', await configFor(home, stick), ...more], { env: english });
  await program.ended;
  return program;
}

test.concurrent('scan prints a table of what it found', async () => {
  await using home = new Household();
  const { code, stdout, stderr } = await scan(home, {});
  expect({ code, lines: stdout.trim().split('\n') }).toEqual({
    code: 0,
    lines: [
      expect.stringMatching(/^Channel +PAN ID +LQI +RSSI +Address$/),
      expect.stringMatching(/^51 \(33\) +12A4 +202 +-49 dBm +FE80:0000:0000:0000:021C:6400:030C:12A4$/),
    ],
  });
  expect(stderr).toContain('SKSTACK-IP 1.5.2 (DSE, rev15)');
  expect(stderr).toContain('scanning 14 channels');
});

test.concurrent('scan --json prints the same as JSON and nothing else', async () => {
  await using home = new Household();
  const { code, stdout } = await scan(home, { args: ['--time-factor', '100', '--edition', 'se'] }, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual([
    {
      channel: 51,
      pan_id: '12A4',
      mac_address: '001C6400030C12A4',
      ip_address: 'FE80:0000:0000:0000:021C:6400:030C:12A4',
      lqi: 202,
      rssi_dbm: -49,
    },
  ]);
});

test.concurrent('scan --all goes on to the end and shows the neighbours, marked', async () => {
  await using home = new Household();
  const { code, stdout } = await scan(home, { script: [{ fault: 'two-pans', times: 9 }] }, '--all', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([
    { mac_address: '001C6400030C12A4', own: true },
    { mac_address: '001C64000BADF00D', own: false },
  ]);
});

test.concurrent('on a terminal a scan shows a bar with channel and time left, and a clean table after it', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: ['--time-factor', '10'] });
  const config = await configFor(home, stick);
  const script = join(dirname(config), 'scan.sh');
  await writeFile(script, `exec '${process.execPath}' '${mainScript}' scan --config '${config}'\n`);
  const terminal = home.keep(new Program('socat', ['-u', `EXEC:sh ${script},pty,stderr`, '-'], { env: english }));
  await terminal.ended;
  const [bar = ''] = terminal.stdout
    .split('\r\u001B[K')
    .slice(1)
    .filter((text) => text !== '');
  expect(bar).toMatch(/^\[#*-+\] channel \d\d \([0-9A-F]{2}\), \d+ s left \(scan 1 of 4\)$/);
  expect(terminal.stdout.split('\r\u001B[K').at(-1)).toMatch(/^Channel +PAN ID.*\r\n51 \(33\) /);
});

test.concurrent('a scan that finds nothing says what to do; exit code 69', async () => {
  await using home = new Household();
  const { code, stdout, stderr } = await scan(home, { script: [{ fault: 'pan-not-found', times: 99 }] });
  expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
  expect(stderr).toContain('PAN_NOT_FOUND');
  expect(stderr).toContain('move the stick closer');
});

test.concurrent('a scan while the bridge holds the stick names it and disturbs nothing; exit code 69', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http: { listen: '127.0.0.1:0' } } });
  await bridge.until(() => bridge.readings() > 1, 'readings');
  const program = home.cli(['scan', '--config', bridge.configFile], { env: english });
  expect(await program.ended).toBe(69);
  expect(program.stderr).toContain(`used by the running bridge (pid ${bridge.pid}) [PORT_BUSY]`);
  expect(program.stderr).toContain('It uses channel 51, PAN ID 12A4');
  expect(bridge.lines.filter(({ msg }) => msg === 'scanning')).toMatchObject([
    { level: 'info', channels: '33–59', count: 14, seconds: 5 },
  ]);
  const count = bridge.readings();
  await bridge.until(() => bridge.readings() > count + 1, 'readings go on');
  expect(bridge.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
});

test.concurrent('a scan on a port that is not there; exit code 69', async () => {
  await using home = new Household();
  const stick = await home.absentStick();
  const program = home.cli(['scan', '--config', await configFor(home, stick)], { env: english });
  expect(await program.ended).toBe(69);
  expect(program.stderr).toContain('[PORT_MISSING]');
  expect(program.stderr).toContain('Plug the stick in');
});

test.concurrent('--help of every command in both languages; exit code 0', async () => {
  await using home = new Household();
  const help = async (env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> => {
    const program = home.cli([...args, '--help'], { env });
    expect(await program.ended).toBe(0);
    expect(program.stderr).toBe('');
    return program.stdout;
  };
  const top = await help(english);
  expect(top).toContain('Commands:');
  const commands = [...top.split('Commands:')[1]!.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name as string);
  expect(commands).toEqual(expect.arrayContaining(['run', 'demo', 'scan', 'config', 'simulate']));
  expect(await help({ LANG: 'ja_JP.UTF-8' })).toContain('コマンド:');
  for (const command of commands) {
    expect(await help(english, command)).toContain(`Usage: broute2mqtt ${command}`);
    expect(await help({ LANG: 'ja_JP.UTF-8' }, command)).toContain(`使い方: broute2mqtt ${command}`);
  }
});

test.concurrent('what the command line does not know is named, with what was meant; exit code 64', async () => {
  await using home = new Household();
  const cwd = dirname((await home.absentStick()).path);
  const refused = async (...args: string[]): Promise<string> => {
    const program = home.cli(args, { cwd, env: english });
    expect(await program.ended).toBe(64);
    expect(program.stdout).toBe('');
    return program.stderr;
  };
  expect(await refused('--frobnicate')).toContain('unknown option --frobnicate');
  expect(await refused('scan', '--jsn')).toContain('did you mean --json?');
  expect(await refused('scna')).toContain('did you mean scan?');
});

/** What the demo prints once something can be seen. */
const address = (program: Program, pattern: RegExp): string | undefined => pattern.exec(program.stdout)?.[1];

async function demo(home: Household, ...args: readonly string[]): Promise<Program> {
  const page = `127.0.0.1:${await freePort()}`;
  return home.cli(['demo', '--http', page, '--mqtt-port', '0', ...args], { env: english });
}

test.concurrent('demo: discovery, readings and the page within ten seconds; Ctrl-C ends it with 0', async () => {
  await using home = new Household();
  const beganMs = performance.now();
  const program = await demo(home);
  const url = await program.until(() => address(program, /status page +(http:\S+)/), 'the page’s address', 10_000);
  await program.until(
    () => /Home Assistant discovery: \d+ entities on homeassistant/.test(program.stdout),
    'discovery',
  );
  await program.until(() => / W  R.* A  T.* A/.test(program.stdout), 'a reading');
  process.stdout.write(`demo → first reading: ${((performance.now() - beganMs) / 1000).toFixed(1)} s\n`);
  expect(performance.now() - beganMs).toBeLessThan(10_000);
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/html');
  const watcher = await home.watch(address(program, /MQTT broker +(mqtt:\S+)/) ?? '', { protocolVersion: 4 });
  await program.until(() => watcher.last('broute2mqtt/demo/readings'), 'a reading on the broker');
  const { code, ms } = await program.end('SIGINT');
  expect({ code, stderr: program.stderr }).toEqual({ code: 0, stderr: '' });
  expect(ms).toBeLessThan(3500);
  expect(program.stdout).toMatch(/node .*main\.js setup .*\n.*main\.js run .*\n.*main\.js doctor /);
});

interface DemoStatus {
  readonly time: string;
  readonly meters: readonly [
    { readonly usage?: Readonly<Record<string, unknown>>; readonly module?: { readonly edition: string } },
  ];
}

test.concurrent(
  'demo: a day in four minutes, with the days before; J11 and real time where they are wanted',
  async () => {
    await using home = new Household();
    const [fast, real] = await Promise.all([demo(home), demo(home, '--realtime', '--j11')]);
    const status = async (program: Program): Promise<DemoStatus> => {
      const url = await program.until(() => address(program, /status page +(http:\S+)/), 'the page’s address');
      return (await (await fetch(new URL('api/status', url))).json()) as DemoStatus;
    };
    await fast.until(() => / kWh/.test(fast.stdout), 'registers');
    const first = await status(fast);
    const stamped = performance.now();
    await fast.until(() => performance.now() > stamped + 4000, 'four seconds');
    const { time, meters } = await status(fast);
    const [ours, theirs] = [performance.now() - stamped, Date.parse(time) - Date.parse(first.time)];
    expect(theirs / ours).toBeGreaterThan(200);
    expect(theirs / ours).toBeLessThan(500);
    expect(meters[0].usage).toMatchObject({
      import_today: expect.any(Number) as number,
      demand_30min: expect.any(Number) as number,
      peak_month: { power: expect.any(Number) as number },
    });
    const url = await status(fast).then(() => address(fast, /status page +(http:\S+)/) ?? '');
    const asked = await fetch(new URL('api/command', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ meter: 'demo', command: 'break' }),
    });
    expect(asked.status).toBe(202);
    await fast.until(() => /on purpose: the meter ends the session/.test(fast.stdout), 'what was broken');
    await fast.until(() => /recovered by itself/.test(fast.stdout), 'recovery', 60_000);
    await real.until(() => / W  R.* A  T.* A/.test(real.stdout), 'a reading');
    const slow = await status(real);
    expect(slow.meters[0].module?.edition).toBe('J11');
    expect(Math.abs(Date.parse(slow.time) - Date.now())).toBeLessThan(60_000);
  },
);

test.concurrent('demo --faults: what breaks recovers by itself', async () => {
  await using home = new Household();
  const program = await demo(home, '--faults', '--speed', '20');
  await program.until(() => /recovered by itself in [\d.]+ s/.test(program.stdout), 'recovery', 40_000);
  expect(program.stdout).toContain('[SESSION_LOST]');
  expect(await program.end('SIGINT')).toMatchObject({ code: 0 });
});
