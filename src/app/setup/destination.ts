import type { Problem } from '../../config/problems.ts';
import type { Text } from '../../kernel/language.ts';
import type { LoadOutcome } from '../load-settings.ts';
import type { SetupAnswers } from './config-text.ts';

/** What is said elsewhere already (Compose, systemd, the options of an app): it wins over the answers, so it is not asked. */
export interface GivenBefore {
  readonly device?: string;
  readonly language: boolean;
  readonly credentials: boolean;
  readonly broker?: string;
  readonly listen?: string;
  readonly token: boolean;
  readonly stateDir: boolean;
}

/** Where the answers end up, in the form of that place. */
export interface Destination {
  readonly given: GivenBefore;
  /** What its user knows it by. */
  readonly name: string;
  /** What is said on the page of set-up before the first question. */
  readonly intro?: Text;
  /** What stands there already and cannot be used: it is asked anew. */
  readonly wrong?: readonly Problem[];
  /** What is said where there is no broker, if this place has more to say than others. */
  readonly withoutBroker?: Text;
  /** Looks anew at what may have changed since: `given` tells it then. Never throws but the signal's reason. */
  refresh?(signal: AbortSignal): Promise<void>;
  /** What will stand there, without what is secret in it. */
  shown(answers: SetupAnswers): string;
  /** What the answers, and what is given, will mean to the service. */
  load(answers: SetupAnswers): Promise<LoadOutcome>;
  /** Writes what `load` finds good, and nothing else. @throws BridgeError that says why it is not written */
  write(answers: SetupAnswers, signal: AbortSignal): Promise<LoadOutcome>;
}
