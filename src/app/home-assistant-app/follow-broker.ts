import { together } from '../../kernel/async.ts';
import { Backoff } from '../../kernel/backoff.ts';
import type { BackoffSteps } from '../../kernel/backoff.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { BrokerOffer, BrokerVariables } from './broker-offer.ts';

export interface FollowDeps {
  readonly ask: (signal: AbortSignal) => Promise<BrokerOffer>;
  /** There is no broker yet, and the service starts without: the user has to know. */
  readonly tell: (why: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

type Serve = (broker: BrokerVariables | undefined, signal: AbortSignal) => Promise<void>;

/** A broker app that is starting at the same time has this long: a service that began without it would begin anew. */
const FIRST = { tries: 5, pauseMs: 2000 } as const;
const ABSENT_STEPS: BackoffSteps = { stepsMs: [5000, 10_000, 20_000, 30_000], least: 1, spread: 0 };
/** A broker app that was installed anew has another password. */
const CHECK_MS = 300_000;

/**
 * Serves with the broker that the Supervisor names, without one while there is none, and begins anew with another one. A
 * Supervisor that says nothing, or nothing any more, changes nothing. @throws the signal's reason, or what `serve` throws.
 */
export async function followBroker(deps: FollowDeps, serve: Serve, signal: AbortSignal): Promise<void> {
  let broker = await firstBroker(deps, signal);
  for (;;) {
    const current = broker;
    await together(
      signal,
      (inner) => serve(current, inner),
      async (inner) => {
        broker = await anotherBroker(current, deps, inner);
      },
    );
  }
}

async function firstBroker(
  { ask, tell, clock, log }: FollowDeps,
  signal: AbortSignal,
): Promise<BrokerVariables | undefined> {
  for (let tries = 1; ; tries++) {
    const offer = await ask(signal);
    if (offer.kind === 'offered') return offer.broker;
    log.debug({ why: offer.why }, 'no broker named by the Supervisor');
    if (tries === FIRST.tries) {
      tell(offer.why);
      return undefined;
    }
    await clock.sleep(FIRST.pauseMs, signal);
  }
}

async function anotherBroker(
  current: BrokerVariables | undefined,
  { ask, clock, log }: FollowDeps,
  signal: AbortSignal,
): Promise<BrokerVariables> {
  const backoff = new Backoff(ABSENT_STEPS, Math.random);
  for (;;) {
    await clock.sleep(current ? CHECK_MS : backoff.next(), signal);
    const offer = await ask(signal);
    if (offer.kind !== 'offered') log.debug({ why: offer.why }, 'no broker named by the Supervisor');
    else if (!isSame(offer.broker, current)) {
      log.info(
        { broker: offer.broker['BROUTE2MQTT_MQTT_URL'] },
        'the Supervisor names a broker: beginning anew with it',
      );
      return offer.broker;
    }
  }
}

const isSame = (a: BrokerVariables, b: BrokerVariables | undefined): boolean =>
  b !== undefined &&
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, value]) => b[name] === value);
