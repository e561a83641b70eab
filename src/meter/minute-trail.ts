import { isoJst } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { MinuteRegisters } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { BridgeEvent } from '../model/status.ts';

export const MINUTE_MS = 60_000;
/** A meter whose minute lies so far behind what it told before has had its clock put back. */
export const PUT_BACK_MS = 86_400_000;
/** So many minutes may come again after a `kill -9`. */
const KEPT_EVERY_MS = 3_600_000;

/** The last minute of the stream. */
export interface MinutePosition extends MinuteRegisters {
  /** The name in the archive of the meter that the registers are of. */
  readonly meter: string;
}

export interface MinuteTrailDeps {
  readonly log: Log;
  /** The next minute of the stream. */
  readonly onMinute: (minute: MinuteRegisters) => void;
  /** It has come an hour further than what was kept: now is the time to keep it. */
  readonly onFar: () => void;
}

/**
 * How far the stream of minutes has come, over sessions and restarts: each minute once, none before an earlier one. It
 * begins with the first minute the meter tells; what the meter remembers no more is left out.
 */
export class MinuteTrail {
  readonly #deps: MinuteTrailDeps;
  #position: MinutePosition | undefined;
  #keptMs: number | undefined;
  #hasComplained = false;

  constructor(deps: MinuteTrailDeps, position?: MinutePosition) {
    this.#deps = deps;
    this.#position = position;
    this.#keptMs = position?.minuteMs;
  }

  /** What a restart goes on from, for whoever writes it down. */
  keep(): { readonly minute?: MinutePosition } {
    this.#keptMs = this.#position?.minuteMs;
    return this.#position ? { minute: this.#position } : {};
  }

  /** The oldest minute that is missing. @returns undefined before the first one. */
  get nextMs(): number | undefined {
    return this.#position && this.#position.minuteMs + MINUTE_MS;
  }

  /** The meter has told this minute; the stream begins with it where there is none. @returns whether some before it are missing. */
  lacksBefore(meter: string, minute: MinuteRegisters): boolean {
    const behindMs = this.#position ? this.#position.minuteMs - minute.minuteMs : Infinity;
    if (behindMs > PUT_BACK_MS) {
      if (this.#position)
        this.#deps.log.warn({ minute: isoJst(minute.minuteMs) }, 'the meter’s clock was put back: minutes begin anew');
      this.#position = { meter, minuteMs: minute.minuteMs - MINUTE_MS };
      this.#keptMs = undefined;
    }
    return this.nextMs !== undefined && minute.minuteMs > this.nextMs;
  }

  /**
   * Adds a minute, unless the stream is past it, or its registers do not fit: they only rise.
   * @param newest the last minute the meter told: nothing before it can be more
   */
  add(meter: string, minute: MinuteRegisters, newest: MinuteRegisters = minute): void {
    const last = this.#position;
    if (!last || minute.minuteMs <= last.minuteMs) return;
    const before = last.meter === meter ? last : undefined;
    if (objectsTo(minute, before, newest)) {
      this.#deps.log.warn({ minute: isoJst(minute.minuteMs) }, 'minute does not fit its neighbours: left out');
      return this.skipTo(minute.minuteMs);
    }
    const { minuteMs: _, ...known } = before ?? { minuteMs: 0 };
    this.#position = { ...known, ...minute, meter };
    if (minute.importKwh !== undefined || minute.exportKwh !== undefined) this.#deps.onMinute(minute);
    if (minute.minuteMs - (this.#keptMs ??= last.minuteMs) >= KEPT_EVERY_MS) this.#deps.onFar();
  }

  /** Nothing is known of the minutes up to this one. */
  skipTo(minuteMs: number): void {
    if (this.#position && minuteMs > this.#position.minuteMs) this.#position = { ...this.#position, minuteMs };
  }

  /** This meter has no such memory. */
  isImpossible(): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#deps.log.info('minute_history is on, but this meter keeps no minutes (no EE and EF): there are none');
  }
}

/** Where the minutes of this meter go; undefined where they are not asked for. */
export const openMinuteTrail = (
  { id: meter, minuteHistory }: Pick<MeterSettings, 'id' | 'minuteHistory'>,
  { log, emit, onFar }: { readonly emit: (event: BridgeEvent) => void } & Pick<MinuteTrailDeps, 'log' | 'onFar'>,
  position: MinutePosition | undefined,
): MinuteTrail | undefined =>
  minuteHistory === true
    ? new MinuteTrail({ log, onMinute: (minute) => emit({ kind: 'minute', meter, minute }), onFar }, position)
    : undefined;

/** Across a roll-over, where the newest is less than what went before, nothing can be said. */
const objectsTo = (minute: MinuteRegisters, before: MinuteRegisters | undefined, newest: MinuteRegisters): boolean =>
  (['importKwh', 'exportKwh'] as const).some((register) => {
    const [kwh, least = 0, most = Infinity] = [minute[register], before?.[register], newest[register]];
    return kwh !== undefined && least <= most && (kwh < least || kwh > most);
  });
