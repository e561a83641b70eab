import { expect, test } from 'vitest';
import { fencedBlocks } from '../../support/fenced-blocks.ts';

const [english, japanese] = [fencedBlocks('migrating.md'), fencedBlocks('migrating.ja.md')];

test('both languages hold the same blocks, under the same headings', () => {
  expect(english.length).toBeGreaterThan(8);
  expect(japanese).toEqual(english);
});

test('in mackerel-agent.conf only the name of the program changes', () => {
  const [before, after] = ['before', 'mackerel-agent.conf'].map((name) =>
    english.find(({ file }) => file === name)?.text.replace(/"\S+\/mackerel-plugin-smartmeter /, '"… '),
  );
  expect(before).toContain('"… --device');
  expect(after).toBe(before);
});

test('every command block is one that a test runs', () => {
  const commands = english
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text.trim().split('\n').at(-1));
  expect(commands).toEqual([
    'docker run -d --name broute2mqtt -p 8000:8000 --env-file=.env --device=/dev/ttyUSB0:/dev/ttyUSB0 broute2mqtt',
    'curl -fsS http://localhost:8000/metrics | grep ^power_consumption',
    'node dist/cli/main.js',
    'promtool check config prometheus.yml',
    'node dist/cli/main.js read',
    'node dist/cli/main.js',
  ]);
});
