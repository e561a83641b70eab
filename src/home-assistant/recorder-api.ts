import { isoJst } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { HomeAssistantLink } from './ha-link.ts';
import { HOUR_MS, isNumber } from './hour-rows.ts';
import type { HourRow } from './hour-rows.ts';
import type { HourRange } from './undo-plan.ts';

/** A statistic of ours as Home Assistant has it. */
export interface OwnStatistic {
  /** The entity's id, whatever its owner made of it. */
  readonly statisticId: string;
  /** What its figures are in. */
  readonly unit: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** All that we ever ask of Home Assistant: nothing here names anything but statistics of our own. */
export class RecorderApi {
  readonly #link: HomeAssistantLink;

  constructor(link: HomeAssistantLink) {
    this.#link = link;
  }

  /** @throws BridgeError HOME_ASSISTANT_UNREACHABLE while it starts: it makes the rows of the hours it slept through then. */
  async mustRun(signal: AbortSignal): Promise<void> {
    const { state } = fieldsOf(await this.#link.call('get_config', {}, signal));
    if (state === 'RUNNING') return;
    const what = { en: 'Home Assistant is still starting', ja: 'Home Assistantはまだ起動中です' };
    throw new BridgeError('HOME_ASSISTANT_UNREACHABLE', what);
  }

  /** Of these of our MQTT entities the ones with a sum, by unique id. */
  async ownStatistics(uniqueIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, OwnStatistic>> {
    const registry = listOf(await this.#link.call('config/entity_registry/list', {}, signal));
    const ours = registry.flatMap(({ platform, unique_id, entity_id }) =>
      platform === 'mqtt' && uniqueIds.includes(String(unique_id)) && /^sensor\.\w+$/.test(String(entity_id))
        ? [[String(unique_id), String(entity_id)] as const]
        : [],
    );
    if (ours.length === 0) return new Map();
    const all = listOf(await this.#link.call('recorder/list_statistic_ids', { statistic_type: 'sum' }, signal));
    return new Map(
      ours.flatMap(([uniqueId, statisticId]) => {
        const found = all.find(
          ({ statistic_id, source, has_sum }) =>
            statistic_id === statisticId && source === 'recorder' && has_sum === true,
        );
        const unit = found?.['statistics_unit_of_measurement'];
        return typeof unit === 'string' ? [[uniqueId, { statisticId, unit }]] : [];
      }),
    );
  }

  /** Its hours, ascending, in its own unit. */
  async hours(
    { statisticId, unit }: OwnStatistic,
    { fromMs, toMs }: HourRange,
    signal: AbortSignal,
  ): Promise<readonly HourRow[]> {
    const asked = {
      start_time: isoJst(fromMs),
      end_time: isoJst(toMs),
      statistic_ids: [statisticId],
      period: 'hour',
      types: ['state', 'sum'],
      units: { energy: unit }, // else it converts them to what the entity shows
    };
    const answer = fieldsOf(await this.#link.call('recorder/statistics_during_period', asked, signal));
    return listOf(answer[statisticId] ?? [])
      .flatMap(({ start, state, sum }) =>
        isNumber(start) && isNumber(state) && isNumber(sum) ? [{ startMs: start, state, sum }] : [],
      )
      .filter(({ startMs }) => startMs % HOUR_MS === 0)
      .sort((a, b) => a.startMs - b.startMs);
  }

  /** Replaces these rows, or adds them. Answered before they can be read. */
  async write({ statisticId, unit }: OwnStatistic, rows: readonly HourRow[], signal: AbortSignal): Promise<void> {
    const form = this.#isFrom(2025, 11) ? { mean_type: 0, unit_class: 'energy' } : { has_mean: false };
    const metadata = {
      ...form,
      has_sum: true,
      name: null,
      source: 'recorder',
      statistic_id: statisticId,
      unit_of_measurement: unit,
    };
    const stats = rows.map(({ startMs, state, sum }) => ({ start: isoJst(startMs), state, sum }));
    await this.#link.call('recorder/import_statistics', { metadata, stats }, signal);
  }

  /** It can take single rows out. An older one has no range and takes out all there is, so it is never asked. */
  get canRemove(): boolean {
    return this.#isFrom(2026, 11);
  }

  /** Takes these hours out, and nothing beside them. */
  async remove({ statisticId }: OwnStatistic, { fromMs, toMs }: HourRange, signal: AbortSignal): Promise<void> {
    if (!this.canRemove || !(toMs > fromMs)) throw new RangeError('no range to remove, or no way to');
    const range = { start_time: isoJst(fromMs), end_time: isoJst(toMs) };
    await this.#link.call('recorder/clear_statistics', { statistic_ids: [statisticId], ...range }, signal);
  }

  #isFrom(year: number, month: number): boolean {
    const [, ofYear, ofMonth] = /^(\d{4})\.(\d{1,2})\./.exec(this.#link.version) ?? [];
    return Number(ofYear) * 12 + Number(ofMonth) >= year * 12 + month; // a version of another form: none of the new ways
  }
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);
