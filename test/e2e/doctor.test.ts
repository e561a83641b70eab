import { chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ERASE_LINE } from '../../src/app/redraw.ts';
import { Authority } from '../support/certificates.ts';
import { patient } from '../support/doctor.ts';
import type { PatientOptions } from '../support/doctor.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import { mainScript, Program } from '../support/program.ts';
import { Typist } from '../support/typist.ts';

const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;
const quick = ['--json', '--no-radio'] as const;
const radio = ['port', 'module', 'scan', 'join', 'reading', 'meter_clock'] as const;

test('all is well: every link in its order, in both languages, on the terminal and as JSON', async () => {
  await using home = new Household();
  const [broker, stick] = [await home.broker(), await home.stick()];
  const watcher = await home.watch(broker.url);
  await watcher.client.publishAsync('homeassistant/status', 'online', { retain: true, qos: 1 });
  const { doctor } = await patient(home, { device: stick.path, config: { mqtt: { url: broker.url } } });
  watcher.clear();
  const told = await doctor('en');
  expect(told.checks.filter(({ result }) => result !== 'ok')).toEqual([]);
  expect(told.code).toBe(0);
  expect(told.checks.map(({ check }) => check)).toEqual([
    'configuration',
    'secrets',
    'state_dir',
    'bridge',
    ...radio,
    'broker',
    'login',
    'topics',
    'home_assistant',
    'http',
    'devices',
    'clock',
    'node',
  ]);
  expect(told.of('module').facts).toMatchObject({ edition: 'DSE', stack_version: '1.5.2', print_mode: 'binary' });
  expect(told.of('scan').facts).toMatchObject({ channel: 51, pan_id: '12A4', lqi: 202, rssi_dbm: -49 });
  expect(told.of('scan').detail).toContain('strong');
  expect(told.of('reading').detail).toMatch(/^-?\d+ W, .* kWh/);
  expect(told.of('home_assistant').facts).toEqual({ birth: 'retained' });
  expect(watcher.seen.filter(({ retain }) => retain)).toEqual([]);

  const inJapanese = await doctor('ja', []);
  expect(inJapanese.code).toBe(0);
  expect(inJapanese.stdout).toMatch(/^すべて正常です。\n\n✓ 正常 {4}設定: /); // what it comes to stands first
  expect(inJapanese.stdout).toMatch(/\n✓ 正常 {4}home: スキャン: チャネル 51、PAN 12A4、LQI 202、-49 dBm、強い\n/);
  expect(inJapanese.stderr).toContain('スキャン中');
});

test('a J11 stick is told by its own words, and read to the end', async () => {
  await using home = new Household();
  const { doctor } = await patient(home, { device: (await home.stick({ args: ['--edition', 'j11'] })).path });
  const told = await doctor('en');
  expect(told.checks.filter(({ result }) => result !== 'ok')).toEqual([]);
  expect(told.of('module').facts).toMatchObject({ edition: 'J11' });
  expect(told.of('scan').facts).toMatchObject({ lqi: null, rssi_dbm: expect.any(Number) }); // it tells dBm alone
  expect(told.of('reading').detail).toMatch(/^-?\d+ W, .* kWh/);
});

interface Broken {
  readonly title: string;
  readonly set: (home: Household) => Promise<PatientOptions>;
  readonly args?: readonly string[];
  readonly check: string;
  readonly result?: 'failed' | 'warning';
  readonly code?: string;
  /** In both languages, unless it says otherwise in Japanese. */
  readonly detail?: RegExp;
  readonly detailJa?: RegExp;
  readonly en: RegExp;
  readonly ja: RegExp;
  readonly exit: number;
  /** What waits for it, in order. */
  readonly unreached?: readonly string[];
}

const yaml = (routeBId: string, more = ''): string => `meters:
  - id: home
    device: /dev/null
    route_b_id: ${routeBId}
    route_b_password: "ABCDEFGHIJKL"
mqtt:
  url: mqtt://127.0.0.1:1
${more}`;
const nothingElse = ['secrets', 'state_dir', 'bridge', ...radio, 'broker', 'login', 'topics', 'home_assistant', 'http'];
const node = (code: string): readonly string[] => [process.execPath, '-e', code];
const after = (id: (typeof radio)[number]): readonly string[] => radio.slice(radio.indexOf(id) + 1);

/** A stick that is well, and a broker that is not. */
const withBroker = async (home: Household, mqtt: Readonly<Record<string, unknown>>): Promise<PatientOptions> => ({
  device: (await home.stick()).path,
  config: { mqtt },
});

const broken: readonly Broken[] = [
  {
    title: 'a file that is no YAML',
    set: () => Promise.resolve({ yaml: 'meters:\n  - id: home\n   device: [\n' }),
    check: 'configuration',
    code: 'CONFIG_INVALID',
    en: /config\.yaml:\d+: /,
    ja: /config\.yaml:\d+: /,
    exit: 78,
    unreached: nothingElse,
  },
  {
    title: 'an ID of digits without quotes, and another problem',
    set: () => Promise.resolve({ yaml: yaml('01234567890123456789012345678901', 'log: { level: loud }\n') }),
    check: 'configuration',
    code: 'CONFIG_INVALID',
    detail: /2/,
    en: /config\.yaml:4: meters\[0\]\.route_b_id: .*quotes[\s\S]*config\.yaml:8: log\.level/,
    ja: /config\.yaml:4: meters\[0\]\.route_b_id: .*引用符[\s\S]*config\.yaml:8: log\.level/,
    exit: 78,
    unreached: nothingElse,
  },
  {
    title: 'a secrets file that others can read',
    set: async (home) => ({ device: (await home.stick()).path }),
    args: quick,
    check: 'secrets',
    result: 'warning',
    detail: /config\.yaml/,
    en: /^chmod 600 .*config\.yaml$/,
    ja: /^chmod 600 .*config\.yaml$/,
    exit: 0,
  },
  {
    title: 'a state directory that cannot be written',
    set: async (home) => {
      const stick = await home.stick();
      return { device: stick.path, config: { state_dir: join(dirname(stick.path), 'script', 'state') } }; // below a file
    },
    args: quick,
    check: 'state_dir',
    code: 'STATE_UNWRITABLE',
    detail: /ENOTDIR/,
    en: /owner and free space/,
    ja: /所有者と空き容量/,
    exit: 69,
  },
  {
    title: 'a port that is not there',
    set: async (home) => ({ device: (await home.absentStick()).path }),
    check: 'port',
    code: 'PORT_MISSING',
    en: /Plug the stick in and check `device`; \/dev\/serial\/by-id/,
    ja: /スティックを挿し、`device` を確認/,
    exit: 69,
    unreached: after('port'),
  },
  {
    title: 'a port that we may not open',
    set: async (home) => {
      const stick = await home.stick();
      await chmod(dirname(stick.path), 0o755);
      await chmod(stick.device, 0o000);
      return { device: stick.path, ...(asRoot ? { uid: NOBODY } : {}) };
    },
    check: 'port',
    code: 'PORT_DENIED',
    detail: /permission denied \(EACCES\); the device has owner .*mode 0000; we are uid/,
    detailJa: /EACCES.*0000.*uid/,
    en: /docker-compose: devices: \["[^"]+"\], group_add: .*systemd: SupplementaryGroups=.*usermod -aG.*Home Assistant app: choose the port/,
    ja: /docker-compose: devices: \["[^"]+"\], group_add: .*systemd: SupplementaryGroups=.*usermod -aG.*Home Assistantアプリ: 設定画面/,
    exit: 69,
    unreached: after('port'),
  },
  {
    title: 'a port that another program holds',
    set: async (home) => {
      const stick = await home.stick();
      const other = await home.bridge({
        meters: [{ device: stick.path }],
        config: { http: { listen: '127.0.0.1:0' } },
      });
      await other.reaches('connected');
      return { device: stick.path };
    },
    check: 'port',
    code: 'PORT_BUSY',
    detail: /used by \S+ \(pid \d+\)/,
    detailJa: /\S+ ?[（(]pid \d+[）)]/,
    en: /^Stop \S+ \(kill \d+, or its service\)/,
    ja: /（kill \d+、またはそのサービス）を止めて/,
    exit: 69,
    unreached: after('port'),
  },
  {
    title: 'a stick of another kind',
    set: async (home) => ({ device: (await home.stick({ command: ['cat'] })).path }),
    check: 'module',
    code: 'MODULE_UNKNOWN',
    detail: /no answer to SKVER/,
    detailJa: /SKVER にも J11 の状態要求にも応答がありません/,
    en: /check that `device` is the right port/,
    ja: /`device` が正しいポートか確認/,
    exit: 69,
    unreached: after('module'),
  },
  {
    title: 'a stick that says nothing',
    set: async (home) => ({ device: (await home.stick({ command: node('setTimeout(() => {}, 600_000)') })).path }),
    check: 'module',
    code: 'MODULE_SILENT',
    detail: /not one byte came back/,
    detailJa: /応答が 1 バイトもありません/,
    en: /then replug the stick/,
    ja: /スティックを挿し直して/,
    exit: 69,
    unreached: after('module'),
  },
  {
    title: 'no meter in reach, or another Route-B ID',
    set: async (home) => ({
      device: (await home.stick({ args: ['--route-b-id', 'FEDCBA9876543210FEDCBA9876543210', '--time-factor', '100'] }))
        .path,
    }),
    check: 'scan',
    code: 'PAN_NOT_FOUND',
    detail: /no meter answered 4 scans over 28 channels/,
    detailJa: /28 チャネルを 4 回スキャンしましたが、メーターの応答がありません/,
    en: /closer to the meter .*check route_b_id/,
    ja: /メーターに近づけ.*route_b_id を確認/,
    exit: 69,
    unreached: after('scan'),
  },
  {
    title: 'another Route-B password',
    set: async (home) => ({ device: (await home.stick({ args: ['--route-b-password', 'ZYXWVUTSRQPO'] })).path }),
    check: 'join',
    code: 'JOIN_REFUSED',
    en: /check route_b_id and route_b_password; another controller/,
    ja: /route_b_id と route_b_password を確認/,
    exit: 69,
    unreached: after('join'),
  },
  {
    title: 'a meter that joins and then says nothing',
    set: async (home) => ({
      device: (await home.stick({ args: ['--time-factor', '100'], script: [{ fault: 'lost-reply', times: 1000 }] }))
        .path,
    }),
    check: 'reading',
    code: 'METER_SILENT',
    en: /stopped answering/,
    ja: /メーターが応答しません/,
    exit: 69,
    unreached: after('reading'),
  },
  {
    title: 'a meter whose clock is an hour behind',
    set: async (home) => ({ device: (await home.stick({ args: ['--clock-skew', '-3600'] })).path }),
    check: 'meter_clock',
    result: 'warning',
    detail: /60 min behind|60 分遅れて/,
    en: /only half-hour values/,
    ja: /30分値だけ/,
    exit: 0,
  },
  {
    title: 'a broker that does not run',
    set: async (home) => withBroker(home, { url: (await home.absentBroker()).url }),
    args: quick,
    check: 'broker',
    code: 'BROKER_UNREACHABLE',
    detail: /ECONNREFUSED/,
    en: /Check mqtt\.url and that the broker is running/,
    ja: /mqtt\.url と、ブローカーが動いていること/,
    exit: 69,
    unreached: ['login', 'topics', 'home_assistant'],
  },
  {
    title: 'a broker that refuses the login',
    set: async (home) => {
      const { url } = await home.broker({ login: true });
      return withBroker(home, { url, username: 'meter', password: 'not the one' });
    },
    args: quick,
    check: 'login',
    code: 'BROKER_REFUSED',
    detail: /not authorized/,
    detailJa: /が接続を拒否しました: .*権限/,
    en: /check mqtt\.username and mqtt\.password/,
    ja: /mqtt\.username と mqtt\.password/,
    exit: 69,
    unreached: ['topics', 'home_assistant'],
  },
  {
    title: 'an access list without the discovery topics',
    set: async (home) => {
      const acl = ['topic readwrite broute2mqtt/#', 'topic read homeassistant/#'];
      return withBroker(home, { url: (await home.broker({ acl })).url });
    },
    args: quick,
    check: 'topics',
    code: 'BROKER_REFUSED',
    detail: /refuses writing homeassistant\/device\/broute2mqtt_home\/doctor/,
    detailJa: /homeassistant\/device\/broute2mqtt_home\/doctor の書き込み/,
    en: /Allow this user to write homeassistant\/device\/.*deploy\/mosquitto\/acl/,
    ja: /deploy\/mosquitto\/acl.*homeassistant\/device\/.*書き込みを許可/,
    exit: 69,
  },
  {
    title: 'an access list that lets us write and not read',
    set: async (home) => withBroker(home, { url: (await home.broker({ acl: ['topic write #'] })).url }),
    args: quick,
    check: 'topics',
    code: 'BROKER_REFUSED',
    detail: /refuses reading broute2mqtt\/home\/doctor/,
    detailJa: /broute2mqtt\/home\/doctor の読み取り/,
    en: /Allow this user to read broute2mqtt\/home/,
    ja: /broute2mqtt\/home\/doctor の読み取りを許可/,
    exit: 69,
  },
  {
    title: 'a certificate for another host',
    set: async (home) => {
      const authority = home.keep(await Authority.create());
      const broker = await home.broker({
        tls: { ca: authority.ca, ...(await authority.issue('x', 'DNS:broker.example')) },
      });
      return withBroker(home, { url: broker.url, tls: { ca_file: authority.ca } });
    },
    args: quick,
    check: 'tls',
    code: 'BROKER_TLS',
    detail: /for another host name/,
    detailJa: /証明書のホスト名/,
    en: /host name, mqtt\.tls\.ca_file and the certificates/,
    ja: /ホスト名、mqtt\.tls\.ca_file/,
    exit: 69,
    unreached: ['login', 'topics', 'home_assistant'],
  },
  {
    title: 'no Home Assistant',
    set: async (home) => withBroker(home, { url: (await home.broker()).url }),
    args: quick,
    check: 'home_assistant',
    result: 'warning',
    detail: /homeassistant\/status/,
    en: /it speaks there only at its start/,
    ja: /起動時にだけ通知/,
    exit: 0,
  },
  {
    title: 'an HTTP address that is taken',
    set: async (home) => {
      const other = createServer((_request, reply) => void reply.writeHead(404).end());
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      home.keep({ [Symbol.asyncDispose]: () => new Promise((resolve) => other.close(() => resolve())) });
      const { port } = other.address() as AddressInfo;
      return { device: (await home.stick()).path, config: { http: { listen: `127.0.0.1:${port}` } } };
    },
    args: quick,
    check: 'http',
    code: 'HTTP_LISTEN_FAILED',
    detail: /EADDRINUSE/,
    en: /check http\.listen and what else uses that port/,
    ja: /http\.listen と、そのポートを使っている/,
    exit: 69,
  },
];

test.for(broken.map((link) => [link.title, link] as const))('%s', async ([title, link]) => {
  await using home = new Household();
  const { doctor, configFile } = await patient(home, await link.set(home));
  if (title.startsWith('a secrets file')) await chmod(configFile, 0o644);
  for (const language of ['en', 'ja'] as const) {
    const told = await doctor(language, link.args);
    const found = told.of(link.check);
    expect(found).toMatchObject({ result: link.result ?? 'failed', ...(link.code && { code: link.code }) });
    const detail = language === 'ja' ? (link.detailJa ?? link.detail) : link.detail;
    if (detail) expect(found.detail).toMatch(detail);
    expect(found.advice).toMatch(link[language]);
    expect(told.with('failed')).toEqual((link.result ?? 'failed') === 'failed' ? [link.check] : []);
    expect(told.with('not_reached')).toEqual(link.unreached ?? []);
    expect(told.code).toBe(link.exit);
    expect(told.stderr).toBe('');
  }
});

test('no configuration at all: how to write one; clock and Node.js are looked at all the same', async () => {
  await using home = new Household();
  const { folder } = await patient(home, {});
  for (const [language, words] of [
    ['en', 'does not exist'],
    ['ja', 'ファイルがありません'],
  ] as const) {
    const env = { BROUTE2MQTT_LANGUAGE: language };
    const program = home.cli(['doctor', '--config', join(folder, 'none.yaml')], { env });
    expect(await program.ended).toBe(78);
    expect(program.stdout).toContain(words);
    expect(program.stdout).toMatch(/✓ (ok {9}|正常) {2,4}Node\.js/);
    const unreached = program.stdout.split('\n').filter((line) => line.startsWith('- '));
    expect(unreached).toEqual([
      { en: '- not reached  the rest: needs: configuration', ja: '- 未確認  ほかの項目: 先に必要: 設定' }[language],
    ]);
    const bare = home.cli(['doctor'], { env, cwd: dirname((await home.absentStick()).path) });
    expect(await bare.ended).toBe(78);
    expect(bare.stdout).toContain('broute2mqtt config example > config.yaml');
  }
});

test('no configuration, on a terminal: one line for all that was not reached', async () => {
  await using home = new Household();
  const { folder } = await patient(home, {});
  const command = [process.execPath, mainScript, 'doctor', '--config', join(folder, 'none.yaml')];
  const user = home.keep(await Typist.at(folder, command, { BROUTE2MQTT_LANGUAGE: 'ja' }));
  await user.ends();
  const lines = linesOn(user.screen);
  expect(lines.filter((line) => line.startsWith('- '))).toEqual(['- 未確認  ほかの項目: 先に必要: 設定']);
  expect(lines).toContain('異常 1、注意 0、未確認 14');
});

test('while the bridge runs it is asked, and nobody speaks to the stick beside it', async () => {
  await using home = new Household();
  const [broker, stick] = [await home.broker(), await home.stick()];
  const listen = `127.0.0.1:${await freePort()}`;
  const bridge = await home.bridge({
    broker: broker.url,
    meters: [{ device: stick.path }],
    config: { http: { listen } },
  });
  await bridge.until(() => bridge.readings() > 3, 'readings');
  const versions = stick.heardTimes('SKVER');
  for (const language of ['en', 'ja'] as const) {
    const program = home.cli(['doctor', '--config', bridge.configFile, '--json'], {
      env: { BROUTE2MQTT_LANGUAGE: language },
    });
    expect(await program.ended).toBe(0);
    const { checks } = JSON.parse(program.stdout) as { checks: { check: string; result: string; detail: string }[] };
    const detail = (check: string): string => checks.find((one) => one.check === check)?.detail ?? '';
    expect(checks.filter(({ result }) => result !== 'ok').map(({ check }) => check)).toEqual(['home_assistant']);
    expect(detail('bridge')).toContain(`pid ${bridge.pid}`);
    expect(detail('port')).toBe({ en: 'held by the bridge', ja: 'ブリッジが使用中' }[language]);
    expect(detail('module')).toContain('DSE');
    expect(detail('scan')).toMatch(/51.*12A4.*LQI 202/);
    expect(detail('reading')).toMatch(/\d W.*kWh/);
    expect(detail('login')).toContain({ en: 'bridge is connected', ja: 'ブリッジも接続済み' }[language]);
    expect(detail('http')).toContain({ en: 'the running bridge', ja: '動作中のブリッジ' }[language]);
  }
  await using other = new Program('sh', ['-c', `exec 3<>'${stick.device}'; echo open; exec sleep 60`]);
  await other.until(() => other.stdout.includes('open'), 'root opens the port beside the bridge');
  const program = home.cli(['doctor', '--config', bridge.configFile]);
  expect(await program.ended).toBe(0);
  expect(program.stdout).toContain(`sleep (pid ${other.pid}) has it open too`);
  expect(stick.heardTimes('SKVER')).toBe(versions);
  expect(bridge.phases().filter((phase) => phase === 'connected')).toHaveLength(1);
});

test.for([
  ['a session the running bridge has lost', ['--route-b-password', 'ZYXWVUTSRQPO'], 'join', 'JOIN_REFUSED'],
  [
    'a meter the running bridge does not find',
    ['--route-b-id', 'F'.repeat(32), '--time-factor', '200'],
    'scan',
    'PAN_NOT_FOUND',
  ],
] as const)('%s', async ([, args, check, code]) => {
  await using home = new Household();
  const stick = await home.stick({ args: [...args] });
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http: { listen: '127.0.0.1:0' } } });
  await bridge.fails(code);
  for (const [language, advice] of [
    ['en', /check route_b_id/],
    ['ja', /route_b_id .*確認/],
  ] as const) {
    const program = home.cli(['doctor', '--config', bridge.configFile, '--json'], {
      env: { BROUTE2MQTT_LANGUAGE: language },
    });
    expect(await program.ended).toBe(69);
    const { checks } = JSON.parse(program.stdout) as { checks: { check: string; result: string; advice?: string }[] };
    expect(checks.filter(({ result }) => result === 'failed')).toMatchObject([{ check, code }]);
    expect(checks.find((one) => one.check === check)?.advice).toMatch(advice);
  }
});

test('on a terminal each line comes as it is known, and what is wrong stands last', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const { configFile, folder } = await patient(home, {
    device: stick.path,
    config: { mqtt: { url: `mqtt://127.0.0.1:${await freePort()}` } },
  });
  const command = [process.execPath, mainScript, 'doctor', '--config', configFile];
  const user = home.keep(await Typist.at(folder, command, { BROUTE2MQTT_LANGUAGE: 'ja' }));
  await user.sees('スキャン中（最長');
  expect(user.screen).toMatch(/✓ 正常 {4}home: モジュール: .*\r\n/); // while it scans
  expect(user.screen).not.toContain('ブローカー');
  await user.ends();
  const lines = linesOn(user.screen);
  const blank = lines.indexOf('');
  const places = lines.slice(0, blank).map((line) => /^\S \S+ +((home: )?[^:]+): /.exec(line)?.[1]);
  expect(places.slice(0, 6)).toEqual(['設定', '秘密情報', 'state_dir', 'ブリッジ', 'home: ポート', 'home: モジュール']);
  expect(places).toHaveLength(18);
  expect(places).not.toContain(undefined); // nothing of what was drawn meanwhile is left
  expect(lines.slice(blank + 1)).toEqual([
    '異常 1、注意 0、未確認 3',
    '',
    expect.stringMatching(/^✗ 異常 {4}ブローカー: /),
    expect.stringMatching(/^ {4}→ /),
    '',
  ]);
});

/** What stands on a screen that such text was written to. */
const linesOn = (text: string): string[] => text.split(/\r?\n/).map((line) => line.split(ERASE_LINE).at(-1) ?? '');
