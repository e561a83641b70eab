import type { Energy } from './load-profile.ts';
import type { LoadProfile } from './load-profile.ts';

interface Segment {
  readonly fromMs: number;
  /** A fixed power; undefined follows the profile. */
  readonly watts: number | undefined;
  /** Energy at `fromMs`. */
  readonly base: Energy;
}

const isAfter = (atMs: number) => (segment: Segment) => segment.fromMs <= atMs;

/** The house's load: the profile, with stretches of fixed power where a test or a demo wants one. Registers integrate both. */
export class Load {
  readonly #profile: LoadProfile;
  readonly #segments: Segment[] = [];

  constructor(profile: LoadProfile) {
    this.#profile = profile;
  }

  /** From `atMs` on; undefined goes back to the profile. Moments are given in rising order. */
  setPower(atMs: number, watts: number | undefined): void {
    this.#segments.push({ fromMs: atMs, watts, base: this.energyAt(atMs) });
  }

  wattsAt(atMs: number): number {
    return this.#segments.findLast(isAfter(atMs))?.watts ?? this.#profile.wattsAt(atMs);
  }

  energyAt(atMs: number): Energy {
    const segment = this.#segments.findLast(isAfter(atMs));
    if (!segment) return this.#profile.energyAt(atMs);
    const { base, watts, fromMs } = segment;
    if (watts !== undefined) {
      const wh = (watts * (atMs - fromMs)) / 3_600_000;
      return { importWh: base.importWh + Math.max(wh, 0), exportWh: base.exportWh + Math.max(-wh, 0) };
    }
    const [now, then] = [this.#profile.energyAt(atMs), this.#profile.energyAt(fromMs)];
    return {
      importWh: base.importWh + now.importWh - then.importWh,
      exportWh: base.exportWh + now.exportWh - then.exportWh,
    };
  }
}
