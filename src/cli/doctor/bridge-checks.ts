import type { Config, MeterConfig } from '../../config/schema.ts';
import { BridgeError, errorCodes } from '../../kernel/errors.ts';
import type { ErrorCode } from '../../kernel/errors.ts';
import { languages } from '../../kernel/language.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import type { MeterSnapshot } from '../../web/status-snapshot.ts';
import type { Asked } from '../../app/ask/asked.ts';
import type { BridgeStatus } from '../../app/ask/bridge-status.ts';
import { linkWords, phaseWords } from '../../app/phase-words.ts';
import { failedBy, ok, titles, warning } from './check.ts';
import type { Check, CheckId, CheckFinding } from './check.ts';
import { panFinding } from './radio-checks.ts';
import { moduleFinding, skewFinding, valuesFinding, valuesOf } from './radio-words.ts';
import type { DoctorWorld } from './world.ts';

/** Whether a bridge runs that holds the links. @param onAnswer hears its account. */
export const bridgeCheck = (config: Config, world: DoctorWorld, onAnswer: (status: BridgeStatus) => void): Check => ({
  id: 'bridge',
  title: titles.bridge,
  needs: ['configuration'],
  limitMs: 5000,
  async run(signal) {
    const asked: Asked = await world.askBridge(config, signal);
    if (asked.kind === 'failed') throw asked.error;
    if (asked.kind === 'none')
      return ok('does not run: the stick is asked directly', '停止中。スティックに直接問い合わせます');
    onAnswer(asked.status);
    const { version, pid, uptime_s: upS } = asked.status;
    const who = pid === undefined ? version : `${version}, pid ${pid}`;
    return ok(
      `runs (${who}) since ${Math.round(upS)} s: it is asked for its links`,
      `動作中（${who}、${Math.round(upS)} 秒前から）。接続状態を問い合わせます`,
      { version, uptime_s: Math.round(upS) },
    );
  },
});

/** What the running bridge says of the links it holds. The port is not opened beside it. */
export function heldChecks(
  meter: MeterConfig,
  status: BridgeStatus,
  world: Pick<DoctorWorld, 'othersOn'>,
): readonly Check[] {
  const snapshot = status.meters.find(({ id }) => id === meter.id);
  const rows: readonly (readonly [
    CheckId,
    readonly CheckId[],
    (snapshot: MeterSnapshot) => CheckFinding | Promise<CheckFinding>,
  ])[] = [
    ['port', ['bridge'], (held) => portOf(held, () => othersBeside(meter.device, status.pid, world))],
    ['module', ['port'], moduleOf],
    ['scan', ['module'], panOf],
    ['join', ['scan'], joinOf],
    ['reading', ['join'], readingOf],
    ['meter_clock', ['reading'], clockOf],
  ];
  return rows.map(([id, needs, find]) => ({
    id,
    meter: meter.id,
    title: titles[id],
    needs,
    limitMs: 5000,
    run: async () => (snapshot ? await find(snapshot) : unknownMeter(meter.id)),
  }));
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

const codes: Readonly<Partial<Record<CheckId, RegExp>>> = {
  port: /^PORT_/,
  module: /^MODULE_|^COMMAND_REFUSED$/,
  scan: /^PAN_/,
  join: /^JOIN_|^SESSION_LOST$/,
};

/** What keeps the bridge from this link, by its own account; an error that a good answer has followed is over. */
function throwFailure({ error, fresh, phase }: MeterSnapshot, id: CheckId): void {
  const code = errorCodes.find((known) => known === error?.code);
  if (!error || !code || (fresh && phase === 'connected') || !codes[id]?.test(code)) return;
  throw new BridgeError(code, plain(error.message, code), hintOf(error.hint, code));
}

const plain = (message: string, code: ErrorCode): string => message.replace(` [${code}]`, '');
/** It comes in the bridge's language: where it is the catalogue's own, that one says it in the user's. */
function hintOf(hint: string, code: ErrorCode): { readonly hint?: Text } {
  const own = new BridgeError(code, '');
  return hint === '' || languages.some((language) => own.hint(language) === hint)
    ? {}
    : { hint: { en: hint, ja: hint } };
}

async function portOf(snapshot: MeterSnapshot, others: () => Promise<CheckFinding | undefined>): Promise<CheckFinding> {
  throwFailure(snapshot, 'port');
  if (snapshot.phase === 'opening' && !snapshot.module) return underWay(snapshot);
  return (await others()) ?? ok('held by the bridge', 'ブリッジが使用中');
}

/** Root, say, may open a port that the bridge has for itself. */
async function othersBeside(
  device: string,
  bridgePid: number | undefined,
  { othersOn }: Pick<DoctorWorld, 'othersOn'>,
): Promise<CheckFinding | undefined> {
  const holder = bridgePid === undefined ? undefined : (await othersOn(device, bridgePid))?.holder;
  if (!holder) return undefined;
  const who = `${holder.name} (pid ${holder.pid})`;
  return warning(
    {
      en: `held by the bridge, but ${who} has it open too: each gets pieces of what the stick says`,
      ja: `ブリッジが使用中ですが、${who} も同じポートを開いています。受信データが双方に分かれてしまいます`,
    },
    {
      en: `Stop ${holder.name} (kill ${holder.pid}, or its service); only one program can use the stick.`,
      ja: `${holder.name}（kill ${holder.pid}、またはそのサービス）を止めてください。スティックを使えるプログラムは1つだけです。`,
    },
  );
}

function moduleOf(snapshot: MeterSnapshot): CheckFinding {
  throwFailure(snapshot, 'module');
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
  throwFailure(snapshot, 'scan');
  const { pan, lqi, rssi, signal_age_s: ageS } = snapshot;
  if (!pan) return underWay(snapshot);
  const { channel, pan_id: panId, mac: macAddress } = pan;
  const heard: Pan = { channel, panId: Number.parseInt(panId, 16), macAddress, ...(lqi === undefined ? {} : { lqi }) };
  return panFinding(heard, 0, { rssi, ageS });
}

function joinOf(snapshot: MeterSnapshot): CheckFinding {
  throwFailure(snapshot, 'join');
  if (snapshot.phase !== 'connected' && snapshot.phase !== 'paused') return lost(snapshot);
  const words = linkWords(snapshot);
  return ok(`${words.en}, ${snapshot.reconnects} reconnect(s)`, `${words.ja}、再接続 ${snapshot.reconnects} 回`, {
    reconnects: snapshot.reconnects,
  });
}

function readingOf(snapshot: MeterSnapshot): CheckFinding {
  if (snapshot.fresh) return valuesFinding(valuesOf(snapshot));
  return lost(snapshot);
}

const clockOf = ({ clock_skew: skew }: MeterSnapshot): CheckFinding =>
  skew === undefined ? ok('not measured yet', 'まだ測定していません') : skewFinding(skew.value * 1000);

/** Not up, and the bridge is at it. */
function lost(snapshot: MeterSnapshot): CheckFinding {
  const { error, reason } = snapshot;
  const code = errorCodes.find((known) => known === error?.code);
  const own =
    error && code ? failedBy(new BridgeError(code, plain(error.message, code), hintOf(error.hint, code))) : undefined;
  const words = linkWords(snapshot);
  const why = own?.detail.en ?? reason;
  return {
    mark: 'failed',
    detail: { en: [words.en, why].filter(Boolean).join(': '), ja: [words.ja, why].filter(Boolean).join(': ') },
    advice: own?.advice ?? {
      en: 'The bridge goes on trying by itself; run doctor again in a minute.',
      ja: 'ブリッジが自動で再試行します。1分後にもう一度実行してください。',
    },
    ...(code && { code }),
  };
}

const underWay = ({ phase }: MeterSnapshot): CheckFinding =>
  warning(
    { en: `not known yet: ${phaseWords[phase].en}`, ja: `まだ不明: ${phaseWords[phase].ja}` },
    { en: 'Run doctor again in a minute.', ja: '1分後にもう一度実行してください。' },
  );
