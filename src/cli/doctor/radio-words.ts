import type { MeterSnapshot } from '../../web/status-snapshot.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { ok, warning } from './check.ts';
import type { CheckFinding } from './check.ts';

/** As where the service warns: the figure is right to half a minute. */
const MOST_SKEW_MS = 180_000;
const MINUTE_MS = 60_000;

export function moduleFinding({ stackVersion, appVersion, edition, printMode }: ModuleInfo): CheckFinding {
  const parts = [
    edition === 'J11' ? stackVersion : `SKSTACK-IP ${stackVersion}`,
    edition,
    ...(appVersion === undefined ? [] : [appVersion]),
    ...(printMode === undefined ? [] : [`${printMode} payload`]),
  ];
  const text = parts.join(', ');
  const facts = {
    edition,
    stack_version: stackVersion,
    app_version: appVersion ?? null,
    print_mode: printMode ?? null,
  };
  return ok(text, text, facts);
}

export interface Values {
  readonly power?: number | undefined;
  readonly currentR?: number | undefined;
  readonly currentT?: number | undefined;
  readonly importKwh?: number | undefined;
  readonly exportKwh?: number | undefined;
}

/** The values themselves stay out of the facts: a report is made public. */
export function valuesFinding({ power, currentR, currentT, importKwh, exportKwh }: Values): CheckFinding {
  const list = [
    [power, 'W'],
    [currentR, 'A (R)'],
    [currentT, 'A (T)'],
    [importKwh, 'kWh'],
    [exportKwh, 'kWh (export)'],
  ] as const;
  const told = list.flatMap(([value, unit]) => (value === undefined ? [] : [`${value} ${unit}`]));
  const facts = { power: power !== undefined, energy: importKwh !== undefined, export: exportKwh !== undefined };
  const japanese = told.map((text) =>
    text.replace('A (R)', 'A（R相）').replace('A (T)', 'A（T相）').replace('kWh (export)', 'kWh（売電）'),
  );
  return ok(told.join(', '), japanese.join('、'), facts);
}

/** @param skewMs meter minus ours; undefined when the meter tells no time. */
export function skewFinding(skewMs: number | undefined): CheckFinding {
  if (skewMs === undefined) return ok('the meter tells no time', 'メーターは時刻を返しません');
  const facts = { skew_s: Math.round(skewMs / 1000) };
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return ok('agrees with ours', 'このマシンの時計と一致', facts);
  const minutes = Math.round(Math.abs(skewMs) / MINUTE_MS);
  return warning(
    {
      en: `${minutes} min ${skewMs > 0 ? 'ahead of' : 'behind'} ours`,
      ja: `このマシンより ${minutes} 分${skewMs > 0 ? '進んで' : '遅れて'}います`,
    },
    {
      en: 'If the clock of this machine is right, the meter’s is off, and nothing needs to be done: only half-hour values carry the meter’s time.',
      ja: 'このマシンの時計が正しければメーター側のずれで、対処は不要です。30分値だけがメーターの時刻になります。',
    },
    facts,
  );
}

export const valuesOf = ({ reading }: MeterSnapshot): Values => ({
  power: reading?.power?.value,
  currentR: reading?.current_r?.value,
  currentT: reading?.current_t?.value,
  importKwh: reading?.import?.value,
  exportKwh: reading?.export?.value,
});
