import type { Problem } from '../../config/problems.ts';
import { abortable, deferred, scope } from '../../kernel/async.ts';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import { isLoopback, parseHostPort } from '../../kernel/host-port.ts';
import type { HostPort } from '../../kernel/host-port.ts';
import type { Text } from '../../kernel/language.ts';
import { oneTimeCode } from '../../web/setup-access.ts';
import { startSetupWeb } from '../../web/setup-server.ts';
import type { SetupActions } from '../../web/setup-server.ts';
import { EXIT_CODES, say, staysOnMistake, Stop, tellError } from '../context.ts';
import type { CliContext } from '../context.ts';
import { houseAddress } from '../house-address.ts';
import { problemText, writeProblems } from '../load-settings.ts';
import type { Loaded, LoadOutcome } from '../load-settings.ts';
import { systemRadio } from '../radio-trial.ts';
import { BrowserFace } from './browser-face.ts';
import type { Destination } from './destination.ts';
import { pageAnswer } from './page-answer.ts';
import { SetUp } from './set-up.ts';

/** What is wrong with the configuration, and how to look again. */
export interface Trouble {
  readonly problems: readonly Problem[];
  /** Looks anew; absent where only a new start can. */
  readonly again?: () => Promise<LoadOutcome>;
  /** There is none at all, and it may be written there. */
  readonly setUp?: Destination;
  /** Where the user mends it, in the words of this place. */
  readonly whereTo: Text;
  /** The one address that is answered, and asks for no code. */
  readonly onlyFrom?: string;
}

/** Serves the page of set-up, or of what is wrong, and nothing else, until there is a configuration. @throws Stop */
export async function serveTrouble(trouble: Trouble, context: CliContext): Promise<Loaded> {
  const { signal, redactor, language } = context;
  const code = oneTimeCode();
  const finished = deferred<Loaded>();
  let port = 0;
  const face = trouble.setUp && (await newFace(trouble.setUp, context, () => port));
  if (face) void face.finished.promise.then(finished.resolve);
  const listen = parseHostPort(context.env['BROUTE2MQTT_HTTP_LISTEN'] || (await pageAnswer('house')).listen);
  await writeProblems(trouble.setUp ? (trouble.setUp.wrong ?? []) : trouble.problems, context);
  const onDefect = (error: unknown): void => void tellError(error, context);
  try {
    if (!listen) throw new Stop(EXIT_CODES.configuration); // told among the problems
    const { onlyFrom } = trouble;
    const web = await startSetupWeb({
      listen,
      code,
      onlyFrom,
      language,
      actions: { ...troubleActions(trouble, context, finished.resolve), ...face?.actions },
      clock: systemClock,
      onDefect,
    });
    port = web.port;
    redactor.add(code);
    sayWhere(trouble, { ...listen, port }, code, context);
    using looking = scope(signal);
    const looked = lookAgain(trouble, finished.resolve, looking.signal);
    try {
      return await abortable(finished.promise, signal);
    } finally {
      looking.abort();
      await Promise.all([looked, web.close()]);
    }
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'HTTP_LISTEN_FAILED') {
      await writeProblems(face ? trouble.problems : [], context);
      tellError(error, context);
      throw new Stop(EXIT_CODES.configuration);
    }
    if (signal.aborted) throw new Stop(EXIT_CODES.configuration); // it ends as it began
    throw error;
  }
}

const LOOK_MS = 2000;

/** Somebody may mend it beside the page: `setup` in a terminal, an editor. */
async function lookAgain({ again }: Trouble, done: (loaded: Loaded) => void, signal: AbortSignal): Promise<void> {
  if (!again) return;
  try {
    for (;;) {
      await systemClock.sleep(LOOK_MS, signal);
      const found = await again();
      if (found.ok) return done(found);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function troubleActions(
  { problems, again, whereTo }: Trouble,
  context: CliContext,
  done: (loaded: Loaded) => void,
): SetupActions {
  return {
    state: async (_body, language) => ({
      mode: 'wrong',
      problems: (await problemText(problems, language)).split('\n'),
      where: whereTo[language],
      again: again !== undefined,
    }),
    again: async (_body, language) => {
      const found = await again?.();
      if (!found) return {};
      if (!found.ok) return { problems: (await problemText(found.problems, language)).split('\n') };
      done(found);
      const { listen } = found.settings.http ?? {};
      const isOutside = context.env['BROUTE2MQTT_HTTP_LISTEN'] === undefined;
      return { ok: true, ...(listen && isOutside && { port: listen.port }) };
    },
  };
}

async function newFace(destination: Destination, context: CliContext, port: () => number): Promise<BrowserFace> {
  const { signal, language } = context;
  const setUp = new SetUp({ ...(await systemRadio(context)), destination }, language);
  return new BrowserFace({ setUp, clock: systemClock, signal, port });
}

/** In a container the machine's own address is not known: its user knows it. */
function sayWhere({ setUp, whereTo, onlyFrom }: Trouble, at: HostPort, code: string, context: CliContext): void {
  const { stderr } = context;
  if (onlyFrom !== undefined) return say(stderr, context, whereTo);
  const isContainer = staysOnMistake(context);
  const house = isContainer || isLoopback(at.host) ? undefined : houseAddress();
  const linkAt = (host: string): string => `http://${host}:${at.port}/?code=${code}`;
  if (!setUp) say(stderr, context, whereTo);
  // each link ends its line: a terminal takes what follows for a part of it
  say(stderr, context, {
    en: `${!setUp ? 'What is wrong is shown at' : 'No configuration yet. Set up in the browser:'} ${linkAt('127.0.0.1')}`,
    ja: `${!setUp ? '問題の一覧：' : '設定がまだありません。ブラウザーで設定：'} ${linkAt('127.0.0.1')}`,
  });
  if (house !== undefined)
    say(stderr, context, {
      en: `From the house: ${linkAt(house)}`,
      ja: `家の中の他の機器から： ${linkAt(house)}`,
    });
  if (setUp && !isContainer)
    say(stderr, context, { en: 'Or in a terminal: broute2mqtt setup', ja: '端末で設定する場合：broute2mqtt setup' });
}
