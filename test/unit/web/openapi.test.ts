import { Ajv2020 } from 'ajv/dist/2020.js';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { beforeAll, expect, test } from 'vitest';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { dayPrices } from '../../../src/model/price.ts';
import type { Prices } from '../../../src/model/price.ts';
import { addRoutes } from '../../../src/web/routes.ts';
import { boardOf } from '../../support/board-rig.ts';
import { logLines } from '../../support/log-lines.ts';
import { pan, WebRig } from '../../support/web-rig.ts';

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const HALF_HOUR_MS = 1_800_000;
/** The rig's clock says 2026-01-15T12:00 JST. */
const NOW = Date.UTC(2026, 0, 15, 3, 0);
const prices: Prices = { buy: dayPrices(31) ?? [], sell: dayPrices(16) ?? [] };
let document: Document;
let ajv: Ajv2020;

/** A property that the document does not have is a mistake here; for whoever reads the document it may come later. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const all = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in all && all['type'] === 'object' ? { ...all, additionalProperties: false } : all;
}

beforeAll(async () => {
  await using rig = await WebRig.start();
  document = (await (await rig.get('/api/openapi.json')).json()) as Document;
  ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true, allowUnionTypes: true });
  for (const format of ['date-time', 'date'])
    ajv.addFormat(format, { validate: (text: string) => !Number.isNaN(Date.parse(text)) });
  ajv.addKeyword('components');
  ajv.addSchema({ $id: 'api', components: closed(document.components) });
});

const mustFit = (name: string, answer: unknown): void => {
  const fits = ajv.validate({ $ref: `api#/components/schemas/${name}` }, answer);
  expect(fits ? [] : ajv.errors).toEqual([]);
};

test('is OpenAPI 3.1 of this version, and every reference leads somewhere', () => {
  expect([document.openapi, document.info.version]).toEqual(['3.1.0', '9.8.7']);
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name);
  expect(names.filter((name) => !(name in document.components.schemas))).toEqual([]);
  expect(Object.keys(document.components.schemas).filter((name) => !names.includes(name))).toEqual([]);
});

test('has the routes there are, and no other', async () => {
  const routes: string[] = [];
  const app: FastifyInstance = fastify();
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${url}`);
  });
  const { log } = logLines();
  addRoutes(app, [], {
    listen: { host: '127.0.0.1' },
    clock: systemClock,
    language: 'en',
    board: boardOf({ clock: systemClock }),
    metrics: { text: () => Promise.resolve(''), contentType: 'text/plain' },
    late: () => [],
    redactor: { redact: (text: string) => text, add: () => undefined } as never,
    log,
  });
  await app.close();
  const forPeople = ['GET /', 'GET /login', 'GET /logout', 'GET /api/command']; // the page, and a way back to it
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.sort()).toEqual(routes.filter((route) => !forPeople.includes(route)).sort());
});

/** A meter of which everything is known, on a broker that is in trouble, with a week behind it. */
async function knownRig(): Promise<WebRig> {
  const archive = await HalfHourArchive.open(undefined, logLines().log);
  for (let i = 0; i <= 48 * 9 + 24; i++)
    archive.add('M', { markMs: NOW - (48 * 9 + 24 - i) * HALF_HOUR_MS, importKwh: i / 10, exportKwh: i / 5 });
  const rig = await WebRig.start({
    meters: [{ id: 'home', name: 'Home', contractAmpere: 40 }],
    archiveOf: () => archive,
    demo: { inject: () => undefined },
    prices,
  });
  const held = new BridgeError('BROKER_REFUSED', 'not authorized');
  rig.broker = { ok: false, connected: true, detail: 'refuses', held, error: held, unannounced: held };
  const error = new BridgeError('JOIN_REFUSED', 'EVENT 24');
  const module = { edition: 'DSE', stackVersion: '1.5.2', appVersion: 'rev26e' } as const;
  rig.reading({ powerW: 423, currentRA: 4, currentTA: 1.5, importKwh: 100.1, exportKwh: 7, fault: false });
  const peak = { watts: 2000, startMs: NOW - HALF_HOUR_MS };
  const demand = { demandNowW: 410, demandForecastW: 420, demand30minW: 400, peakToday: peak, peakMonth: peak };
  const usage = { atMs: NOW, halfHourMs: NOW, ...demand, dayMs: NOW, importTodayKwh: 6, exportTodayKwh: 0 };
  rig.accept({ kind: 'usage', meter: 'home', usage });
  rig.accept({ kind: 'halfHour', meter: 'home', halfHour: { markMs: NOW, importKwh: 1, exportKwh: 2 } });
  rig.accept({ kind: 'clock', meter: 'home', clock: { atMs: NOW, skewMs: 1000 } });
  rig.status({ phase: 'waiting', error, pan, lqi: 100, rssiDbm: -70, signalAtMs: NOW, retryAtMs: NOW + 5000, module });
  return rig;
}

test('real answers fit, with everything known and with nothing', async () => {
  await using rig = await knownRig();
  await using empty = await WebRig.start();
  for (const query of ['', '?lang=ja&both=1&history=1']) {
    mustFit('Status', await rig.json(`/api/status${query}`));
    mustFit('Status', await empty.json(`/api/status${query}`));
  }
  const waiting = await rig.json('/api/status');
  expect(waiting.meters[0]).toMatchObject({ compare: {}, usage: {}, retry_in_s: 5 });
  const scan = { channels: 14, dwellMs: 300, afterMs: 0 };
  for (const progress of [{ expectedMs: 3000 }, { expectedMs: 3000, scan }]) {
    rig.status({ phase: 'scanning', progress });
    mustFit('Status', await rig.json('/api/status'));
  }
  const seen = new Set<string>();
  for (const meter of [
    ...(await rig.json('/api/status?history=1')).meters,
    ...waiting.meters,
    ...(await empty.json('/api/status')).meters,
  ])
    for (const key of Object.keys(meter)) seen.add(key);
  const { properties } = document.components.schemas['Meter'] as { readonly properties: object };
  expect(Object.keys(properties).filter((key) => !seen.has(key))).toEqual([]);
  rig.status({});
  for (const [name, path] of [
    ['Power', '/api/power?span=24h'],
    ['History', '/api/history?by=half-hour&from=2026-01-10'],
    ['History', '/api/history?by=month'],
    ['Links', '/api/links?lang=ja'],
  ] as const) {
    const answer: unknown = await (await rig.get(path)).json();
    expect(JSON.stringify(answer).length, path).toBeGreaterThan(80);
    mustFit(name, answer);
  }
  mustFit('Power', await (await empty.get('/api/power')).json());
  mustFit('Links', await (await empty.get('/api/links')).json());
});

test('what is asked for wrongly is answered as the document says', async () => {
  await using rig = await knownRig();
  for (const path of ['/api/power?span=x', '/api/history?by=x', '/api/links?meter=x']) {
    const { status, headers } = await rig.get(path);
    const operation = document.paths[path.split('?')[0] ?? '']?.['get'];
    const [type = ''] = (headers.get('content-type') ?? '').split(';');
    expect(operation?.responses[status]?.content).toHaveProperty([type]);
  }
});
