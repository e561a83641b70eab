import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isMap, isScalar, parseDocument, visit } from 'yaml';
import { entityRows } from '../docs/entity-rows.ts';

const folder = new URL('../../../deploy/home-assistant/', import.meta.url);
const names = readdirSync(folder);
/** Home Assistant's own tag: stands for an input of the blueprint. */
const inputTag = { tag: '!input', resolve: (name: string) => ({ input: name }) };
const documentOf = (name: string) => {
  const parsed = parseDocument(readFileSync(new URL(name, folder), 'utf8'), { customTags: [inputTag] });
  expect(parsed.errors).toEqual([]);
  expect(parsed.warnings).toEqual([]);
  return parsed;
};
const textsIn = (name: string): string[] => {
  const texts: string[] = [];
  visit(documentOf(name), { Scalar: (_key, { value }) => void (typeof value === 'string' && texts.push(value)) });
  return texts;
};

const announced = entityRows().map(([key = '', platform = '']) => `${platform}.smart_meter_${key.replaceAll('`', '')}`);
const fields = new Map<string, Set<string>>();
for (const [, , , , from = ''] of entityRows()) {
  const [topic = '', field] = from.replaceAll('`', '').split(' ');
  const known = fields.get(topic) ?? new Set();
  fields.set(topic, field === undefined ? known : known.add(field));
}

test('the files are those the pages speak of', () => {
  for (const page of ['docs/home-assistant.md', 'docs/ja/home-assistant.md']) {
    const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');
    const linked = [...text.matchAll(/deploy\/home-assistant\/([\w.-]+)/g)].map(([, name = '']) => name);
    expect(new Set(linked)).toEqual(new Set(names));
  }
});

describe.each(names)('%s', (name) => {
  test('is YAML, and every entity in it is one we announce', () => {
    const named = textsIn(name).flatMap((text) =>
      [...text.matchAll(/\b(?:binary_sensor|sensor|button|number)\.smart_meter\w*/g)].map(([id]) => id),
    );
    expect(named.filter((id) => !announced.includes(id))).toEqual([]);
  });
});

test('the card and the blueprint name entities that are enabled', () => {
  const disabled = entityRows()
    .filter((row) => row[9] === 'no')
    .map(([key = '', platform = '']) => `${platform}.smart_meter_${key.replaceAll('`', '')}`);
  for (const name of ['dashboard-card.yaml', 'contract-current.yaml']) {
    const named = textsIn(name).filter((text) => announced.includes(text));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((id) => disabled.includes(id))).toEqual([]);
  }
});

test('evcc reads topics we publish, and keys that are in them', () => {
  const read: [string, string][] = [];
  visit(documentOf('evcc.yaml'), {
    Map: (_key, map) => {
      const [topic, jq] = [map.get('topic'), map.get('jq')];
      if (typeof topic === 'string' && typeof jq === 'string') read.push([topic, jq]);
    },
  });
  expect(read.length).toBe(2);
  for (const [topic, jq] of read)
    expect(fields.get(topic.replace('broute2mqtt/home/', ''))?.has(jq.replace('.', '')), `${topic} ${jq}`).toBe(true);
});

test('the blueprint uses each of its inputs, and none it does not have', () => {
  const blueprint = documentOf('contract-current.yaml');
  const used = new Set<string>();
  visit(blueprint, {
    Scalar: (_key, { tag, source }) => void (tag === '!input' && source !== undefined && used.add(source)),
  });
  const inputs = blueprint.getIn(['blueprint', 'input']);
  const declared = isMap(inputs) ? inputs.items.map(({ key }) => (isScalar(key) ? key.value : key)) : [];
  expect(used).toEqual(new Set(declared));
});
