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

/** Which source a run of its own was made with. */
const madeWith = ({ commit, started }: Json): string =>
  typeof commit === 'string' ? `; commit ${commit}, ${String(started).slice(0, 10)}` : '; commit not recorded';

const FAULT = /^fault: ([^:]+): (.*) \(((?:SE|DSE)(?:, DSE)?)\)$/;

/** The catalogue, from vitest's JSON report. */
export function faultRows(report: Json): Row[] {
  const files = report['testResults'] as readonly { assertionResults: { title: string; status: string }[] }[];
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const faults = tests.flatMap(({ title, status }) => {
    const [, group, name] = FAULT.exec(title) ?? [];
    return group === undefined ? [] : [{ group, name, status }];
  });
  const groups = new Map<string, Set<string | undefined>>();
  for (const { group, name } of faults) groups.set(group, (groups.get(group) ?? new Set()).add(name));
  const kinds = [...groups.values()].reduce((sum, names) => sum + names.size, 0);
  const failed = faults.filter(({ status }) => status !== 'passed').length;
  const parts = [...groups].map(([group, names]) => `${group} ${names.size}`).join(', ');
  return [
    {
      figure: 'faults of the catalogue, each in both editions, that heal without an end of the process',
      target: '≥ 60, all',
      measured: `${kinds} faults (${parts}), ${faults.length} tests, ${failed} failed`,
      met: kinds >= 60 && failed === 0,
    },
  ];
}

export function soakRow(soak: Json): Row {
  const violations = soak['violations'] as readonly string[];
  const { days, faults, checks, seed, edition, availability, slowestRecoveryS } = soak as Record<string, number>;
  return {
    figure: 'random faults, one on top of the other, virtual time, invariants checked at every step',
    target: '30 days, ≥ 10,000 faults, 0 violations',
    measured:
      `${days} days, ${faults} faults, ${checks} checks, ${violations.length} violations ` +
      `(seed ${seed}, ${edition}); available ${(100 * Number(availability)).toFixed(1)} % of the time, ` +
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

/** Loops and whatever else says how often it ran and what went wrong. */
export function loopRow(name: string, loop: Json): Row {
  const bad = (loop['bad'] as readonly unknown[] | undefined) ?? [];
  const facts = Object.entries(loop).filter(([key]) => !['bad', 'started', 'node', 'cpu', 'kind'].includes(key));
  return {
    figure: `loop: ${name}`,
    target: '0 bad',
    measured: [`${bad.length} bad`, ...facts.map(([key, value]) => `${key} ${plain(value)}`)].join(', '),
    met: bad.length === 0,
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
    measured: `${plain(measured)} ${unit} (n = ${n})`,
    met: met ?? undefined,
  }));
}

export function mutationRow({ score, killed, survived }: Json): Row {
  return {
    figure: 'mutants of the source that the tests notice',
    target: '',
    measured: `${plain(score)} % (${plain(killed)} killed, ${plain(survived)} survived)`,
    met: undefined,
  };
}

function plain(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${plain(inner)}`)
    .join(' ');
}
