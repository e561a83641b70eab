import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandBlock, fencedBlocks, fileBlock, substituted } from '../support/fenced-blocks.ts';
import type { FencedBlock } from '../support/fenced-blocks.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import { mainScript, Program } from '../support/program.ts';

/** docs/migrating.md step by step, as its reader types it. What stands elsewhere here is in `substituted`, and only that. */
const blocks = fencedBlocks('migrating.md');
const credentials = ['--route-b-id', '0123456789ABCDEF0123456789ABCDEF', '--route-b-password', 'ABCDEFGHIJKL'];

async function folderOf(home: Household): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'migrating-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  return folder;
}

const shell = (home: Household, cwd: string, text: string): Program =>
  home.keep(new Program('bash', ['-euo', 'pipefail', '-c', text], { cwd, env: { BROUTE2MQTT_LANGUAGE: 'en' } }));

/** Blocks of the section in which the one with these words stands. */
const sectionWith = (words: string): FencedBlock[] => {
  const section = blocks.find(({ text }) => text.includes(words))?.section;
  return blocks.filter((block) => block.section === section);
};

test('smartmeter-exporter without Docker: its environment file, its metrics, its scrape', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: [...credentials, '--time-factor', '20'] });
  const folder = await folderOf(home);
  const port = String(await freePort());
  const env = substituted(fileBlock(blocks, '.env'), { '/dev/ttyUSB0': stick.path, '8000': port });
  await writeFile(join(folder, '.env'), env, { mode: 0o600 });

  const run = substituted(commandBlock(blocks, '. ./.env'), { 'dist/cli/main.js': mainScript });
  const service = shell(home, folder, run);
  await service.until(() => service.stdout.includes('"phase":"connected"'), 'the session', 60_000);
  const ask = substituted(commandBlock(blocks, 'curl'), { '8000': port });
  let text = '';
  for (let turn = 0; turn < 160 && text === ''; turn++) {
    const asked = shell(home, folder, `sleep 0.25\n${ask}`);
    if ((await asked.ended) === 0) text = asked.stdout;
  }
  const powers = stick.truth().flatMap(({ epc, edt }) => (epc === 'E7' ? [String(edt.readInt32BE())] : []));
  const names: string[] = text
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  expect(names.sort()).toEqual(['power_consumption_ampare_r', 'power_consumption_ampare_t', 'power_consumption_watt']);
  expect(powers).toContain(/^power_consumption_watt (-?\d+)$/m.exec(text)?.[1]);
  expect(service.stdout + service.stderr).not.toMatch(/0123456789ABCDEF|ABCDEFGHIJKL/);

  await writeFile(join(folder, 'prometheus.yml'), fileBlock(blocks, 'prometheus.yml'));
  const check = shell(home, folder, commandBlock(blocks, 'promtool'));
  expect(await check.ended, check.stderr).toBe(0);
});

test('Home Assistant: check, scan and read, then the device is found', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: [...credentials, '--time-factor', '20'] });
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const folder = await folderOf(home);
  const config = substituted(fileBlock(blocks, 'config.yaml'), {
    '/dev/ttyUSB0': stick.path,
    'mqtt://localhost:1883': broker.url,
  });
  await writeFile(join(folder, 'config.yaml'), config);
  const [look = '', run = ''] = sectionWith('config check')
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => substituted(text, { 'dist/cli/main.js': mainScript }));

  const looked = shell(home, folder, look);
  expect(await looked.ended, looked.stderr).toBe(0);
  expect(looked.stdout).toMatch(/PAN ID[^]*12A4[^]*home .* power -?\d+ W/);

  const service = shell(home, folder, run);
  const announced = (): string => watcher.last('homeassistant/device/broute2mqtt_home/config')?.payload ?? '';
  for (const entity of [
    'sensor.smart_meter_power',
    'sensor.smart_meter_energy_import',
    'sensor.smart_meter_energy_export',
  ])
    await service.until(() => announced().includes(`"${entity}"`), entity, 60_000);
  await service.until(() => watcher.on('broute2mqtt/home/readings').length > 0, 'a reading', 60_000);
  const ending = await service.end('SIGTERM');
  expect([0, 143, 'SIGTERM']).toContain(ending.code); // that of the shell, which waited for it
});

test('mackerel-plugin-smartmeter: the line of mackerel-agent.conf, as the agent runs it', async () => {
  await using home = new Household();
  const stick = await home.stick({ args: [...credentials, '--edition', 'dse', '--time-factor', '20'] });
  const folder = await folderOf(home);
  const [, command = ''] = /^command = "(.*)"$/m.exec(fileBlock(blocks, 'mackerel-agent.conf')) ?? [];
  const line = substituted(command, {
    '/usr/local/bin/mackerel-plugin-smartmeter': mainScript.replace(/main\.js$/, 'mackerel-plugin.js'),
    '/dev/ttyACM0': stick.path,
  });
  const plugin = shell(home, folder, `export XDG_STATE_HOME="$PWD"\nnode ${line}`);
  expect(await plugin.ended, plugin.stderr).toBe(0);
  // A slow answer makes it ask again: what it prints is one of those that the meter gave.
  const powers = stick.truth().flatMap(({ epc, edt }) => (epc === 'E7' ? [String(edt.readInt32BE())] : []));
  const lines = plugin.stdout
    .trim()
    .split('\n')
    .map((text) => text.split('\t'));
  expect(lines.map(([key]) => key).slice(0, 3)).toEqual([
    'smartmeter.power.value',
    'smartmeter.current.r',
    'smartmeter.current.t',
  ]);
  expect(powers).toContain(lines[0]?.[1]);
});
