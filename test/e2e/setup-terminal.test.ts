import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import { eventually } from '../support/eventually.ts';
import { Desk, KNOWN_NAME, Typist } from '../support/typist.ts';

const ID = '5EC4E7001122334455667788DEADBEEF';
const PASSWORD = 'Q7RS8TUV9WXY';

/** The simulator takes this ID and this password alone. */
const onlyWith = ['--route-b-id', ID, '--route-b-password', PASSWORD];

async function newFolder(home: Household): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'setup-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  return folder;
}

test('in a terminal: from nothing to the first reading at the broker, with a wrong password first', async () => {
  await using home = new Household();
  const broker = await home.broker({ login: true });
  await broker.setPassword('meter', 'geheim9');
  const watcher = await home.watch(broker.url, { username: 'meter', password: 'geheim9' });
  const stick = await home.stick({ args: [...onlyWith, '--time-factor', '10'] }); // slow enough to be watched
  const desk = home.keep(await Desk.create());
  await desk.plug(stick.path);
  const folder = await newFolder(home);
  const config = join(folder, 'config.yaml');
  const user = home.keep(await Typist.at(folder, desk.commandLine(['setup']), { LANG: 'ja_JP.UTF-8' }));

  await user.sees('1  日本語');
  user.answers();
  await user.sees('認証ID（32桁');
  expect(user.screen).toContain(`/dev/serial/by-id/${KNOWN_NAME}`); // found and named without a question
  user.answers('5EC4-E700-1122-3344-5566-7788-DEAD-BE');
  await user.sees('あと2');
  user.answers('ef');
  await user.sees('パスワード（12文字）');
  user.answers('Q7RS8TUV9WXX');
  await user.sees('[2/4] メーターを探しています：チャネル');
  await user.sees('拒否されたため再試行');
  await user.sees('パスワードが違う可能性が高いです');
  await user.sees('1  パスワードを入力し直す');
  expect(existsSync(config)).toBe(false);
  const scans = stick.heardTimes('SKSCAN');
  user.answers();
  await user.sees('パスワード（12文字）');
  user.answers(PASSWORD.toLowerCase());
  await user.sees('最初の計測値');
  expect(stick.heardTimes('SKSCAN')).toBe(scans); // the network is known
  await user.sees('アドレス（例：192.168.1.10）');
  user.answers('127.0.0.1:1'); // nobody there: the address, and no key of a configuration
  await user.sees('アドレスを確認してください');
  for (const password of ['geheim8', 'geheim9']) {
    await user.sees('アドレス（例：192.168.1.10）');
    user.answers(broker.url.replace('mqtt://', ''));
    await user.sees('このブローカーはログインが必要です');
    await user.sees('のユーザー名');
    expect(user.fresh).not.toContain('✗');
    user.answers('meter');
    await user.sees('パスワード');
    user.answers(password);
    if (password === 'geheim8') await user.sees('✗ ユーザー名かパスワードが違います');
  }
  await user.sees('契約アンペア');
  expect(user.screen).not.toMatch(/mqtt\.(url|username)|BROKER_/);
  expect(user.screen).toContain(`✓ MQTTブローカー：${broker.url}`);
  user.answers('40A');
  await user.sees('電気の単価');
  user.answers('35.8円');
  await user.sees('状態ページはどこから');
  user.answers();
  await user.sees('この内容で書き込みますか');
  expect(user.fresh).toContain('contract_ampere: 40');
  expect(existsSync(config)).toBe(false);
  user.answers();
  await user.sees('書き込みました');
  const message = await eventually(() => readingsOf(watcher)[0], 'a reading at the broker', 60_000);
  expect(message.meter).toBe('home');
  expect(stick.heardTimes('SKSCAN')).toBe(scans); // nor does the service search anew

  expect(statSync(config).mode & 0o777).toBe(0o600);
  const written = parse(await readFile(config, 'utf8')) as Written;
  expect(written).toMatchObject({
    language: 'ja',
    meters: [{ id: 'home', device: `/dev/serial/by-id/${KNOWN_NAME}`, route_b_id: ID, route_b_password: PASSWORD }],
    mqtt: { url: broker.url, username: 'meter', password: 'geheim9' },
    prices: { buy: 35.8 },
  });
  const [, port = ''] = /^0\.0\.0\.0:(\d+)$/.exec(written.http.listen) ?? [];
  const page = `http://127.0.0.1:${port}/api/status`;
  expect((await fetch(page)).status).toBe(401);
  expect((await fetch(`${page}?token=${written.http.token}`)).status).toBe(200);
  expect(user.screen).toContain(`?token=${written.http.token}`); // the link; its QR code below
  expect(user.screen).toContain('▄▀');
  for (const secret of [ID, PASSWORD, 'Q7RS8TUV9WXX']) expect(unspaced(user.screen)).not.toContain(secret);
});

interface Written {
  readonly http: { readonly listen: string; readonly token: string };
}

/** What is hidden must not stand there in groups of four either. */
const unspaced = (screen: string): string => screen.toUpperCase().replaceAll(/[\s-]/g, '');

test('Ctrl-C in the middle of a secret ends it, and nothing is written', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: onlyWith });
  const desk = home.keep(await Desk.create());
  await desk.plug(stick.path);
  const folder = await newFolder(home);
  const user = home.keep(await Typist.at(folder, desk.commandLine(['setup']), { LANG: 'C' }));
  await user.sees('1  English');
  user.answers();
  await user.sees('(認証ID, 32 digits');
  user.types('0011\x03');
  await user.ends();
  expect(user.screen).toContain('Nothing was written');
  expect(existsSync(join(folder, 'config.yaml'))).toBe(false);
});

test('a Zigbee stick is never taken without being chosen', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: onlyWith });
  const desk = home.keep(await Desk.create());
  await desk.plug(stick.path, 'usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_0001-if00-port0');
  const folder = await newFolder(home);
  const env = { BROUTE2MQTT_LANGUAGE: 'en' }; // so the language is not asked
  const user = home.keep(await Typist.at(folder, desk.commandLine(['setup']), env));
  await user.sees('not a Wi-SUN stick, it seems');
  expect(user.screen).not.toContain('日本語');
  user.answers(); // Enter looks again
  await user.sees('1  look again');
  expect(user.screen).not.toContain('✓ Stick');
  user.answers('2');
  await user.sees('✓ Stick: ITead Sonoff');
  expect(stick.heard).toBe('');
});

test('a port that is typed and not there is told before ID and password; one pulled later, to plug it in', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: onlyWith });
  const desk = home.keep(await Desk.create());
  const folder = await newFolder(home);
  const env = { BROUTE2MQTT_LANGUAGE: 'en' };
  const user = home.keep(await Typist.at(folder, desk.commandLine(['setup']), env));
  await user.sees('2  another port');
  user.answers('2');
  await user.sees('Port: /dev/');
  user.answers('/dev/ttyNOBODY');
  await user.sees('there is no such port: plug the stick in');
  expect(user.screen).not.toContain('(認証ID');
  user.types('\x15');
  user.answers(stick.path);
  await user.sees('(認証ID');
  await stick.unplug();
  user.answers(ID);
  await user.sees('Password (パスワード');
  user.answers(PASSWORD);
  await user.sees(`${stick.path}: there is no such port`);
  await user.sees('Plug the stick in and try again, or choose another one.');
  expect(user.screen).not.toContain('`device`');
});

test('without a terminal it says what to do', async () => {
  await using home = new Household();
  const program = home.cli(['setup'], { env: { BROUTE2MQTT_LANGUAGE: 'en' } });
  expect(await program.ended).toBe(64);
  expect(program.stderr).toContain('ssh -t');
});

test('what is wrong in the environment is told before the first question, and no login is repeated', async () => {
  await using home = new Household();
  const desk = home.keep(await Desk.create());
  const folder = await newFolder(home);
  const env = { LANG: 'en_US.UTF-8', BROUTE2MQTT_MQTT_URL: 'mqtt://user:geheim9@host' };
  const user = home.keep(await Typist.at(folder, desk.commandLine(['setup']), env));
  await user.sees('BROUTE2MQTT_MQTT_URL');
  expect(user.screen).not.toContain('geheim9');
  expect(user.screen).not.toContain('日本語');
});
