import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Settings } from '../model/settings.ts';
import type { Kept, MeterOnBroker } from '../mqtt/kept-topics.ts';
import { addCommand, requireSettings } from '../app/command.ts';
import { say } from '../app/context.ts';
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
  const { language } = context;
  addCommand(program, context, 'cleanup', {
    en: 'remove our retained topics and the Home Assistant device',
    ja: '保持トピックとHome Assistantのデバイスを削除',
  })
    .option(
      '--meter <ID>',
      {
        en: 'which meter, also one no longer configured (default: all configured)',
        ja: '対象のメーター。設定から外したidも可（既定: 設定にあるすべて）',
      }[language],
    )
    .option('--dry-run', { en: 'only say what would be removed', ja: '削除せず、対象だけを表示' }[language])
    .option(
      '--force',
      {
        en: 'although the broker says that a bridge is connected',
        ja: 'ブローカー上でブリッジが接続中でも実行',
      }[language],
    )
    .action(async (options: CleanupOptions, command: Command) => {
      const { settings } = await requireSettings(command, context);
      await cleanUp(settings, options, context);
    });
}

async function cleanUp(settings: Settings, options: CleanupOptions, context: CliContext): Promise<void> {
  const { mqtt, homeAssistant, meters, stateDir } = settings;
  if (!mqtt) throw new BridgeError('CONFIG_INVALID', 'there is no mqtt in the configuration', { hint: noBroker });
  const ids = options.meter === undefined ? meters.map(({ id }) => id) : [validId(options.meter)];
  const [{ askBridge }, { visitBroker }, { identityOf }] = await Promise.all([
    import('../app/ask/ask-bridge.ts'),
    import('../broker/broker-visit.ts'),
    import('../mqtt/mqtt-topics.ts'),
  ]);
  const isRefusable = options.force !== true && options.dryRun !== true;
  const asked = isRefusable ? await askBridge(settings, systemClock, context.signal) : undefined;
  for (const meterId of ids) {
    const meter = { meterId, baseTopic: mqtt.baseTopic, prefix: homeAssistant.prefix };
    // it may be without its broker just now, which then calls it offline
    if (asked?.kind === 'answered' && asked.status.meters.some(({ id }) => id === meterId))
      throw running(`a bridge runs for meter ${meterId}`);
    const clientId = `${identityOf(meterId)}_cleanup`;
    await visitBroker(mqtt, clientId, systemClock, LIMIT_MS, context.signal, async (link, signal) => {
      const { topicRefused } = await import('../broker/reason-codes.ts');
      const { forget, keptOf } = await import('../mqtt/kept-topics.ts');
      const kept = await keptOf(link, meter, systemClock, signal);
      if (kept.online && isRefusable) throw running(onlineText(meter));
      if (options.dryRun !== true && kept.own.length > 0) {
        await forget(link, kept.own);
        // MQTT 3.1.1 has no way to refuse a message: only another look tells.
        const [left] = (await keptOf(link, meter, systemClock, signal)).own;
        if (left !== undefined) throw topicRefused(link.url, 'writing', left);
      }
      tell(context, meterId, kept, options.dryRun === true);
    });
    if (options.dryRun !== true) await forgetEntities(stateDir, meterId, context);
  }
}

/** It becomes a topic and the name of a folder. */
function validId(id: string): string {
  if (/^[a-z0-9_-]{1,64}$/.test(id)) return id;
  throw new BridgeError('USAGE', '--meter: an id consists of a-z, 0-9, _ and -');
}

const noBroker = {
  en: 'Without a broker nothing of ours is kept anywhere.',
  ja: 'ブローカーを使わない設定なので、削除するものはありません。',
};

const onlineText = ({ baseTopic, meterId }: MeterOnBroker): string =>
  `${baseTopic}/${meterId}/bridge/availability is online: a bridge is connected`;

const running = (how: string): BridgeError =>
  new BridgeError('BRIDGE_RUNNING', `${how} and would publish everything again`, {
    hint: {
      en: 'Stop the bridge first (docker compose stop, systemctl stop broute2mqtt, or the app’s Stop). If none runs, and the broker only did not hear of its end: --force.',
      ja: '先にブリッジを停止してください（docker compose stop、systemctl stop broute2mqtt、アプリの「停止」）。動いているものがなく表示だけが残っている場合は --force を付けてください。',
    },
  });

function tell(context: CliContext, meterId: string, { own, foreign }: Kept, dryRun: boolean): void {
  if (own.length === 0)
    say(context.stdout, context, {
      en: `${meterId}: the broker keeps nothing of ours`,
      ja: `${meterId}: ブローカーに保持トピックはありません`,
    });
  else
    say(context.stdout, context, {
      en: `${meterId}: ${dryRun ? 'would remove' : 'removed'}`,
      ja: `${meterId}: ${dryRun ? '削除対象' : '削除しました'}`,
    });
  for (const topic of own) context.stdout.write(`  ${topic}\n`);
  for (const topic of foreign)
    say(context.stderr, context, { en: `not ours, left alone: ${topic}`, ja: `対象外のため残します: ${topic}` });
}

/**
 * The next start announces what the meter has then, as the first one did. Registers and PAN stay: they are about the
 * meter, not about the broker.
 */
async function forgetEntities(stateDir: string | undefined, meterId: string, context: CliContext): Promise<void> {
  if (stateDir === undefined) return;
  const [{ meterMemory }, { ANNOUNCED_FILE }, { createLog }] = await Promise.all([
    import('../meter/meter-memory.ts'),
    import('../mqtt/announced.ts'),
    import('../kernel/log.ts'),
  ]);
  const { redactor } = context;
  const destination = { write: (line: string) => void context.stderr.write(line) };
  const memory = meterMemory(join(stateDir, meterId), createLog({ level: 'warn', redactor, destination }));
  await rm(join(stateDir, meterId, ANNOUNCED_FILE), { force: true }); // Home Assistant knows nothing of it any more
  const remembered = await memory.load();
  if (remembered?.profile === undefined) return;
  const { profile: _, ...rest } = remembered;
  if (!(await memory.save(rest)))
    throw new BridgeError('STATE_UNWRITABLE', `${join(stateDir, meterId)}: the announced entities stay remembered`);
}
