import type { Problem } from '../../config/problems.ts';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { CliContext } from '../context.ts';
import type { LoadOutcome } from '../load-settings.ts';
import type { SetupAnswers } from '../setup/config-text.ts';
import type { Destination, GivenBefore } from '../setup/destination.ts';
import { translateOptions } from './app-options.ts';
import type { AppConfiguration, AppOptions } from './app-options.ts';
import { checkApp } from './app-settings.ts';
import { askSupervisor, saidBy } from './ask-supervisor.ts';
import { askForBroker } from './broker-offer.ts';
import type { BrokerVariables } from './broker-offer.ts';
import type { HomeAssistantApp } from './home-assistant-app.ts';
import { givenByOptions, mergeAnswers, optionsText } from './set-up-options.ts';

/** The options of the app, written by the Supervisor: what the Configuration tab shows, and the next start reads. */
export class OptionsDestination implements Destination {
  readonly name = 'options';
  readonly intro = INTRO;
  readonly wrong: readonly Problem[];
  readonly withoutBroker = NO_BROKER;
  readonly #app: HomeAssistantApp;
  readonly #context: CliContext;
  readonly #asRead: AppOptions;
  readonly #given: Pick<GivenBefore, 'device' | 'broker' | 'credentials'>;
  #stored: AppOptions;
  #offer: BrokerVariables | undefined;
  #written: AppConfiguration | undefined;

  /** @param options what the Supervisor wrote for this start. */
  constructor(app: HomeAssistantApp, options: AppOptions, problems: readonly Problem[], context: CliContext) {
    this.#app = app;
    this.#context = context;
    this.#asRead = options;
    this.#stored = options;
    this.wrong = problems.filter(({ where }) => (options[where] ?? '') !== ''); // what is missing is asked for
    this.#given = givenByOptions(options, new Set(problems.map(({ where }) => where)));
  }

  get given(): GivenBefore {
    const broker = this.#given.broker ?? this.#offer?.['BROUTE2MQTT_MQTT_URL'];
    const listen = this.#context.env['BROUTE2MQTT_HTTP_LISTEN'];
    return {
      ...this.#given,
      ...(broker !== undefined && { broker }),
      ...(listen !== undefined && { listen }),
      language: false, // the page's
      token: true, // Home Assistant has seen to the login
      stateDir: true,
    };
  }

  /** What was written at last. */
  get written(): AppConfiguration | undefined {
    return this.#written;
  }

  /** A broker app may have started meanwhile. */
  async refresh(signal: AbortSignal): Promise<void> {
    const offer = await askForBroker(this.#app.supervisor, systemClock, signal);
    this.#offer = offer.kind === 'offered' ? offer.broker : undefined;
  }

  shown(answers: SetupAnswers): string {
    return optionsText(mergeAnswers(this.#stored, answers));
  }

  async load(answers: SetupAnswers): Promise<LoadOutcome> {
    return await this.#check(this.#configurationOf(mergeAnswers(this.#stored, answers)));
  }

  /** What was saved on the Configuration tab since the start is kept: it is merged with what stands there now. */
  async write(answers: SetupAnswers, signal: AbortSignal): Promise<LoadOutcome> {
    const { options: stored } = await this.#ask('/addons/self/info', signal);
    if (typeof stored === 'object' && stored !== null) this.#stored = stored as AppOptions;
    const options = mergeAnswers(this.#stored, answers);
    const configuration = this.#configurationOf(options);
    const checked = await this.#check(configuration);
    if (!checked.ok) return checked;
    await this.#ask('/addons/self/options', signal, { options });
    this.#written = configuration;
    return checked;
  }

  /** `!secret name` stays one in the options; the Supervisor wrote what stands behind it for this start. */
  #configurationOf(options: AppOptions): AppConfiguration {
    const plain = Object.entries(options).map(([name, value]) => {
      const isName = typeof value === 'string' && value.startsWith('!secret ');
      return [name, isName ? this.#asRead[name] : value];
    });
    return translateOptions(Object.fromEntries(plain) as AppOptions);
  }

  #check(configuration: AppConfiguration): Promise<LoadOutcome> {
    return checkApp(configuration, configuration.hasBroker ? undefined : this.#offer, this.#context);
  }

  /** @throws BridgeError in words for the page, or the signal's reason */
  async #ask(path: string, signal: AbortSignal, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const answer = await askSupervisor(this.#app.supervisor, path, systemClock, signal, body).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        throw notTaken((error as Error).message);
      },
    );
    const message = answer.message && this.#context.redactor.redact(answer.message); // before it is cut
    if (answer.status !== 200) throw notTaken(saidBy({ ...answer, message }));
    return answer.data;
  }
}

const notTaken = (why: string): BridgeError =>
  new BridgeError('CONFIG_INVALID', {
    en: `Home Assistant did not take the options: ${why}`,
    ja: `Home Assistantが設定を受け付けませんでした: ${why}`,
  });

const INTRO: Text = {
  en: 'At the end this is saved as the options of the app; what stands there already stays. You may as well fill in the Configuration tab: on saving, Home Assistant offers to restart the app. Accept that.',
  ja: '最後に、アプリの設定として保存します（設定済みの項目はそのまま残ります）。「構成」タブで入力してもかまいません。その場合は、保存時に確認されるアプリの再起動を実行してください。',
};
const NO_BROKER: Text = {
  en: 'No broker app yet. Install and start the Mosquitto broker app: it is used by itself, also later, and nothing is to be entered. Only for another broker type its address.',
  ja: 'ブローカーアプリがまだありません。Mosquitto brokerアプリをインストールして起動してください（後からでも自動で使います。入力は不要です）。別のブローカーを使う場合だけアドレスを入力してください。',
};
