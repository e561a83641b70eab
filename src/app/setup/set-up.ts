import { BridgeError } from '../../kernel/errors.ts';
import type { Language } from '../../kernel/language.ts';
import { panMemory } from '../../meter/meter-memory.ts';
import { pairingIdOf } from '../../model/pan.ts';
import type { Pan } from '../../model/pan.ts';
import type { Roots } from '../../wire/usb-sysfs.ts';
import { brokerFindings } from '../broker-findings.ts';
import type { BrokerFindings } from '../broker-findings.ts';
import { problemText } from '../load-settings.ts';
import type { LoadOutcome } from '../load-settings.ts';
import type { RadioTrialDeps } from '../radio-trial.ts';
import { findBrokers } from './broker-search.ts';
import type { FoundBroker } from './broker-search.ts';
import type { BrokerAnswer, SetupAnswers } from './config-text.ts';
import type { Destination, GivenBefore } from './destination.ts';
import { tryMeter } from './meter-trial.ts';
import type { TrialOutcome, TrialProgress } from './meter-trial.ts';
import { findSticks } from './stick-search.ts';
import type { FoundStick } from './stick-search.ts';

/** What set-up touches of the world. */
export interface SetUpDeps extends RadioTrialDeps {
  /** Other folders to look for sticks in than the system's. */
  readonly roots?: Roots;
  readonly destination: Destination;
  /** Other brokers to look at than the usual ones. */
  readonly brokerUrls?: readonly string[];
}

/** The page of a draft that has none yet: a configuration without any output is none. */
const SOME_PAGE = { listen: '127.0.0.1:8080' };

/**
 * Set-up without a face: what was answered so far, and the probes that find the rest. Terminal and browser ask in their own
 * way and call the same; nothing is written before `write`.
 */
export class SetUp {
  readonly #deps: SetUpDeps;
  #answers: SetupAnswers;
  /** What a scan found, and with which Pairing ID. */
  #heard: { readonly pairingId: string; readonly pans: readonly Pan[] } | undefined;
  /** The network that was joined. */
  #pan: Pan | undefined;

  constructor(deps: SetUpDeps, language: Language) {
    this.#deps = deps;
    const { device, stateDir } = this.given;
    this.#answers = { language, ...(device !== undefined && { device }), ...(!stateDir && { stateDir: './state' }) };
  }

  get destination(): Destination {
    return this.#deps.destination;
  }

  get given(): GivenBefore {
    return this.destination.given;
  }

  get answers(): SetupAnswers {
    return this.#answers;
  }

  /** Puts answers in place of earlier ones; `undefined` takes one back. */
  answer(more: { readonly [Key in keyof SetupAnswers]?: SetupAnswers[Key] | undefined }): void {
    const entries = Object.entries({ ...this.#answers, ...more }).filter(([, value]) => value !== undefined);
    this.#answers = Object.fromEntries(entries) as unknown as SetupAnswers;
  }

  sticks(): Promise<readonly FoundStick[]> {
    return findSticks(this.#deps.roots);
  }

  /** @returns none where one is given. */
  async brokers(signal: AbortSignal): Promise<readonly FoundBroker[]> {
    await this.destination.refresh?.(signal);
    if (this.given.broker !== undefined) return [];
    const urls = this.#deps.brokerUrls;
    return await findBrokers(this.#deps.clock, signal, urls ? { urls } : {});
  }

  /** Joins with what was answered, once more without a scan where only the password changed. */
  async tryMeter(onProgress: (progress: TrialProgress) => void, signal: AbortSignal): Promise<TrialOutcome> {
    const draft = await this.#draft();
    const meter = draft.ok ? draft.settings.meters[0] : undefined;
    if (!meter) return untried(await unusable(draft));
    const pairingId = pairingIdOf(meter.routeBId);
    const pans = this.#heard?.pairingId === pairingId ? this.#heard.pans : undefined;
    const outcome = await tryMeter(meter, this.#deps, { onProgress, ...(pans && { pans }) }, signal);
    this.#pan = outcome.ok ? outcome.pan : undefined;
    if (!outcome.ok)
      this.#heard = outcome.pans && outcome.suspect === 'password' ? { pairingId, pans: outcome.pans } : undefined;
    return outcome;
  }

  /** Visits the broker as the service will, and tries what an access list may forbid. */
  async tryBroker(broker: BrokerAnswer | undefined, signal: AbortSignal): Promise<BrokerFindings> {
    const draft = await this.#draft(broker ? { broker } : {});
    if (!draft.ok || !draft.settings.mqtt) return { stage: 'address', error: await unusable(draft), birth: 'unseen' };
    return await brokerFindings(draft.settings, draft.settings.mqtt, this.#deps.clock, signal);
  }

  /** What will be written, without what is secret in it. */
  shown(): string {
    return this.destination.shown(this.#answers);
  }

  /** What answers and destination together will mean to the service. */
  check(): Promise<LoadOutcome> {
    return this.destination.load(this.#answers);
  }

  /** Writes what `check` finds good. @throws BridgeError that says why it is not written */
  async write(signal: AbortSignal): Promise<LoadOutcome> {
    const written = await this.destination.write(this.#answers, signal);
    const stateDir = written.ok ? written.settings.meters[0]?.stateDir : undefined;
    if (this.#pan && stateDir !== undefined) await panMemory(stateDir, this.#deps.log).save(this.#pan); // no second scan
    return written;
  }

  #draft(more: Partial<SetupAnswers> = {}): Promise<LoadOutcome> {
    return this.destination.load({ page: SOME_PAGE, ...this.#answers, ...more });
  }
}

/** What was answered, and what the environment says beside it, is no configuration: a file it names is not there yet. */
async function unusable(draft: LoadOutcome): Promise<BridgeError> {
  const problems = draft.ok ? [] : draft.problems;
  const [en, ja] = await Promise.all([problemText(problems, 'en'), problemText(problems, 'ja')]);
  return new BridgeError('CONFIG_INVALID', { en, ja });
}

const untried = (error: BridgeError): TrialOutcome => ({
  ok: false,
  step: 'module',
  error,
  advice: { en: error.hint('en'), ja: error.hint('ja') },
});
