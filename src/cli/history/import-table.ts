import { leftTexts } from '../../home-assistant/import-plan.ts';
import type { OwnRegister, PlannedImport, PlannedUndo } from '../../home-assistant/own-statistics.ts';
import { isoJst } from '../../kernel/clock.ts';
import type { Language, Text } from '../../kernel/language.ts';

/** `2026-01-15 13:00` */
const hourText = (ms: number): string => isoJst(ms).slice(0, 16).replace('T', ' ');
const figure = (value: number | undefined): string => (value === undefined ? '–' : String(Number(value.toFixed(4))));
const line = (hour: number, state: number | undefined, before: string, after: string, note = ''): string =>
  `  ${hourText(hour)}  ${figure(state).padStart(12)}  ${before.padStart(10)} → ${after.padStart(9)}${note}`;

function heading({ meter, statistic: { statisticId, unit } }: OwnRegister, language: Language): string {
  const columns: Text = {
    en: `hour (JST), register at its end, energy of the hour before → after, ${unit}`,
    ja: `時（日本時間）、その終わりの積算値、1時間の電力量 前 → 後（${unit}）`,
  };
  return `${meter.id}  ${statisticId}: ${columns[language]}`;
}

const NEXT: Text = { en: '  (the row stays as it is)', ja: '  （行はそのまま）' };
const LEFT: Text = { en: 'left as it is', ja: 'そのまま' };
const OPEN: Text = {
  en: '  the newest gap waits for the first full hour that Home Assistant records after it',
  ja: '  最新の欠けは、復帰後の最初の1時間の記録ができてから書き込みます',
};
const CHANGED: Text = {
  en: '  left as it is: changed since it was written',
  ja: '  そのまま: 書き込み後に変更されています',
};
const REMOVED: Text = { en: '  (removed: there was no row)', ja: '  （削除：元は行なし）' };
const EMPTIED: Text = {
  en: '  (stays, with no energy: there was no row, and this Home Assistant cannot remove one)',
  ja: '  （電力量0で残ります：元は行なし、この版のHome Assistantでは削除できません）',
};

/** What an import changes, and what it leaves and why; empty: nothing to say. */
export function importTable(planned: PlannedImport, language: Language): string {
  const { gaps, left, isOpen } = planned.plan;
  const lines: string[] = [];
  for (const { hours, next } of gaps) {
    for (const { startMs, after, changeBefore, changeAfter } of hours)
      lines.push(line(startMs, after.state, figure(changeBefore), figure(changeAfter)));
    lines.push(line(next.startMs, undefined, figure(next.changeBefore), figure(next.changeAfter), NEXT[language]));
  }
  for (const { fromMs, toMs, reason } of left)
    lines.push(`  ${hourText(fromMs)} – ${hourText(toMs)}  ${LEFT[language]}: ${leftTexts[reason][language]}`);
  if (isOpen) lines.push(OPEN[language]);
  return lines.length === 0 ? '' : `${[heading(planned, language), ...lines].join('\n')}\n`;
}

/** What an undo gives back. @param canRemove rows that were not there can be taken out. */
export function undoTable(planned: PlannedUndo, canRemove: boolean, language: Language): string {
  const { undone, left } = planned.plan;
  const note = canRemove ? REMOVED : EMPTIED;
  const columns: Text = { en: 'hour (JST), sum written → sum before', ja: '時（日本時間）、書き込んだ合計 → 元の合計' };
  const lines = undone.map(({ startMs, before, after }) =>
    line(startMs, undefined, figure(after.sum), figure(before?.sum), before ? '' : note[language]),
  );
  for (const startMs of left) lines.push(`  ${hourText(startMs)}${CHANGED[language]}`);
  const { meter, statistic } = planned;
  return `${[`${meter.id}  ${statistic.statisticId}: ${columns[language]}`, ...lines].join('\n')}\n`;
}
