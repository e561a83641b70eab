import type { MeterConfig } from '../../config/schema.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import { channelsOfMask, scanTimeMs } from '../../skstack/dialect.ts';
import { fullScan } from '../../supervisor/ladder.ts';
import { ok, titles, warning } from './check.ts';
import type { Check, CheckId, CheckFinding } from './check.ts';
import { moduleFinding, skewFinding, valuesFinding } from './radio-words.ts';
import type { RadioVisit } from './radio-visit.ts';
import { readSkew, readValues } from './read-values.ts';
import { judgeSignal, moveCloser } from './signal-words.ts';
import type { DoctorWorld } from './world.ts';

const SCAN_MS = fullScan.reduce((sum, { mask, duration }) => sum + scanTimeMs(mask, duration), 0);
/** Over the formula's time: late blocks, a busy bus. */
const SCAN_MARGIN_MS = 30_000;
/** The module gives a join up after some 60 s; a second PAN gets its turn. */
const JOIN_LIMIT_MS = 130_000;
const MOST_JOINS = 2;

type Row = Pick<Check, 'id' | 'needs' | 'limitMs' | 'run'> & { readonly slow?: Text };

/** From the port to the meter's clock, over a stick that nobody else uses. */
export function radioChecks(meter: MeterConfig, visit: RadioVisit, world: DoctorWorld): readonly Check[] {
  const rows: readonly Row[] = [
    {
      id: 'port',
      needs: ['configuration', 'bridge'],
      limitMs: 60_000,
      run: (signal) => openPort(visit, world, signal),
    },
    {
      id: 'module',
      needs: ['port'],
      limitMs: 60_000, // J11 may be busy with what somebody else asked for
      run: async (signal) => moduleFinding((await visit.openModule(signal)).info),
    },
    {
      id: 'scan',
      needs: ['module'],
      limitMs: SCAN_MS + SCAN_MARGIN_MS,
      slow: {
        en: `scanning: up to ${Math.ceil(SCAN_MS / 1000)} s …`,
        ja: `スキャン中（最長 ${Math.ceil(SCAN_MS / 1000)} 秒）…`,
      },
      run: (signal) => scan(visit, signal),
    },
    {
      id: 'join',
      needs: ['scan'],
      limitMs: JOIN_LIMIT_MS,
      slow: { en: 'joining: up to 60 s …', ja: '接続中（最長60秒）…' },
      run: (signal) => join(visit, signal),
    },
    {
      id: 'reading',
      needs: ['join'],
      limitMs: 90_000,
      slow: { en: 'reading …', ja: '計測値を取得中…' },
      run: (signal) => read(visit, meter, world, signal),
    },
    {
      id: 'meter_clock',
      needs: ['reading'],
      limitMs: 30_000,
      run: async (signal) => skewFinding(await readSkew(sessionOf(visit), world, signal)),
    },
  ];
  return rows.map((row) => ({ ...row, meter: meter.id, title: titles[row.id] }));
}

/** Those of them that send nothing by radio. */
export const withoutRadio: ReadonlySet<CheckId> = new Set(['port', 'module']);

async function openPort(visit: RadioVisit, { othersOn }: DoctorWorld, signal: AbortSignal): Promise<CheckFinding> {
  const name = await visit.openPort(signal);
  const isPartial = (await othersOn(name))?.isPartial === true;
  const unseen = isPartial
    ? {
        en: '; whether a program of another user or container has it open too cannot be seen from here',
        ja: '（他のユーザーやコンテナのプログラムも開いているかは、ここからは分かりません）',
      }
    : { en: '', ja: '' };
  return ok(`${name} opened${unseen.en}`, `${name} を開きました${unseen.ja}`);
}

async function scan(visit: RadioVisit, signal: AbortSignal): Promise<CheckFinding> {
  for (const request of fullScan) {
    visit.pans = await visit.module.scan(request, signal);
    if (visit.pans.length > 0) break;
  }
  const [best] = visit.pans;
  if (!best) {
    const channels = channelsOfMask(fullScan.at(-1)?.mask ?? 0).length;
    throw new BridgeError('PAN_NOT_FOUND', `no meter answered ${fullScan.length} scans over ${channels} channels`);
  }
  return panFinding(best, visit.pans.length - 1);
}

/** A signal so old is told with its age. */
const OLD_S = 300;

/** A network and how well it is heard. @param signal of a running bridge: its dBm, and how long ago that was. */
export function panFinding(
  pan: Pan,
  others: number,
  { rssi, ageS = 0 }: { readonly rssi?: number | undefined; readonly ageS?: number | undefined } = {},
): CheckFinding {
  const { isWeak, text, rssiDbm } = judgeSignal(pan.lqi, rssi ?? pan.rssiDbm);
  const panId = pan.panId.toString(16).toUpperCase().padStart(4, '0');
  const more = others > 0 ? { en: `; ${others} more`, ja: `（ほか ${others} 件）` } : { en: '', ja: '' };
  const minutes = Math.round(ageS / 60);
  const age = ageS < OLD_S ? { en: '', ja: '' } : { en: ` (${minutes} minutes ago)`, ja: `（${minutes}分前）` };
  const detail = {
    en: `channel ${pan.channel}, PAN ${panId}, ${text.en}${age.en}${more.en}`,
    ja: `チャネル ${pan.channel}、PAN ${panId}、${text.ja}${age.ja}${more.ja}`,
  };
  const facts = { channel: pan.channel, pan_id: panId, lqi: pan.lqi ?? null, rssi_dbm: rssiDbm ?? null, others };
  return isWeak ? warning(detail, moveCloser, facts) : ok(detail.en, detail.ja, facts);
}

/** Where two networks answered and the better one refuses, the other gets its turn. */
async function join(visit: RadioVisit, signal: AbortSignal): Promise<CheckFinding> {
  let first: unknown;
  for (const pan of visit.pans.slice(0, MOST_JOINS)) {
    try {
      visit.session = await visit.module.join(pan, signal);
      return ok('joined', '接続しました');
    } catch (error) {
      signal.throwIfAborted();
      first ??= error;
    }
  }
  throw first;
}

async function read(
  visit: RadioVisit,
  meter: MeterConfig,
  world: DoctorWorld,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const { powerW, currentRA, currentTA, importKwh, exportKwh } = await readValues(
    sessionOf(visit),
    meter,
    world,
    signal,
  );
  return valuesFinding({ power: powerW, currentR: currentRA, currentT: currentTA, importKwh, exportKwh });
}

function sessionOf({ session }: RadioVisit): NonNullable<RadioVisit['session']> {
  if (!session) throw new RangeError('the meter is asked before the join');
  return session;
}
