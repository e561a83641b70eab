/** The highest average of a half hour. */
export interface DemandPeak {
  readonly watts: number;
  /** When its half hour began, ms since 1970. */
  readonly startMs: number;
}

/**
 * What the household bought, by the half hour and by the day, in the meter's own time (JST). Demand is an average of what
 * is bought, as a demand contract counts it: what is sold lowers nothing. What is not known is absent: never 0.
 */
export interface Usage {
  /** Wall clock ms of the answer that told the newest of it. */
  readonly atMs: number;
  /** When the running half hour began. Absent: the meter's time is not known. */
  readonly halfHourMs?: number;
  /** Average of the running half hour so far. */
  readonly demandNowW?: number;
  /** Average of the running half hour at its end, if it goes on as in the last five minutes. */
  readonly demandForecastW?: number;
  /** Average of the last half hour that is over. */
  readonly demand30minW?: number;
  readonly peakToday?: DemandPeak;
  readonly peakMonth?: DemandPeak;
  /** 0:00 of the day. */
  readonly dayMs?: number;
  readonly importTodayKwh?: number;
  readonly exportTodayKwh?: number;
}

/** What is known of it; the rest is absent. */
export const usageOf = (values: { readonly [Key in keyof Usage]: Usage[Key] | undefined }): Usage =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as unknown as Usage;
