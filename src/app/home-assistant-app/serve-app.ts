import { systemClock } from '../../kernel/clock.ts';
import type { Language, Text } from '../../kernel/language.ts';
import type { BrokerHealth } from '../../model/health.ts';
import type { BridgeDeps } from '../bridge.ts';
import { say } from '../context.ts';
import type { CliContext } from '../context.ts';
import type { Loaded } from '../load-settings.ts';
import { serviceLog } from '../service-log.ts';
import type { AppConfiguration } from './app-options.ts';
import { checkApp, readOptions, settingsOfApp, WHERE_TO } from './app-settings.ts';
import type { HomeAssistantApp } from './home-assistant-app.ts';
import { askForBroker } from './broker-offer.ts';
import { followBroker } from './follow-broker.ts';
import { askForPageLink } from './page-link.ts';

/** What is different in an app. */
export type AsApp = Pick<BridgeDeps, 'onlyFrom' | 'missingBroker' | 'page'>;

/** The service as an app: with the user's own broker, else with the one the Supervisor names. @throws Stop, BridgeError CONFIG_INVALID */
export async function serveApp(
  app: HomeAssistantApp,
  context: CliContext,
  serve: (loaded: Loaded, as: AsApp, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { redactor, signal, stderr } = context;
  redactor.add(app.supervisor.token);
  const { options, loaded: alone } = await usableOptions(app, context);
  const { language, hasBroker } = options;
  const log = await serviceLog(alone.settings, redactor);
  const link = await askForPageLink(app.supervisor, { clock: systemClock, log }, signal);
  const as: AsApp = { onlyFrom: app.ingressFrom, ...(link !== undefined && { page: link }) };
  if (hasBroker) return await serve(alone, as, signal);
  const deps = {
    ask: (inner: AbortSignal) => askForBroker(app.supervisor, systemClock, inner),
    tell: (why: string) => say(stderr, { ...context, language }, noBroker(redactor.redact(why))),
    clock: systemClock,
    log,
  };
  return await followBroker(
    deps,
    async (broker, inner) =>
      broker
        ? serve(await settingsOfApp(options, broker, context), as, inner)
        : serve(alone, { ...as, missingBroker }, inner),
    signal,
  );
}

/** Those of this start or, where they cannot be used, of set-up in the app's panel. @throws Stop, BridgeError CONFIG_INVALID */
async function usableOptions(
  app: HomeAssistantApp,
  context: CliContext,
): Promise<{ readonly options: AppConfiguration; readonly loaded: Loaded }> {
  const options = await readOptions(app);
  const { language } = options;
  const checked = await checkApp(options, undefined, context);
  if (checked.ok) return { options, loaded: checked };
  const [{ serveTrouble }, { OptionsDestination }, { canMend }] = await Promise.all([
    import('../setup/serve-set-up.ts'),
    import('./options-destination.ts'),
    import('./set-up-options.ts'),
  ]);
  const { problems } = checked;
  const place = { ...context, language };
  const trouble = { problems, onlyFrom: app.ingressFrom };
  if (!canMend(problems)) return { options, loaded: await serveTrouble({ ...trouble, whereTo: WHERE_TO }, place) };
  const setUp = new OptionsDestination(app, options.options, problems, place);
  await serveTrouble({ ...trouble, setUp, whereTo: SET_UP }, place);
  const written = setUp.written ?? options;
  return { options: written, loaded: await settingsOfApp(written, undefined, context) };
}

const SET_UP: Text = {
  en: 'Not set up yet. Open this app’s page (“Open Web UI”): it leads through all of it. Or fill in the Configuration tab and restart the app.',
  ja: '初期設定がまだです。このアプリの「Web UIを開く」から設定できます。「構成」タブで入力して、アプリを再起動してもかまいません。',
};

const noBroker = (why: string): Text => ({
  en: `No MQTT broker yet (${why}). Install and start the Mosquitto broker app, or name a broker of your own in mqtt_url. Until then the readings are on this app's page alone; the broker is used as soon as it is there.`,
  ja: `MQTTブローカーがまだありません（${why}）。Mosquitto brokerアプリをインストールして起動するか、mqtt_url に自分のブローカーを指定してください。それまで計測値はこのアプリのページだけで見られます。ブローカーが見つかり次第、自動で使い始めます。`,
});

const NONE_YET: Text = {
  en: 'none yet: install and start the Mosquitto broker app, or name a broker of your own in mqtt_url',
  ja: 'まだありません。Mosquitto brokerアプリをインストールして起動するか、mqtt_url に自分のブローカーを指定してください',
};

/** For the page, which somebody looks at who wonders where the sensors are. */
const missingBroker = (language: Language): BrokerHealth => ({
  ok: false,
  connected: false,
  detail: NONE_YET[language],
  broker: '',
  error: undefined,
  held: undefined,
  unannounced: undefined,
  queued: 0,
  dropped: 0,
});
