import type { MqttSettings, Settings } from '../../model/settings.ts';
import type { BridgeError } from '../../kernel/errors.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { shownUrl } from '../../broker/connection-attempt.ts';
import { TAKEN_OVER_HINT } from '../../broker/reason-codes.ts';
import { publishedError } from '../../app/ask/bridge-status.ts';
import type { BridgeStatus } from '../../app/ask/bridge-status.ts';
import { brokerFindings } from '../../app/broker-findings.ts';
import type { BrokerFindings } from '../../app/broker-findings.ts';
import { failedBy, ok, warning } from './check.ts';
import type { CheckFinding, CheckId } from './check.ts';
import type { DoctorWorld, Sequence } from './sequence.ts';

const LIMIT_MS = 60_000;
const STAGES = ['address', 'tls', 'login', 'in'] as const;

/** Address, TLS, login, topics and Home Assistant, all from one visit. @param status of the running bridge, which has connections of its own. */
export async function brokerSteps(
  settings: Settings,
  mqtt: MqttSettings,
  status: BridgeStatus | undefined,
  { clock }: DoctorWorld,
  all: Sequence,
): Promise<void> {
  let visit: Promise<BrokerFindings> | undefined;
  const step = (id: CheckId, find: (found: BrokerFindings) => CheckFinding, { step: take } = all): Promise<void> =>
    take(id, LIMIT_MS, async (signal) => find(await (visit ??= brokerFindings(settings, mqtt, clock, signal))));
  const isTls = /^(mqtts|wss):/.test(mqtt.url);
  await step('broker', (found) => reached(found, 'address') ?? addressFinding(mqtt, isTls));
  if (isTls) await step('tls', (found) => reached(found, 'tls') ?? tlsFinding(mqtt));
  await step('login', (found) => reached(found, 'login') ?? loginFinding(found, mqtt, status));
  await step('topics', (found) => reached(found, 'in') ?? topicsFinding(found, mqtt, status), all.branch());
  const { discovery, statusTopic: topic } = settings.homeAssistant;
  if (discovery)
    await step(
      'home_assistant',
      ({ birth }) => objection(status, 'unannounced') ?? birthFinding(birth, topic),
      all.branch(),
    );
}

/** A failure when the visit ended at this stage. */
function reached({ stage, error }: BrokerFindings, wanted: BrokerFindings['stage']): CheckFinding | undefined {
  return error && STAGES.indexOf(stage) <= STAGES.indexOf(wanted) ? failedBy(error) : undefined;
}

function addressFinding({ url }: MqttSettings, isTls: boolean): CheckFinding {
  const shown = shownUrl(url);
  return isTls
    ? ok(`${shown} answers`, `${shown} に接続できます`)
    : ok(`${shown} answers, without encryption`, `${shown} に接続できます（暗号化なし）`);
}

function tlsFinding({ tls }: MqttSettings): CheckFinding {
  if (tls.insecure)
    return warning(
      { en: 'encrypted, but anyone may answer as the broker', ja: '暗号化されていますが、相手を確認していません' },
      {
        en: 'Remove mqtt.tls.insecure and name the authority in mqtt.tls.ca_file.',
        ja: 'mqtt.tls.insecure を外し、認証局を mqtt.tls.ca_file に指定してください。',
      },
    );
  const by =
    tls.caFile === undefined
      ? { en: 'the system’s authorities', ja: 'システムの認証局' }
      : { en: 'mqtt.tls.ca_file', ja: 'mqtt.tls.ca_file' };
  return ok(`encrypted; certificate proved by ${by.en}`, `暗号化済み。証明書は${by.ja}で確認`);
}

function loginFinding(
  { protocol = '5' }: BrokerFindings,
  { username }: MqttSettings,
  status: BridgeStatus | undefined,
): CheckFinding {
  const away = status?.meters.find(({ broker }) => broker?.connected === false);
  if (away) {
    const why = (language: Language): string =>
      publishedError(away.broker?.error)?.text(language) ?? away.broker?.detail ?? '';
    return {
      mark: 'failed',
      detail: {
        en: `we get in, but the running bridge is not connected for ${away.id}: ${why('en')}`,
        ja: `ここからは入れますが、動作中のブリッジは ${away.id} で未接続です: ${why('ja')}`,
      },
      ...(away.broker?.error?.code === 'BRIDGE_RUNNING'
        ? { code: 'BRIDGE_RUNNING', advice: TAKEN_OVER_HINT }
        : { code: 'BROKER_UNREACHABLE', advice: RESTART_ADVICE }),
    };
  }
  const bridge = status
    ? { en: '; the running bridge is connected', ja: '。動作中のブリッジも接続済み' }
    : { en: '', ja: '' };
  const as =
    username === undefined
      ? { en: 'without a user name', ja: 'ユーザー名なし' }
      : { en: 'as mqtt.username', ja: 'mqtt.username' };
  return ok(`MQTT ${protocol}, ${as.en}${bridge.en}`, `MQTT ${protocol}、${as.ja}${bridge.ja}`, { protocol });
}

const RESTART_ADVICE: Text = {
  en: 'Run doctor again in a minute; if it stays, restart the bridge.',
  ja: '1分後にもう一度実行し、続く場合はブリッジを再起動してください。',
};

function topicsFinding(
  { refusal }: { readonly refusal?: BridgeError | undefined },
  { baseTopic: base }: MqttSettings,
  status: BridgeStatus | undefined,
): CheckFinding {
  if (refusal) return failedBy(refusal);
  return objection(status, 'held') ?? ok(`may write and read under ${base}`, `${base} 以下の読み書きが可能`);
}

/** What the running bridge is refused, by its own account: an access list can be right for us and wrong for it. */
const OBJECTIONS = {
  /** Nothing flows. */
  held: (id: string): Text => ({ en: `the readings of ${id} wait`, ja: `${id} の計測値が送信待ちです` }),
  /** Readings flow, and Home Assistant is told of no device. */
  unannounced: (id: string): Text => ({ en: `no device for ${id}`, ja: `${id} のデバイスを登録できません` }),
};

function objection(status: BridgeStatus | undefined, kind: keyof typeof OBJECTIONS): CheckFinding | undefined {
  for (const { id, broker } of status?.meters ?? []) {
    const published = broker?.[kind];
    if (!published) continue;
    const what = OBJECTIONS[kind](id);
    const error = publishedError(published);
    return {
      mark: 'failed',
      detail: inBoth((language) => `${what[language]}: ${error?.what[language] ?? published.message}`),
      advice: inBoth((language) => error?.hint(language) ?? published.hint),
      code: 'BROKER_REFUSED',
    };
  }
  return undefined;
}

const BIRTHS: Readonly<Record<BrokerFindings['birth'], (topic: string) => Text>> = {
  online: (topic) => ({ en: `said online on ${topic}`, ja: `${topic} に online を確認` }),
  retained: (topic) => ({ en: `online is kept on ${topic}`, ja: `${topic} に online が保持されています` }),
  offline: (topic) => ({ en: `${topic} says that it is stopped`, ja: `${topic} では停止中です` }),
  unseen: (topic) => ({ en: `nothing seen on ${topic}`, ja: `${topic} に通知がありません` }),
  refused: (topic) => ({ en: `we may not read ${topic}`, ja: `${topic} を読めません` }),
};

function birthFinding(birth: BrokerFindings['birth'], topic: string): CheckFinding {
  const detail = BIRTHS[birth](topic);
  if (birth === 'online' || birth === 'retained') return ok(detail.en, detail.ja, { birth });
  return warning(detail, birth === 'refused' ? ALLOW_STATUS : HA_ADVICE, { birth });
}

const HA_ADVICE: Text = {
  en: 'Normal unless Home Assistant started this second: it speaks there only at its start. If no device appears, check that its MQTT integration uses this broker, and that home_assistant.prefix and status_topic are its own.',
  ja: '起動時にだけ通知されるため、通常はこの表示になります。デバイスが現れない場合は、MQTT統合が同じブローカーを使っているか、home_assistant.prefix と status_topic が一致しているか確認してください。',
};
const ALLOW_STATUS: Text = {
  en: 'Allow this user to read it in the broker’s access list (deploy/mosquitto/acl).',
  ja: 'ブローカーのアクセス制御で、このユーザーに読み取りを許可してください（deploy/mosquitto/acl）。',
};
