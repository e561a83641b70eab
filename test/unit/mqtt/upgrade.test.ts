import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { discoveryDocument } from '../../../src/mqtt/ha-discovery.ts';
import { possibleKeys } from '../../../src/mqtt/ha-discovery.ts';
import { documentProblems } from '../../support/ha-validator.ts';
import { fullProfile } from '../../support/sink-rig.ts';

/** What the versions before the half-hour entities announced: a user's history hangs on it. Never to be made anew. */
type Document = Readonly<Record<string, unknown>> & {
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};
const before = JSON.parse(
  readFileSync(new URL('../../golden/discovery-91447a0.json', import.meta.url), 'utf8'),
) as Record<'home' | 'shop-2', Document>;

const two = { ...fullProfile, hasTPhase: false, hasExport: false };
const now = {
  home: discoveryDocument({
    meter: { id: 'home', name: 'スマートメーター', intervalS: 10, contractAmpere: 40 },
    baseTopic: 'broute2mqtt',
    language: 'ja',
    version: '0.1.0',
    profile: fullProfile,
  }),
  'shop-2': discoveryDocument({
    meter: { id: 'shop-2', name: '店', intervalS: 60 },
    baseTopic: 'broute2mqtt',
    language: 'en',
    version: '0.1.0',
    profile: { ...two, energyScale: { coefficient: 1, exponent: -2, digits: 8 } },
  }),
};

describe.each(['home', 'shop-2'] as const)('an upgrade of %s', (id) => {
  const [old, fresh] = [before[id], now[id]];

  test('keeps every entity as it was: identity, names, topics, classes, units, what is enabled', () => {
    expect(Object.keys(old.components).length).toBeGreaterThan(14);
    for (const [key, component] of Object.entries(old.components)) expect(fresh.components[key]).toEqual(component);
    const { components: _, ...rest } = old;
    expect(fresh).toMatchObject(rest);
  });

  test('adds entities under identities that nobody has', () => {
    const added = Object.entries(fresh.components).filter(([key]) => !(key in old.components));
    expect(added.length).toBeGreaterThan(8);
    const taken = new Set(Object.values(old.components).flatMap((one) => [one['unique_id'], one['object_id']]));
    for (const [, one] of added)
      expect([taken.has(one['unique_id']), taken.has(one['object_id'])]).toEqual([false, false]);
    expect(documentProblems(fresh)).toEqual([]);
  });

  test('removes none: all that was announced is still possible', () => {
    const possible = possibleKeys(id === 'home');
    expect(Object.keys(old.components).filter((key) => !possible.has(key))).toEqual([]);
  });
});
