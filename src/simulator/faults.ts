import * as z from 'zod';

/**
 * Everything that can go wrong, and how: `now` happens at once (or when the command named by `on` arrives), `next` waits
 * for its occasion (the next scan, join, reply …) and happens `times` times or for `for_s` seconds.
 */
export const FAULT_KINDS = {
  // the scan
  'pan-not-found': 'next',
  'two-pans': 'next',
  'pandesc-without-22': 'next',
  'late-pandesc': 'next',
  // the join and the session
  'join-refused': 'next',
  'join-silent': 'next',
  'session-lost': 'now',
  'silent-session': 'now',
  'session-clings': 'now',
  'event-24': 'now',
  'event-25': 'now',
  'event-26': 'now',
  'event-27': 'now',
  'event-28': 'now',
  'event-29': 'now',
  'event-32': 'now',
  // the module
  'module-reset': 'now',
  'module-hang': 'now',
  'port-lost': 'now',
  garbage: 'now',
  burst: 'now',
  dribble: 'next',
  'glued-lines': 'next',
  'missing-ok': 'next',
  'late-ok': 'next',
  'slow-send': 'next',
  'echoed-send': 'next',
  'no-answer': 'next',
  'fail-code': 'next',
  'connect-failed': 'next',
  'receive-failure': 'now',
  'event-21-01': 'next',
  'event-21-02': 'next',
  'duplicated-event': 'next',
  // ECHONET Lite
  'lost-reply': 'next',
  'late-reply': 'next',
  'wrong-tid': 'next',
  'opc-mismatch': 'next',
  'pdc-past-end': 'next',
  'cut-answer': 'next',
  'unknown-epc': 'next',
  sna: 'next',
  'refuse-beyond': 'next',
  'no-data': 'next',
  'clock-24': 'next',
  'bad-date': 'next',
  notification: 'now',
  // the meter
  'energy-back': 'now',
  'meter-moved': 'now',
  'meter-replaced': 'now',
} as const satisfies Record<string, 'now' | 'next'>;

export type FaultName = keyof typeof FAULT_KINDS;
export type ImmediateFault = {
  [Name in FaultName]: (typeof FAULT_KINDS)[Name] extends 'now' ? Name : never;
}[FaultName];
export const FAULT_NAMES = Object.keys(FAULT_KINDS) as [FaultName, ...FaultName[]];

const hexText = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9A-Fa-f]{1,${digits}}$`), `must be at most ${digits} hex digits, as text`);

/** One fault as data. Which of the optional fields count stands in `docs/simulator.md`; seconds are divided by the time factor. */
export const faultSchema = z.strictObject({
  fault: z.enum(FAULT_NAMES, { error: `must be one of ${FAULT_NAMES.join(', ')}` }),
  /** Only with this command: `SKJOIN`, `SKSENDTO`, …; for J11 its code: `0053`, `0008`, … */
  on: z
    .string()
    .regex(/^(?:(?:SK|RO|WO|RU|WU)[A-Z0-9]+|[0-9A-F]{4})$/, 'must be a command such as SKJOIN, or for J11 0053')
    .optional(),
  /** Occasions let pass first. */
  skip: z.int().nonnegative().optional(),
  /** Occasions it happens on; default 1, with `for_s` as many as there are. */
  times: z.int().positive().optional(),
  /** How long it lasts. */
  for_s: z.number().positive().optional(),
  /** Wait before it shows: late-reply, late-pandesc, late-ok, slow-send. */
  after_s: z.number().nonnegative().optional(),
  /** event-29: whether EVENT 25 follows. Default true. */
  recovers: z.boolean().optional(),
  /** fail-code: the number behind ER, default 10; for J11 the result byte, default 16 (10h). */
  code: z.int().min(1).max(255).optional(),
  /** garbage, burst: how many bytes. energy-back: how many register steps. receive-failure: how many packets. refuse-beyond: how many properties. cut-answer: how many bytes are left. */
  count: z.int().positive().optional(),
  /** sna, no-data: the property. Default: the first of the answer. */
  epc: hexText(2).optional(),
  /** meter-moved. */
  channel: hexText(2).optional(),
  pan_id: hexText(4).optional(),
  /** meter-replaced. */
  mac: z
    .string()
    .regex(/^[0-9A-Fa-f]{16}$/, 'must be 16 hex digits')
    .optional(),
  serial: z
    .string()
    .regex(/^[!-~]{1,12}$/, 'must be 1 to 12 characters')
    .optional(),
});
export type Fault = z.infer<typeof faultSchema>;

interface Armed {
  readonly fault: Fault;
  readonly untilMs: number;
  skip: number;
  left: number;
}

/** The faults that wait for their occasion. */
export class ArmedFaults {
  #armed: Armed[] = [];
  readonly #nowMs: () => number;
  readonly #timeFactor: number;
  /** The command being handled: `on` is compared with it. */
  command: string | undefined;

  constructor(nowMs: () => number, timeFactor: number) {
    this.#nowMs = nowMs;
    this.#timeFactor = timeFactor;
  }

  arm(fault: Fault): void {
    const { for_s, times, skip = 0 } = fault;
    const lasts = for_s !== undefined && FAULT_KINDS[fault.fault] === 'next';
    this.#armed.push({
      fault,
      untilMs: lasts ? this.#nowMs() + (for_s * 1000) / this.#timeFactor : Infinity,
      skip,
      left: times ?? (lasts ? Infinity : 1),
    });
  }

  /** One occasion of a `next` fault, met while `command` is at work. @returns it when it happens now. */
  consume(name: FaultName, command = this.command, fits: (fault: Fault) => boolean = () => true): Fault | undefined {
    return this.#use(command, ({ fault }) => fault.fault === name && fits(fault));
  }

  /** A `now` fault that waited for the command being handled. */
  due(): Fault | undefined {
    return this.#use(this.command, ({ fault }) => FAULT_KINDS[fault.fault] === 'now');
  }

  #use(command: string | undefined, matches: (armed: Armed) => boolean): Fault | undefined {
    const now = this.#nowMs();
    this.#armed = this.#armed.filter(({ left, untilMs }) => left > 0 && untilMs > now);
    for (const armed of this.#armed) {
      if (!matches(armed) || (armed.fault.on !== undefined && armed.fault.on !== command)) continue;
      if (armed.skip-- > 0) continue;
      armed.left--;
      return armed.fault;
    }
    return undefined;
  }
}
