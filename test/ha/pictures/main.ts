// Takes the pictures of docs/home-assistant.md from a real Home Assistant with Chromium: npm run docs:pictures
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bridge } from '../../support/bridge.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { Stick } from '../../support/stick.ts';
import { StoryClock } from '../../support/story-clock.ts';
import { HomeAssistant } from '../home-assistant.ts';
import { Camera } from './camera.ts';
import type { Shot } from './camera.ts';
import { Story } from './story.ts';

const VERSION = '2026.11.0';
const SEED = 3;
const BLUEPRINT = 'broute2mqtt/contract-current.yaml';
const root = new URL('../../../', import.meta.url).pathname;

/** The steps of onboarding after the first are done, and voice has the names it looks for: else no page opens. */
async function prepare(folder: string): Promise<void> {
  const done = ['core_config', 'analytics', 'integration'];
  const onboarding = { version: 4, minor_version: 1, key: 'onboarding', data: { done } };
  await writeFile(join(folder, '.storage/onboarding'), JSON.stringify(onboarding));
  for (const voice of ['pymicro_vad', 'pyspeex_noise'])
    await writeFile(join(folder, `${voice}.py`), 'def __getattr__(name): return object\n');
  await mkdir(join(folder, 'blueprints/automation/broute2mqtt'), { recursive: true });
  const blueprint = join(root, 'deploy/home-assistant/contract-current.yaml');
  await copyFile(blueprint, join(folder, 'blueprints/automation', BLUEPRINT));
}

async function addAutomation(url: string, token: string): Promise<void> {
  const response = await fetch(`${url}/api/config/automation/config/1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ alias: '契約電流に近づいたら知らせる', use_blueprint: { path: BLUEPRINT, input: {} } }),
  });
  if (response.status !== 200) throw new Error(`the blueprint: ${response.status} ${await response.text()}`);
}

const shotsOf = (device: string): Readonly<Record<string, Shot>> => ({
  device: { path: `/config/devices/device/${device}`, height: 1120, text: '瞬時電力' },
  grid: {
    path: '/config/energy',
    height: 1450,
    text: '電力網のCO2排出量',
    act: async (page) => {
      await page.getByLabel('電力網を編集').first().click();
      await page.getByText('電力測定の種類').first().waitFor();
    },
  },
  energy: { path: '/energy/electricity', height: 860, text: '電力網合計' },
  now: { path: '/energy/now', height: 620, text: '電源の内訳' },
  blueprint: { path: '/config/automation/edit/1', height: 860, text: '使用するブループリント' },
});

await HomeAssistant.install(VERSION);
await using clock = await StoryClock.create('2026-05-17T19:53:00+09:00');
await using mosquitto = await Mosquitto.start();
process.env['PYTHONPATH'] = '/config'; // where voice's names are
await using ha = await HomeAssistant.create(VERSION, mosquitto.port, clock);
await prepare(ha.folder);
await using stick = await Stick.plugged({
  args: ['--edition', 'dse', '--solar', '--seed', String(SEED)],
  clockModule: clock.ofMeters,
});
await using bridge = await Bridge.start({
  broker: mosquitto.url,
  meters: [{ id: 'home', device: stick.path, interval_s: 10, energy_interval_s: 60, contract_ampere: 40 }],
  config: { language: 'ja' },
  env: { NODE_OPTIONS: `--import ${clock.ofPrograms}` },
});
await ha.start();
await bridge.reaches('connected');
const token = await ha.longLivedToken();
await ha.untilStates((states) => (states.has('broute2mqtt_home_energy_import') ? [] : ['no energy']));
await new Story(ha, SEED, () => Date.now() + clock.shiftMs).tell();
await ha.call('energy/save_prefs', {
  energy_sources: [
    {
      type: 'grid',
      stat_energy_from: 'sensor.smart_meter_energy_import',
      stat_energy_to: 'sensor.smart_meter_energy_export',
      stat_cost: null,
      entity_energy_price: null,
      number_energy_price: null,
      stat_compensation: null,
      entity_energy_price_export: null,
      number_energy_price_export: null,
      stat_rate: 'sensor.smart_meter_power',
      cost_adjustment_day: 0,
    },
  ],
});
await addAutomation(ha.url, token);
const device = (await ha.devices()).get('broute2mqtt_home');
if (!device) throw new Error('no device');
await using camera = await Camera.open(ha.url, token, clock.shiftMs);
for (const [name, shot] of Object.entries(shotsOf(device.id))) {
  await camera.take(shot, join(root, `docs/images/home-assistant/${name}.png`));
  process.stdout.write(`${name}.png\n`);
}
