import type { Command } from 'commander';
import { formatHostPort } from '../kernel/host-port.ts';
import type { Text } from '../kernel/language.ts';
import type { Settings } from '../model/settings.ts';
import { addCommand, requireSettings } from '../app/command.ts';
import { say } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { homeAssistantApp } from '../app/home-assistant-app/home-assistant-app.ts';
import { openToOthers } from '../app/load-settings.ts';
import { isOpenToAll } from '../web/access.ts';

/** `config check | schema | example` */
export function addConfigCommand(program: Command, context: CliContext): void {
  const group = addCommand(program, context, 'config', {
    en: 'check the configuration, or print its schema or an example',
    ja: '設定の確認、スキーマ・設定例の表示',
  });
  const check = { en: 'tell every problem at once, with line numbers', ja: 'すべての問題を行番号つきで一度に表示' };
  addCommand(group, context, 'check', check).action(async (_options: unknown, command: Command) =>
    checkConfig(command, context),
  );
  const schema = { en: 'print the JSON schema for editors', ja: 'エディタ用のJSONスキーマを表示' };
  addCommand(group, context, 'schema', schema).action(async () => {
    const { configJsonSchema } = await import('../config/json-schema.ts');
    context.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  });
  const example = { en: 'print a commented example', ja: 'コメントつきの設定例を表示' };
  addCommand(group, context, 'example', example).action(async () => {
    const { exampleText } = await import('../config/example.ts');
    context.stdout.write(await exampleText());
  });
}

async function checkConfig(command: Command, context: CliContext): Promise<void> {
  const { settings, file, secretFiles } = await requireSettings(command, context);
  const source = file ?? { en: 'environment', ja: '環境変数' }[context.language];
  context.stdout.write(`${source}: OK\n`);
  for (const line of summary(settings)) context.stdout.write(`  ${line[context.language]}\n`);
  for (const path of await openToOthers(secretFiles)) say(context.stderr, context, openText(path));
  const { http } = settings;
  if (http && homeAssistantApp(context.env) === undefined && isOpenToAll(http))
    say(context.stderr, context, openPageText(formatHostPort(http.listen)));
}

/** What is configured, without anything secret. */
function summary({ meters, mqtt, homeAssistant, http, stateDir }: Settings): Text[] {
  const lines: Text[] = meters.map(({ id, name, device, intervalS }) => ({
    en: `meter ${id} (${name}): ${device}, every ${intervalS} s`,
    ja: `メーター ${id}（${name}）: ${device}、${intervalS} 秒ごと`,
  }));
  if (mqtt) {
    lines.push({
      en: `broker: ${withoutQuery(mqtt.url)}, topics under ${mqtt.baseTopic}`,
      ja: `ブローカー: ${withoutQuery(mqtt.url)}、トピック ${mqtt.baseTopic}`,
    });
    if (homeAssistant.discovery) {
      lines.push({ en: `Home Assistant: ${homeAssistant.prefix}`, ja: `Home Assistant: ${homeAssistant.prefix}` });
    }
  }
  if (homeAssistant.importStatistics !== 'off') {
    const text = `${homeAssistant.importStatistics}, ${homeAssistant.url ?? ''}`;
    lines.push({ en: `import into its statistics: ${text}`, ja: `統計の補完: ${text}` });
  }
  if (http)
    lines.push({
      en: `page and metrics: http://${formatHostPort(http.listen)}/`,
      ja: `ページ・メトリクス: http://${formatHostPort(http.listen)}/`,
    });
  lines.push({
    en: `kept over a restart in: ${stateDir ?? 'nowhere (no state_dir)'}`,
    ja: `再起動後も使うデータ: ${stateDir ?? 'なし（state_dir が未設定）'}`,
  });
  return lines;
}

/** Some brokers on the web take a key there. */
const withoutQuery = (url: string): string => url.replace(/\?.*$/s, '?…');

const openText = (path: string): Text => ({
  en: `warning: ${path} holds secrets and others can read it: chmod 600 ${path}`,
  ja: `警告: ${path} には秘密の値がありますが、他のユーザーも読めます: chmod 600 ${path}`,
});

const openPageText = (address: string): Text => ({
  en: `warning: everybody who reaches ${address} can read the page, and it gives no commands: set http.token (make one up: openssl rand -hex 16)`,
  ja: `警告: ${address} に接続できる人は誰でもページを見られます。また、ページからの操作は使えません。http.token を設定してください（作成例：openssl rand -hex 16）`,
});
