import { inBoth } from '../../kernel/language.ts';
import type { Text } from '../../kernel/language.ts';
import type { FoundBroker } from '../../app/setup/broker-search.ts';
import { brokerWords } from '../../app/setup/broker-words.ts';
import type { BrokerAnswer } from '../../app/setup/config-text.ts';
import { isInnerAddress, pageAnswer } from '../../app/setup/page-answer.ts';
import { typedBroker } from '../../app/setup/typed-values.ts';
import type { TypedValue } from '../../app/setup/typed-values.ts';
import type { StepDeps } from './steps.ts';
import type { Choice } from './terminal.ts';

/** The broker is found or asked, and visited as the service will. */
export async function brokerStep(deps: StepDeps): Promise<void> {
  const { setUp, terminal, clock, signal } = deps;
  if (setUp.given.broker !== undefined) return void (await visited(deps, undefined, setUp.given.broker));
  const found = await terminal.showing(
    () => ({ en: 'Looking for an MQTT broker …', ja: 'MQTTブローカーを探しています…' }),
    clock,
    () => setUp.brokers(signal),
  );
  let wanted: WantedBroker = found.length === 1 && found[0] ? found[0] : await chosen(deps, found);
  for (;;) {
    if (wanted === 'none') return;
    const broker = wanted === 'typed' ? await typedIn(deps) : await withLogin(deps, wanted);
    if (!broker) return;
    const good = await visited(deps, broker, broker.url);
    if (good) return setUp.answer({ broker: good });
    wanted = await chosen(deps, found);
  }
}

type WantedBroker = FoundBroker | 'typed' | 'none';

async function chosen({ terminal }: StepDeps, found: readonly FoundBroker[]): Promise<WantedBroker> {
  if (found.length === 0) return 'typed';
  const choices: Choice<WantedBroker>[] = found.map((broker) => ({
    text: {
      en: `${broker.url}${broker.needsLogin ? ' (asks for a login)' : ''}`,
      ja: `${broker.url}${broker.needsLogin ? '（ログインが必要）' : ''}`,
    },
    value: broker,
  }));
  return await terminal.choose({ en: 'MQTT broker', ja: 'MQTTブローカー' }, [
    ...choices,
    { text: { en: 'another one', ja: '別のブローカー' }, value: 'typed' },
    { text: { en: 'none: the page alone', ja: '使わない（状態ページだけ）' }, value: 'none' },
  ]);
}

/** @returns undefined where none is wanted. */
async function typedIn({ terminal }: StepDeps): Promise<BrokerAnswer | undefined> {
  const read = (text: string): TypedValue<string | undefined> =>
    text.trim() === '' ? { ok: true, value: undefined } : typedBroker(text);
  const url = await terminal.ask(BROKER, read, { enter: NO_BROKER });
  if (url === undefined) return undefined;
  return { url };
}

async function withLogin({ terminal }: StepDeps, { url, needsLogin }: FoundBroker): Promise<BrokerAnswer> {
  if (!needsLogin) return { url };
  const username = await terminal.ask(
    { en: `User name at ${url}`, ja: `${url} のユーザー名` },
    (text): TypedValue<string> =>
      text.trim() === ''
        ? { ok: false, text: { en: 'type the name', ja: '名前を入力してください' } }
        : { ok: true, value: text.trim() },
  );
  const password = await terminal.ask(
    { en: 'Its password', ja: 'パスワード' },
    (text): TypedValue<string | undefined> => ({ ok: true, value: text === '' ? undefined : text }),
    { isSecret: true },
  );
  return { url, username, ...(password !== undefined && { password }) };
}

/** @param broker undefined: the environment's. @returns it, with the login it asked for; undefined where it cannot be used. */
async function visited(
  deps: StepDeps,
  broker: BrokerAnswer | undefined,
  url: string,
): Promise<BrokerAnswer | undefined> {
  const { setUp, terminal, clock, signal } = deps;
  const findings = await terminal.showing(
    () => ({ en: `Visiting ${url} …`, ja: `${url} を確認中…` }),
    clock,
    () => setUp.tryBroker(broker, signal),
  );
  const wrong = brokerWords(findings, broker);
  if (!wrong) {
    terminal.say({ en: `\n✓ MQTT broker: ${url}`, ja: `\n✓ MQTTブローカー：${url}` });
    return broker ?? { url };
  }
  const { text, hint, asks } = wrong;
  terminal.say(
    asks
      ? inBoth((language) => `\n${text[language]}`)
      : inBoth((language) => `\n✗ ${text[language]}\n  ${hint[language]}`),
  );
  return asks ? await visited(deps, await withLogin(deps, { url, needsLogin: true }), url) : undefined;
}

const BROKER: Text = {
  en: 'No MQTT broker found. Its address (such as 192.168.1.10)',
  ja: 'MQTTブローカーが見つかりません。アドレス（例：192.168.1.10）',
};
const NO_BROKER: Text = { en: 'Enter: none, the page alone', ja: 'Enter：使わない（状態ページだけ）' };

/** Who may open the page. */
export async function pageStep({ setUp, terminal }: StepDeps): Promise<void> {
  const { listen, token } = setUp.given;
  if (listen !== undefined) {
    const { token: made } = await pageAnswer('house');
    const needsToken = !token && !isInnerAddress(listen) && made !== undefined;
    return setUp.answer({ page: { listen, ...(needsToken && { token: made }) } });
  }
  const reach = await terminal.choose({ en: 'Who opens the status page?', ja: '状態ページはどこから開きますか？' }, [
    {
      text: { en: 'phones and computers in the house, with a link', ja: '家の中のスマートフォンやPC（専用リンクで）' },
      value: 'house',
    },
    { text: { en: 'this machine alone', ja: 'この機器だけ' }, value: 'machine' },
  ] as const);
  setUp.answer({ page: await pageAnswer(reach) });
}

/** @returns whether the file is to be written. */
export async function confirmStep({ setUp, terminal }: StepDeps): Promise<boolean> {
  const text = setUp.shown().replaceAll(/^/gm, '  ');
  terminal.say({ en: `\n${setUp.destination.name}:\n\n${text}`, ja: `\n${setUp.destination.name}：\n\n${text}` });
  return await terminal.choose({ en: 'Write this?', ja: 'この内容で書き込みますか？' }, [
    { text: { en: 'yes', ja: 'はい' }, value: true },
    { text: { en: 'no, end without writing', ja: 'いいえ（書き込まずに終了）' }, value: false },
  ]);
}
