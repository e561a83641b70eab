import { deferred, scope } from '../../kernel/async.ts';
import type { Deferred } from '../../kernel/async.ts';
import { BridgeError } from '../../kernel/errors.ts';
import { parseHostPort } from '../../kernel/host-port.ts';
import { isLanguage } from '../../kernel/language.ts';
import type { Language } from '../../kernel/language.ts';
import type { SetupActions, SetupBody } from '../../web/setup-server.ts';
import type { Clock } from '../../kernel/clock.ts';
import { problemText } from '../load-settings.ts';
import type { Loaded } from '../load-settings.ts';
import { brokerWords } from './broker-words.ts';
import type { BrokerAnswer } from './config-text.ts';
import { momentOf } from './meter-trial.ts';
import type { TrialOutcome, TrialProgress } from './meter-trial.ts';
import { isInnerAddress, pageAnswer } from './page-answer.ts';
import type { SetUp } from './set-up.ts';
import { stickWords } from './stick-search.ts';
import { momentText, successText } from './trial-texts.ts';
import { typedAmpere, typedBroker, typedPort, typedPassword, typedPrice, typedRouteBId } from './typed-values.ts';
import type { TypedValue } from './typed-values.ts';

export interface BrowserFaceDeps {
  readonly setUp: SetUp;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of our own server, which ends before the service's begins. */
  readonly port: () => number;
}

const textAt = (body: SetupBody, name: string): string => {
  const value = body[name];
  return typeof value === 'string' ? value.slice(0, 300) : '';
};
/** A folder that is not ours, a disk that is full, a file that came meanwhile: the user can mend it. @throws a defect */
function refusalOf(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  throw error;
}
/** What a form field is told: nothing where it is good. */
const complaint = (value: TypedValue<unknown>, language: Language): string => (value.ok ? '' : value.text[language]);

interface RunningTrial {
  progress?: TrialProgress;
  outcome?: TrialOutcome;
  failure?: unknown;
  stop: () => void;
  /** The port is free again. */
  done: Promise<unknown>;
}

/** The steps of set-up for a page: each action is one question of its script. Everything is decided here, nothing there. */
export class BrowserFace {
  /** Resolves once the file is written. */
  readonly finished: Deferred<Loaded> = deferred<Loaded>();
  readonly #deps: BrowserFaceDeps;
  #trial: RunningTrial | undefined;

  constructor(deps: BrowserFaceDeps) {
    this.#deps = deps;
  }

  get actions(): SetupActions {
    return {
      state: (_body, language) => this.#state(language),
      sticks: async (_body, language) => ({ sticks: await this.#sticks(language) }),
      typed: async (body, language) => ({
        id: complaint(typedRouteBId(textAt(body, 'id')), language),
        password: complaint(typedPassword(textAt(body, 'password')), language),
      }),
      try: (body, language) => this.#try(body, language),
      trial: async (_body, language) => this.#progress(language),
      brokers: (_body, language) => this.#brokers(language),
      broker: (body, language) => this.#broker(body, language),
      preview: (body, language) => this.#preview(body, language),
      write: (_body, language) => this.#write(language),
    };
  }

  async #state(language: Language): Promise<object> {
    const { given, destination } = this.#deps.setUp;
    const { intro, wrong = [] } = destination;
    const problems = wrong.length > 0 ? (await problemText(wrong, language)).split('\n') : [];
    return { mode: 'setup', given, intro: intro?.[language], problems };
  }

  async #sticks(language: Language): Promise<readonly object[]> {
    const sticks = await this.#deps.setUp.sticks();
    return sticks.map((stick) => ({
      path: stick.path,
      kind: stick.kind,
      words: stickWords(stick)[language],
      ...(stick.denied && { denied: { text: stick.denied.error.text(language), command: stick.denied.command } }),
    }));
  }

  /** Begins the trial; `trial` tells how it goes. One at a time: another one ends the one before. */
  async #try(body: SetupBody, language: Language): Promise<object> {
    const { setUp, signal } = this.#deps;
    const { device: given } = setUp.given; // as the service takes it, `auto` too
    const [device, id, password] = [
      given === undefined ? typedPort(textAt(body, 'device')) : ({ ok: true, value: given } as const),
      typedRouteBId(textAt(body, 'id')),
      typedPassword(textAt(body, 'password')),
    ];
    const asks = !setUp.given.credentials;
    const problems = {
      ...(!device.ok && { device: complaint(device, language) }),
      ...(asks && !id.ok && { id: complaint(id, language) }),
      ...(asks && !password.ok && { password: complaint(password, language) }),
    };
    if (Object.keys(problems).length > 0) return { problems };
    if (device.ok) setUp.answer({ device: device.value });
    if (asks && id.ok && password.ok) setUp.answer({ routeBId: id.value, routeBPassword: password.value });
    const before = this.#trial;
    before?.stop();
    const running = scope(signal);
    const trial: RunningTrial = { stop: () => running.abort(new Error('another trial')), done: Promise.resolve() };
    this.#trial = trial;
    trial.done = this.#run(trial, before, running.signal).finally(() => running[Symbol.dispose]());
    return {};
  }

  /** Never throws: the page asks how it went. */
  async #run(trial: RunningTrial, before: RunningTrial | undefined, signal: AbortSignal): Promise<void> {
    try {
      await before?.done;
      trial.outcome = await this.#deps.setUp.tryMeter((progress) => (trial.progress = progress), signal);
    } catch (error) {
      trial.failure = error;
    }
  }

  #progress(language: Language): object {
    const trial = this.#trial;
    if (!trial) return { running: false };
    if (trial.failure !== undefined) throw trial.failure;
    const { outcome, progress } = trial;
    if (!outcome) {
      const moment = progress && momentOf(progress, this.#deps.clock.monotonicMs());
      return { running: true, at: moment?.at ?? 1, text: moment ? momentText(moment)[language] : '…' };
    }
    if (outcome.ok) return { running: false, ok: true, text: successText(outcome)[language] };
    const { error, advice, suspect } = outcome;
    return { running: false, ok: false, text: error.text(language), hint: advice[language], suspect };
  }

  async #brokers(language: Language): Promise<object> {
    const { setUp, signal } = this.#deps;
    const brokers = await setUp.brokers(signal);
    return { brokers, given: setUp.given.broker, none: setUp.destination.withoutBroker?.[language] };
  }

  async #broker(body: SetupBody, language: Language): Promise<object> {
    const { setUp, signal } = this.#deps;
    const isGiven = setUp.given.broker !== undefined;
    const typed = textAt(body, 'url');
    if (!isGiven && typed === '') {
      setUp.answer({ broker: undefined });
      return { ok: true };
    }
    const url = typedBroker(setUp.given.broker ?? typed);
    if (!url.ok) return { ok: false, text: url.text[language], hint: '' };
    const [username, password] = [textAt(body, 'username'), textAt(body, 'password')];
    const login = username === '' ? {} : { username, ...(password !== '' && { password }) };
    const broker: BrokerAnswer | undefined = isGiven ? undefined : { url: url.value, ...login };
    const findings = await setUp.tryBroker(broker, signal);
    const wrong = brokerWords(findings, broker);
    if (wrong) {
      const { text, hint, asks } = wrong;
      const needsLogin = !isGiven && findings.stage === 'login';
      return { ok: false, asks, needsLogin, text: text[language], hint: hint[language] };
    }
    if (broker) setUp.answer({ broker });
    return { ok: true, url: url.value };
  }

  async #preview(body: SetupBody, language: Language): Promise<object> {
    const { setUp } = this.#deps;
    const [ampere, price] = [typedAmpere(textAt(body, 'ampere')), typedPrice(textAt(body, 'price'))];
    if (!ampere.ok) return { problems: { ampere: ampere.text[language] } };
    if (!price.ok) return { problems: { price: price.text[language] } };
    const wanted = textAt(body, 'language');
    const ownLanguage = isLanguage(wanted) ? wanted : language;
    setUp.answer({ contractAmpere: ampere.value, buyYenPerKwh: price.value, language: ownLanguage });
    await this.#answerPage(textAt(body, 'reach') === 'machine' ? 'machine' : 'house');
    const checked = await setUp.check();
    if (checked.ok) return { yaml: setUp.shown() };
    return { yaml: setUp.shown(), problems: { all: await problemText(checked.problems, language) } };
  }

  /** Asked once: the token that was shown stays. */
  async #answerPage(reach: 'house' | 'machine'): Promise<void> {
    const { setUp, port } = this.#deps;
    const { listen, token } = setUp.given;
    const before = setUp.answers.page;
    if (listen === undefined && before && (before.token !== undefined) === (reach === 'house')) return;
    const made = await pageAnswer(listen === undefined ? reach : 'house', port());
    if (listen === undefined) return setUp.answer({ page: made });
    const needsToken = !token && !isInnerAddress(listen);
    const kept = before?.token ?? made.token;
    setUp.answer({ page: { listen, ...(needsToken && kept !== undefined && { token: kept }) } });
  }

  async #write(language: Language): Promise<object> {
    const { setUp, signal } = this.#deps;
    if (!setUp.answers.page)
      return { problems: { all: { en: 'preview first', ja: '先に内容を確認してください' }[language] } };
    const written = await setUp.write(signal).catch((error: unknown) => refusalOf(error));
    if (written instanceof BridgeError) return { problems: { all: written.text(language) } };
    if (!written.ok) return { problems: { all: await problemText(written.problems, language) } };
    const { listen, token } = setUp.answers.page;
    this.finished.resolve(written);
    const place = { port: parseHostPort(listen)?.port, inner: isInnerAddress(listen) };
    // what the environment sets may be the inside of a container, which has other ports outside
    return { ...(setUp.given.listen === undefined && place), ...(token !== undefined && { token }) };
  }
}
