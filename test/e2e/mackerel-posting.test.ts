import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formsOf } from '../support/canary.ts';
import { eventually } from '../support/eventually.ts';
import { FakeMackerel } from '../support/fake-mackerel.ts';
import { Household } from '../support/household.ts';

const API_KEY = 'cAnary-Mackerel/key+0=';

/** A module to load first: the process lives shortly before a full minute. */
async function shortlyBeforeTheMinute(home: Household, seconds: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clock-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
  const file = join(folder, 'clock.mjs');
  const code = `const now = Date.now; const shift = ${60_000 - seconds * 1000} - (now() % 60_000); Date.now = () => now() + shift;\n`;
  await writeFile(file, code);
  return file;
}

test('the bridge posts by itself: Mackerel is away at first, then in trouble, then takes everything', async () => {
  await using home = new Household();
  const api = home.keep(await FakeMackerel.start());
  await api.down();
  const stick = await home.stick();
  const bridge = await home.bridge({
    meters: [{ device: stick.path }],
    config: {
      mackerel: { api_key: API_KEY, service: 'home', host_id: '2bTWEP5ZG3k', api_url: api.url },
      log: { level: 'trace' },
    },
    env: { NODE_OPTIONS: `--import ${await shortlyBeforeTheMinute(home, 15)}` },
  });
  const refused = (code: string, text: string): unknown =>
    bridge.lines.find(({ err }) => err?.code === code && err.message.includes(text));
  await bridge.program.until(() => refused('MACKEREL_UNREACHABLE', 'ECONNREFUSED'), 'Mackerel is away', 60_000);
  api.replies.push({ status: 500 }, { status: 503, body: `${API_KEY} is my favourite` });
  await api.up();
  await eventually(() => api.values('smartmeter.power.value').length >= 2 || undefined, 'a service metric', 60_000);
  await eventually(() => api.values('custom.smartmeter.power.value').length > 0, 'a custom metric', 60_000);

  const paths = new Set(api.posts.map(({ path }) => path));
  expect([...paths].sort()).toEqual([
    'POST /api/v0/graph-defs/create',
    'POST /api/v0/services/home/tsdb',
    'POST /api/v0/tsdb',
  ]);
  const [value] = api.values('custom.smartmeter.power.value');
  expect(stick.truth().map(({ epc, edt }) => (epc === 'E7' ? edt.readInt32BE() : undefined))).toContain(value);
  expect(new Set(api.posts.map(({ headers }) => headers['x-api-key']))).toEqual(new Set([API_KEY]));
  const { code, ms } = await bridge.end();
  expect({ code, soon: ms < 2000 }).toEqual({ code: 0, soon: true });
  const output = (bridge.program.stdout + bridge.program.stderr).toLowerCase();
  expect(formsOf(API_KEY).filter((form) => output.includes(form))).toEqual([]);
});
