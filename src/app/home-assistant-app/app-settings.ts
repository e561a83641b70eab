import { readFile } from 'node:fs/promises';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError, systemCode } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import { EXIT_CODES, say, Stop } from '../context.ts';
import type { CliContext } from '../context.ts';
import { loadVariables, writeProblems } from '../load-settings.ts';
import type { Loaded, LoadOutcome } from '../load-settings.ts';
import { inAppWords, translateOptions } from './app-options.ts';
import type { AppConfiguration } from './app-options.ts';
import { askForBroker } from './broker-offer.ts';
import type { BrokerVariables } from './broker-offer.ts';
import type { HomeAssistantApp } from './home-assistant-app.ts';

const MOST_BYTES = 1_000_000;

/** What the user chose. @throws BridgeError CONFIG_INVALID */
export async function readOptions({ optionsFile }: HomeAssistantApp): Promise<AppConfiguration> {
  try {
    const bytes = await readFile(optionsFile);
    if (bytes.length > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES} bytes`);
    const options: unknown = JSON.parse(bytes.toString());
    if (typeof options !== 'object' || options === null) throw new TypeError('no options in it');
    return translateOptions(options as Record<string, unknown>);
  } catch (error) {
    const code = systemCode(error) ?? (error as Error).name; // a parser quotes what it read
    throw new BridgeError(
      'CONFIG_INVALID',
      {
        en: `the options of the app cannot be read from ${optionsFile} (${code})`,
        ja: `アプリの設定を ${optionsFile} から読み込めません（${code}）`,
      },
      {
        hint: {
          en: 'Save the options on the Configuration tab of the app again, then start it.',
          ja: 'アプリの「構成」タブで設定を保存し直してから起動してください。',
        },
      },
    );
  }
}

/** With this broker, or none; what is wrong is told by the options' names. */
export async function checkApp(
  options: AppConfiguration,
  broker: BrokerVariables | undefined,
  context: CliContext,
): Promise<LoadOutcome> {
  const { variables, problems: own } = options;
  const result = await loadVariables({ ...context.env, ...variables, ...broker }, context);
  const told = new Set(own.map(({ where }) => where));
  const found = result.ok ? [] : result.problems.map((problem) => inAppWords(problem, options));
  const problems = [...own, ...found.filter(({ where }) => !told.has(where))];
  return result.ok && problems.length === 0 ? result : { ok: false, problems };
}

/** The same for who cannot go on without: the command ends. @throws Stop */
export async function settingsOfApp(
  options: AppConfiguration,
  broker: BrokerVariables | undefined,
  context: CliContext,
): Promise<Loaded> {
  const result = await checkApp(options, broker, context);
  if (result.ok) return result;
  const { language } = options;
  await writeProblems(result.problems, { ...context, language });
  say(context.stderr, { ...context, language }, WHERE_TO);
  throw new Stop(EXIT_CODES.configuration);
}

export const WHERE_TO: Text = {
  en: 'Correct this on the Configuration tab of the app, then start it again.',
  ja: 'アプリの「構成」タブで直してから、起動し直してください。',
};

/** For who needs the configuration once: the broker is asked for once. @throws Stop, BridgeError CONFIG_INVALID */
export async function loadApp(app: HomeAssistantApp, context: CliContext): Promise<Loaded> {
  context.redactor.add(app.supervisor.token);
  const options = await readOptions(app);
  const offer = options.hasBroker ? undefined : await askForBroker(app.supervisor, systemClock, context.signal);
  return await settingsOfApp(options, offer?.kind === 'offered' ? offer.broker : undefined, context);
}
