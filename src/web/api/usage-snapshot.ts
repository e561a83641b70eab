import { isoJst } from '../../kernel/clock.ts';
import type { DemandPeak, Usage } from '../../model/usage.ts';
import { known } from '../status-snapshot.ts';
import type { PeakSnapshot, UsageSnapshot } from '../status-snapshot.ts';

const peakOf = (peak: DemandPeak | undefined): PeakSnapshot | undefined =>
  peak && { power: peak.watts, time: isoJst(peak.startMs) };

/** @returns undefined where nothing is known */
export function usageSnapshot(usage: Usage): UsageSnapshot | undefined {
  const snapshot = known<UsageSnapshot>({
    half_hour: usage.halfHourMs === undefined ? undefined : isoJst(usage.halfHourMs),
    demand_now: usage.demandNowW,
    demand_forecast: usage.demandForecastW,
    demand_30min: usage.demand30minW,
    peak_today: peakOf(usage.peakToday),
    peak_month: peakOf(usage.peakMonth),
    import_today: usage.importTodayKwh,
    export_today: usage.exportTodayKwh,
  });
  return Object.keys(snapshot).length === 0 ? undefined : snapshot;
}
