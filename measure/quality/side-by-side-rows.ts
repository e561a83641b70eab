import type { Json, Row } from './rows.ts';

interface Fared {
  readonly trueAgainS: number | null;
  readonly oldShownS: number;
}

interface Compared {
  readonly commit: string;
  readonly started: string;
  readonly version: string;
  readonly faults: readonly { readonly name: string; readonly ours: Fared; readonly own: Fared }[];
}

/** Never is later than anything. */
const orNever = ({ trueAgainS }: Fared): number => trueAgainS ?? Infinity;
const seconds = (s: number | null): string => (s === null ? 'never' : `${s} s`);

export function sideBySideRow(results: Json): Row {
  const { faults, commit, started } = results as unknown as Compared;
  const better = faults.filter(
    ({ ours, own }) => orNever(ours) < orNever(own) && ours.oldShownS <= own.oldShownS,
  ).length;
  return {
    figure:
      'faults after which a true value is there sooner, and an old one stands no longer, than with Home Assistant’s own integration',
    target: 'all',
    measured: `${better} of ${faults.length}, below; commit ${commit}, ${started.slice(0, 10)}`,
    met: better === faults.length,
  };
}

/** The comparison itself. */
export function sideBySideSection(results: Json): string[] {
  const { faults, version, commit, started } = results as unknown as Compared;
  return [
    '## Side by side with Home Assistant’s own integration',
    '',
    `\`route_b_smart_meter\` of Home Assistant ${version}, unmodified, and broute2mqtt over MQTT, in one Home Assistant, ` +
      `in real time at the simulated radio’s real pace; for each fault two simulated sticks and meters of their own with the same ` +
      `options, and the same fault at the same second. Home Assistant’s own asks every 300 s, which cannot be set: the fault comes ` +
      `halfway between two questions. broute2mqtt asks every 10 s, as shipped. One run, commit ${commit}, ${started.slice(0, 10)}.`,
    '',
    '“True again”: from the end of the fault until Home Assistant shows a value the meter gave after the fault began. “Old shown”: ' +
      'for how long after it began an older value stood there as current.',
    '',
    '| Fault | broute2mqtt: true again | own: true again | broute2mqtt: old shown | own: old shown |',
    '| --- | --- | --- | --- | --- |',
    ...faults.map(
      ({ name, ours, own }) =>
        `| ${name} | ${seconds(ours.trueAgainS)} | ${seconds(own.trueAgainS)} | ${ours.oldShownS} s | ${own.oldShownS} s |`,
    ),
    '',
  ];
}
