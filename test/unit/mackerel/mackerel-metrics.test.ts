import { expect, test } from 'vitest';
import { mackerelGraphs, mackerelPrefix, mackerelValues } from '../../../src/mackerel/mackerel-metrics.ts';

/** Printed by mackerel-plugin-smartmeter v0.0.7 with MACKEREL_AGENT_PLUGIN_META=1, after its first line. */
const ofThePlugin =
  '{"graphs":{"smartmeter.power":{"label":"Electric power consumption [W]","unit":"integer","metrics":[{"name":"value","label":"Electric power","stacked":false}]},"smartmeter.current":{"label":"Electric current [A]","unit":"integer","metrics":[{"name":"r","label":"R-phase current","stacked":true},{"name":"t","label":"T-phase current","stacked":true}]}}}';

test('the graphs are those of mackerel-plugin-smartmeter, letter by letter, and one more', () => {
  const { 'smartmeter.energy': energy, ...theirs } = mackerelGraphs('smartmeter');
  expect(JSON.stringify({ graphs: theirs })).toBe(ofThePlugin);
  expect(energy?.unit).toBe('float');
});

test('what an answer does not hold has no value', () => {
  expect(mackerelValues({ atMs: 0 })).toEqual([]);
  expect(mackerelValues({ atMs: 0, powerW: 0, currentTA: -0.1, exportKwh: 1 })).toEqual([
    ['power.value', 0],
    ['current.t', -0.1],
    ['energy.export', 1],
  ]);
  expect(mackerelValues({ atMs: 0, powerW: Number.NaN })).toEqual([]);
});

test('one meter has the plain prefix', () => {
  expect(mackerelPrefix('smartmeter', 'home', 1)).toBe('smartmeter');
  expect(mackerelPrefix('smartmeter', 'barn', 2)).toBe('smartmeter.barn');
});
