/** One line of docs/quality.md. */
export interface Row {
  readonly figure: string;
  readonly target: string;
  readonly measured: string;
  /** Undefined where nothing is asked. */
  readonly met: boolean | undefined;
}

/** A results file, as the suite that wrote it named its fields. */
export type Json = Readonly<Record<string, unknown>>;

interface Times {
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
}

/** Which source a run was made with, and when. */
const madeWith = ({ commit, started }: Json): string => `; commit ${plain(commit)}, ${plain(started).slice(0, 10)}`;

/** The catalogue, as measure/quality/faults.ts counts it. */
export function faultRow(results: Json): Row {
  const { kinds, groups, editions, tests, failed } = results as {
    readonly kinds: number;
    readonly groups: Json;
    readonly editions: readonly string[];
    readonly tests: number;
    readonly failed: readonly string[];
  };
  const parts = Object.entries(groups).map(([group, count]) => `${group} ${plain(count)}`);
  return {
    figure: 'faults of the catalogue that heal without an end of the process',
    target: '≥ 60, all',
    measured: `${kinds} faults (${parts.join(', ')}), ${tests} tests (${editions.join(', ')}), ${failed.length} failed${madeWith(results)}`,
    met: kinds >= 60 && failed.length === 0,
  };
}

export function soakRow(soak: Json): Row {
  const violations = soak['violations'] as readonly string[];
  const { days, faults, checks, seed, edition, availability, slowestRecoveryS } = soak as Record<string, number>;
  const { readings, doubled, lost, heapGrowthMb, minutes, minutesAgain, halfHoursRead } = soak as Record<
    string,
    number
  >;
  const past =
    minutes === undefined
      ? ''
      : `${minutes} minutes, ${minutesAgain} of them again after a kill, ${halfHoursRead} missed half hours read; `;
  return {
    figure:
      `random faults of radio, module, ECHONET Lite, broker, host and disk, one on top of the other (${edition}), ` +
      `virtual time, invariants checked at every step`,
    target: '30 days, ≥ 10,000 faults, 0 violations',
    measured:
      `${days} days, ${faults} faults, ${checks} checks, ${violations.length} violations ` +
      `(seed ${seed}); of ${readings} readings ${doubled} came twice and ${lost} never, as far as is promised; ` +
      `${past}heap +${heapGrowthMb} MB; available ${(100 * Number(availability)).toFixed(1)} % of the time, ` +
      `well again ≤ ${slowestRecoveryS} s after the last cure (airtime limits take up to an hour)${madeWith(soak)}`,
    met: Number(days) >= 30 && Number(faults) >= 10_000 && violations.length === 0,
  };
}

/** Field of the recovery results, what it is, its bound in seconds, and of which statistic. */
const recoveries: readonly (readonly [string, string, number, 'p95' | 'most'])[] = [
  ['unavailable', 'meter lost → unavailable', 35.1, 'most'],
  ['samePan', 'meter back, PAN unchanged → first reading', 60, 'p95'],
  ['movedPan', 'meter back, PAN moved → first reading', 180, 'p95'],
  ['moduleReset', 'module restarts by itself → first reading', 20, 'p95'],
  ['moduleHang', 'module answers again after a hang → first reading', 20, 'p95'],
  ['sessionEnded', 'meter ends the session → first reading', 20, 'p95'],
  ['replug', 'replug → first reading, over the radio’s own time', 5, 'p95'],
];

export function recoveryRows(recovery: Json): Row[] {
  return recoveries.flatMap(([key, figure, bound, statistic]) => {
    const times = recovery[key] as Times | undefined;
    if (!times) return [];
    return [
      {
        figure,
        target: `${statistic === 'p95' ? 'p95' : 'all'} ≤ ${Math.floor(bound)} s`,
        measured: `p50 ${times.p50} s, p95 ${times.p95} s, most ${times.most} s (n = ${times.n})${madeWith(recovery)}`,
        met: times[statistic] <= bound,
      },
    ];
  });
}

export function fuzzRow(results: Json): Row {
  const { inputs, findings, seed } = results;
  return {
    figure: 'fuzz: inputs, throws across a boundary and hangs',
    target: '≥ 10,000,000 inputs, 0 findings',
    measured: `${String(inputs)} inputs, ${String(findings)} findings (seed ${String(seed)})${madeWith(results)}`,
    met: Number(inputs) >= 10_000_000 && findings === 0,
  };
}

/** What each loop shows, and what is asked of it. */
const loops: Readonly<Record<string, readonly [figure: string, target: string]>> = {
  broker: ['Mosquitto killed (SIGKILL) and back empty, the built program', '500, 0 bad, fresh state ≤ 5 s'],
  unplug: ['stick unplugged and back on a real pty, the built program', '1,000, 0 bad, port open ≤ 3 s'],
  'unplug-memory': ['the same in memory, under virtual time: sleepers and heap', '1,000, 0 bad'],
};

export function loopRow(loop: Json): Row {
  const { bad, commit: _commit, started: _started, node: _node, cpu: _cpu, kind, ...facts } = loop;
  const [figure, target] = loops[String(kind)] ?? [String(kind), ''];
  const count = (bad as readonly unknown[]).length;
  return {
    figure,
    target,
    measured: `${[`${count} bad`, ...Object.entries(facts).map(([key, value]) => `${key} ${plain(value)}`)].join(', ')}${madeWith(loop)}`,
    met: count === 0,
  };
}

export function benchRows(bench: Json): Row[] {
  const figures = bench['figures'] as readonly {
    readonly name: string;
    readonly unit: string;
    readonly n: number;
    readonly met: boolean | null;
    readonly target?: { readonly is: string; readonly of: Json };
    readonly measured: Json;
  }[];
  return figures.map(({ name, unit, n, met, target, measured }) => ({
    figure: name,
    target: target ? `${target.is} ${plain(target.of)} ${unit}` : '',
    measured: `${plain(measured)} ${unit} (n = ${n})${madeWith(bench)}`,
    met: met ?? undefined,
  }));
}

export function mutationRow(results: Json): Row {
  const { score, killed, survived } = results;
  return {
    figure: 'mutants of the codecs and the ladder that the tests notice',
    target: '≥ 80 %',
    measured: `${plain(score)} % (${plain(killed)} killed, ${plain(survived)} survived)${madeWith(results)}`,
    met: Number(score) >= 80,
  };
}

function plain(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${plain(inner)}`)
    .join(' ');
}
