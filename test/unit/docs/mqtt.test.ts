import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { discoveryTopic, topicsOf } from '../../../src/mqtt/mqtt-topics.ts';
import {
  configPayload,
  pricePayload,
  energyPayload,
  halfHourPayload,
  historyPayload,
  instantPayload,
  linkPayload,
  minutePayload,
  readingPayload,
  usagePayload,
} from '../../../src/mqtt/mqtt-payloads.ts';
import { entityRows } from './entity-rows.ts';

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const page = read('docs/mqtt.md');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

test('every entity has its row, in order, with what Home Assistant is told', () => {
  expect(rows.filter((row) => row.length > 5)).toEqual(entityRows());
});

test.each(['README.md', 'README.ja.md'])('%s lists the same entities under the same names', (name) => {
  const listed = [...read(name).matchAll(/^\| (`\w+`) +\| ([A-Z][^|]*?) +\| ([^|]*?) +\|/gm)].map((match) =>
    match.slice(1),
  );
  expect(listed).toEqual(entityRows().map(([key, , english, japanese]) => [key, english, japanese]));
});

test('every topic has its row', () => {
  const { commandPrefix, ...states } = topicsOf('b', 'i');
  const own = Object.values(states).map((topic) => topic.slice('b/i/'.length));
  const commands = ['read_now', 'restart_session', 'rescan', 'poll_interval'].map(
    (name) => `${commandPrefix.slice('b/i/'.length)}${name}`,
  );
  const listed = rows.filter((row) => row.length === 5).map(([topic = '']) => topic.replaceAll('`', ''));
  const outside = [discoveryTopic('homeassistant', '<id>'), 'homeassistant/status'];
  expect(listed.sort()).toEqual([...own, ...commands, ...outside].sort());
});

test('the examples have the keys of the payloads', () => {
  const reading = { atMs: 0, powerW: 1, currentRA: 1, currentTA: 1, importKwh: 1, exportKwh: 1 };
  const price = pricePayload({ buy: 1, sell: 1 }, 0);
  const payloads = [
    instantPayload(reading, undefined),
    energyPayload(reading, 1),
    halfHourPayload({ markMs: 0, importKwh: 1 }, undefined, 1),
    minutePayload({ minuteMs: 0 }, 1),
    usagePayload({ atMs: 0 }, 1),
    price,
    configPayload(10, 0),
    linkPayload({ phase: 'opening', sinceMs: 0, reconnects: 0 }, { connected: false, intervalS: 10 }),
    readingPayload({ meter: 'demo', run: 1, seq: 1 }, reading, 1),
    historyPayload('home', { markMs: 0, importKwh: 1, exportKwh: 1 }, 1),
  ];
  const keys = (json: string): string[] => Object.keys(JSON.parse(json) as object);
  const examples = [...page.matchAll(/```json\n([^`]*)```/g)].map(([, json = '']) => keys(json));
  expect(examples).toEqual(payloads.map(keys));
  for (const name of ['README.md', 'README.ja.md']) {
    const inTable = [...read(name).matchAll(/`(\{".*?\})`/g)].map(([, json = '']) => keys(json));
    const everybodys = payloads.filter((json) => json !== price); // the README has what needs no further setting
    expect(inTable).toEqual(everybodys.map(keys));
  }
});
