import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import type { Settings } from '../model/settings.ts';
import type { Kept, MeterOnBroker } from '../mqtt/kept-topics.ts';
import { addCommand, requireSettings } from '../app/command.ts';
import { say, stderrLog } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';

interface CleanupOptions {
  readonly meter?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** For a visit of one meter's topics; a broker answers in milliseconds. */
const LIMIT_MS = 20_000;

/** `cleanup`: takes everything of ours off the broker, so that Home Assistant forgets the device. */
export function addCleanupCommand(program: Command, context: CliContext): void {
  const help = {
    en: 'remove our retained topics and the Home Assistant device',
    ja: '保持トピックとHome Assistantのデバイスを削除',
  };
  addCommand(program, context, 'cleanup', help, [
    [
      '--meter <ID>',
      {
        en: 'which meter, also one no longer configured (default: all configured)',
        ja: '対象のメーター。設定から外したidも可（既定: 設定にあるすべて）',
      },
    ],
    ['--dry-run', { en: 'only say what would be removed', ja: '削除せず、対象だけを表示' }],
    [
      '--force',
      { en: 'although the broker says that a bridge is connected', ja: 'ブローカー上でブリッジが接続中でも実行' },
    ],
  ]).action(async (options: CleanupOptions, command: Command) => {
    const { settings } = await requireSettings(command, context);
    await cleanUp(settings, options, context);
  });
}

async function cleanUp(
  settings: Settings,
  { meter: wanted, dryRun = false, force = false }: CleanupOptions,
  context: CliContext,
): Promise<void> {
  const { mqtt, homeAssistant, meters, stateDir } = settings;
  if (!mqtt) throw new BridgeError('CONFIG_INVALID', NO_MQTT, { hint: NO_BROKER });
  const ids = wanted === undefined ? meters.map(({ id }) => id) : [validId(wanted)];
  const [{ askBridge }, { visitBroker }, { topicRefused }, { forget, keptOf }, { identityOf }] = await Promise.all([
    import('../app/ask/ask-bridge.ts'),
    import('../broker/broker-visit.ts'),
    import('../broker/reason-codes.ts'),
    import('../mqtt/kept-topics.ts'),
    import('../mqtt/mqtt-topics.ts'),
  ]);
  const isRefusable = !force && !dryRun;
  const asked = isRefusable ? await askBridge(settings, systemClock, context.signal) : undefined;
  for (const meterId of ids) {
    const meter = { meterId, baseTopic: mqtt.baseTopic, prefix: homeAssistant.prefix };
    // it may be without its broker just now, which then calls it offline
    if (asked?.kind === 'answered' && asked.status.meters.some(({ id }) => id === meterId))
      throw running({ en: `a bridge runs for meter ${meterId}`, ja: `メーター ${meterId} のブリッジが動作中です` });
    const clientId = `${identityOf(meterId)}_cleanup`;
    await visitBroker(mqtt, clientId, systemClock, LIMIT_MS, context.signal, async (link, signal) => {
      const kept = await keptOf(link, meter, systemClock, signal);
      if (kept.online && isRefusable) throw running(onlineText(meter));
      if (!dryRun && kept.own.length > 0) {
        await forget(link, kept.own);
        // MQTT 3.1.1 has no way to refuse a message: only another look tells.
        const [left] = (await keptOf(link, meter, systemClock, signal)).own;
        if (left !== undefined) throw topicRefused(link.url, 'writing', left);
      }
      report(context, meterId, kept, dryRun);
    });
    if (!dryRun) await forgetEntities(stateDir, meterId, context);
  }
}

/** It becomes a topic and the name of a folder. */
function validId(id: string): string {
  if (/^[a-z0-9_-]{1,64}$/.test(id)) return id;
  throw new BridgeError('USAGE', {
    en: '--meter: an id consists of a-z, 0-9, _ and -',
    ja: '--meter: idに使えるのは a-z、0-9、_、- です',
  });
}

const NO_MQTT: Text = { en: 'there is no mqtt in the configuration', ja: '設定に mqtt がありません' };
const NO_BROKER: Text = {
  en: 'Without a broker nothing of ours is kept anywhere.',
  ja: 'ブローカーを使わない設定なので、削除するものはありません。',
};

const onlineText = ({ baseTopic, meterId }: MeterOnBroker): Text => ({
  en: `${baseTopic}/${meterId}/bridge/availability is online: a bridge is connected`,
  ja: `${baseTopic}/${meterId}/bridge/availability が online です（ブリッジが接続しています）`,
});

const running = ({ en, ja }: Text): BridgeError =>
  new BridgeError(
    'BRIDGE_RUNNING',
    { en: `${en} and would publish everything again`, ja: `${ja}。削除してもすべて再送されます` },
    { hint: STOP_FIRST },
  );

const STOP_FIRST: Text = {
  en: 'Stop the bridge first (docker compose stop, systemctl stop broute2mqtt, or the app’s Stop). If none runs, and the broker only did not hear of its end: --force.',
  ja: '先にブリッジを停止してください（docker compose stop、systemctl stop broute2mqtt、アプリの「停止」）。動いているものがなく表示だけが残っている場合は --force を付けてください。',
};

function report(context: CliContext, meterId: string, { own, foreign }: Kept, dryRun: boolean): void {
  const done = dryRun ? { en: 'would remove', ja: '削除対象' } : { en: 'removed', ja: '削除しました' };
  const text =
    own.length > 0 ? done : { en: 'the broker keeps nothing of ours', ja: 'ブローカーに保持トピックはありません' };
  context.stdout.write(`${meterId}: ${text[context.language]}\n`);
  for (const topic of own)
    say(
      context.stdout,
      context,
      inBoth(() => `  ${topic}`),
    );
  for (const topic of foreign)
    say(context.stderr, context, { en: `not ours, left alone: ${topic}`, ja: `対象外のため残します: ${topic}` });
}

/**
 * The next start announces what the meter has then, as the first one did. Registers and PAN stay: they are about the
 * meter, not about the broker.
 */
async function forgetEntities(stateDir: string | undefined, meterId: string, context: CliContext): Promise<void> {
  if (stateDir === undefined) return;
  const folder = join(stateDir, meterId);
  const [{ meterMemory }, { ANNOUNCED_FILE }] = await Promise.all([
    import('../meter/meter-memory.ts'),
    import('../mqtt/announced.ts'),
  ]);
  const memory = meterMemory(folder, await stderrLog(context, 'warn'));
  await rm(join(folder, ANNOUNCED_FILE), { force: true }); // Home Assistant knows nothing of it any more
  const remembered = await memory.load();
  if (remembered?.profile === undefined) return;
  const { profile: _, ...rest } = remembered;
  if (await memory.save(rest)) return;
  throw new BridgeError('STATE_UNWRITABLE', {
    en: `${folder}: the announced entities stay remembered`,
    ja: `${folder}: 登録済みエンティティの記録を消せません`,
  });
}
