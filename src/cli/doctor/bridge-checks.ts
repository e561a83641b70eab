import { inBoth } from '../../kernel/language.ts';
import type { MeterSettings } from '../../model/settings.ts';
import type { Pan } from '../../model/pan.ts';
import type { MeterSnapshot } from '../../web/status-snapshot.ts';
import { publishedError } from '../../app/ask/bridge-status.ts';
import type { Asked, BridgeStatus } from '../../app/ask/bridge-status.ts';
import { linkWords, PHASE_WORDS, staleWords } from '../../app/phase-words.ts';
import { wordsFor } from '../../wire/port-holder.ts';
import { moduleFinding, panFinding, skewFinding, valuesFinding } from './radio-findings.ts';
import { failedBy, ok, warning } from './check.ts';
import type { CheckFinding, CheckId } from './check.ts';
import type { DoctorWorld, Sequence } from './sequence.ts';

/** Whether a bridge runs that holds the links. @throws BridgeError when there is one that cannot be asked */
export function bridgeFinding(asked: Asked): CheckFinding {
  if (asked.kind === 'failed') throw asked.error;
  if (asked.kind === 'none')
    return ok('does not run: the stick is asked directly', '停止中。スティックに直接問い合わせます');
  const { version, pid, uptime_s: upS } = asked.status;
  const who =
    pid === undefined ? inBoth(() => version) : { en: `${version}, pid ${pid}`, ja: `${version}、pid ${pid}` };
  return ok(
    `runs (${who.en}) since ${Math.round(upS)} s: it is asked for its links`,
    `動作中（${who.ja}、${Math.round(upS)} 秒前から）。接続状態を問い合わせます`,
    { version, uptime_s: Math.round(upS) },
  );
}

/** What the running bridge says of the links it holds. The port is not opened beside it. */
export async function heldSteps(
  { id: meter, device }: MeterSettings,
  { meters, pid }: BridgeStatus,
  { othersOn }: Pick<DoctorWorld, 'othersOn'>,
  { step }: Sequence,
): Promise<void> {
  const checks: readonly (readonly [CheckId, (held: MeterSnapshot) => CheckFinding | Promise<CheckFinding>])[] = [
    ['port', (held) => portOf(held, () => othersBeside(device, pid, othersOn))],
    ['module', moduleOf],
    ['scan', panOf],
    ['join', joinOf],
    ['reading', readingOf],
    ['meter_clock', clockOf],
  ];
  const snapshot = meters.find(({ id }) => id === meter);
  for (const [id, find] of checks)
    await step(id, 5000, () => {
      if (!snapshot) return unknownMeter(meter);
      throwFailure(snapshot, id);
      return find(snapshot);
    });
}

function unknownMeter(id: string): CheckFinding {
  return {
    mark: 'failed',
    detail: { en: `the running bridge does not know ${id}`, ja: `動作中のブリッジは ${id} を知りません` },
    advice: {
      en: 'Restart the bridge: its configuration is older.',
      ja: 'ブリッジを再起動してください（設定が古いままです）。',
    },
  };
}

const CODES: Readonly<Partial<Record<CheckId, RegExp>>> = {
  port: /^PORT_/,
  module: /^MODULE_|^COMMAND_REFUSED$/,
  scan: /^PAN_/,
  join: /^JOIN_|^SESSION_LOST$/,
};

/** What keeps the bridge from this link, by its own account; an error that a good answer has followed is over. */
function throwFailure(snapshot: MeterSnapshot, id: CheckId): void {
  const error = publishedError(snapshot.error);
  const isOver = snapshot.fresh && snapshot.phase === 'connected';
  if (error && !isOver && CODES[id]?.test(error.code)) throw error;
}

async function portOf(snapshot: MeterSnapshot, others: () => Promise<CheckFinding | undefined>): Promise<CheckFinding> {
  if (snapshot.phase === 'opening' && !snapshot.module) return underWay(snapshot);
  return (await others()) ?? ok('held by the bridge', 'ブリッジが使用中');
}

/** Root, say, may open a port that the bridge has for itself. */
async function othersBeside(
  device: string,
  bridgePid: number | undefined,
  othersOn: DoctorWorld['othersOn'],
): Promise<CheckFinding | undefined> {
  const holder = bridgePid === undefined ? undefined : (await othersOn(device, bridgePid))?.holder;
  if (!holder) return undefined;
  const name = wordsFor(holder);
  return warning(
    {
      en: `held by the bridge, but ${name.en} (pid ${holder.pid}) has it open too: each gets pieces of what the stick says`,
      ja: `ブリッジが使用中ですが、${name.ja}（pid ${holder.pid}）も同じポートを開いています。受信データが双方に分かれてしまいます`,
    },
    {
      en: `Stop ${name.en} (kill ${holder.pid}, or its service); only one program can use the stick.`,
      ja: `${name.ja}（kill ${holder.pid}、またはそのサービス）を止めてください。スティックを使えるプログラムは1つだけです。`,
    },
  );
}

function moduleOf(snapshot: MeterSnapshot): CheckFinding {
  const { module } = snapshot;
  if (!module) return underWay(snapshot);
  const { edition, stack_version: stackVersion, app_version: appVersion } = module;
  return moduleFinding({
    edition: edition as 'SE' | 'DSE' | 'J11',
    stackVersion,
    ...(appVersion === undefined ? {} : { appVersion }),
  });
}

function panOf(snapshot: MeterSnapshot): CheckFinding {
  const { pan, lqi, rssi, signal_age_s: ageS } = snapshot;
  if (!pan) return underWay(snapshot);
  const { channel, pan_id: panId, mac: macAddress } = pan;
  const heard: Pan = { channel, panId: Number.parseInt(panId, 16), macAddress, ...(lqi === undefined ? {} : { lqi }) };
  return panFinding(heard, 0, { rssi, ageS });
}

function joinOf(snapshot: MeterSnapshot): CheckFinding {
  if (snapshot.phase !== 'connected' && snapshot.phase !== 'paused') return lost(snapshot);
  const { reconnects } = snapshot;
  const { en, ja } = linkWords(snapshot);
  return ok(`${en}, ${reconnects} reconnect(s)`, `${ja}、再接続 ${reconnects} 回`, { reconnects });
}

const readingOf = (snapshot: MeterSnapshot): CheckFinding =>
  snapshot.fresh ? valuesFinding(({ key }) => snapshot.reading?.[key]?.value) : lost(snapshot);

const clockOf = ({ clock_skew: skew }: MeterSnapshot): CheckFinding =>
  skew === undefined ? ok('not measured yet', 'まだ測定していません') : skewFinding(skew.value * 1000);

/** Not up, and the bridge is at it. */
function lost(snapshot: MeterSnapshot): CheckFinding {
  const error = publishedError(snapshot.error);
  const own = error && failedBy(error);
  const link = linkWords(snapshot);
  return {
    mark: 'failed',
    detail: inBoth((language) =>
      [link[language], own?.detail[language] ?? (snapshot.reason && staleWords(snapshot)[language])]
        .filter(Boolean)
        .join(': '),
    ),
    advice: own?.advice ?? {
      en: 'The bridge goes on trying by itself; run doctor again in a minute.',
      ja: 'ブリッジが自動で再試行します。1分後にもう一度実行してください。',
    },
    ...(error && { code: error.code }),
  };
}

const underWay = ({ phase }: MeterSnapshot): CheckFinding =>
  warning(
    { en: `not known yet: ${PHASE_WORDS[phase].en}`, ja: `まだ不明: ${PHASE_WORDS[phase].ja}` },
    { en: 'Run doctor again in a minute.', ja: '1分後にもう一度実行してください。' },
  );
