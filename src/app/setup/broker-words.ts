import { inBoth } from '../../kernel/language.ts';
import type { Text } from '../../kernel/language.ts';
import type { BrokerFindings } from '../broker-findings.ts';
import type { BrokerAnswer } from './config-text.ts';

/** What set-up says of a broker that cannot be used yet: it asks, and knows neither keys nor a service that tries again. */
export interface BrokerWords {
  readonly text: Text;
  readonly hint: Text;
  /** Nothing is wrong: it only was not asked for its login before. */
  readonly asks: boolean;
}

/** @param broker what was typed; undefined: the environment's, which its variables mend. @returns undefined where all is well */
export function brokerWords(
  { stage, error, refusal }: Pick<BrokerFindings, 'stage' | 'error' | 'refusal'>,
  broker: BrokerAnswer | undefined,
): BrokerWords | undefined {
  const wrong = error ?? refusal;
  if (!wrong) return undefined;
  const plain = wrong.what;
  const own = { text: inBoth((language) => wrong.text(language)), hint: inBoth((language) => wrong.hint(language)) };
  if (!broker || !error) return { ...own, asks: false };
  switch (error.code) {
    case 'BROKER_REFUSED':
      if (stage !== 'login') return { ...own, asks: false };
      return broker.username === undefined
        ? { text: NEEDS_LOGIN, hint: NOTHING, asks: true }
        : { text: WRONG_LOGIN, hint: inBoth((language) => `(${plain[language]})`), asks: false };
    case 'BROKER_UNREACHABLE':
      return { text: plain, hint: CHECK_ADDRESS, asks: false };
    case 'BROKER_TLS':
      return { text: plain, hint: CHECK_TLS, asks: false };
    default:
      return { ...own, asks: false };
  }
}

const NOTHING: Text = { en: '', ja: '' };
const NEEDS_LOGIN: Text = {
  en: 'This broker wants a login. Type it below.',
  ja: 'このブローカーはログインが必要です。下に入力してください。',
};
const WRONG_LOGIN: Text = {
  en: 'User name or password is wrong.',
  ja: 'ユーザー名かパスワードが違います。',
};
const CHECK_ADDRESS: Text = {
  en: 'Check the address, and that the broker is running. A port for TLS (often 8883) needs mqtts:// before it.',
  ja: 'アドレスを確認してください。ブローカーが動いていることも確認してください。TLS用のポート（8883など）は、先頭に mqtts:// を付けます。',
};
const CHECK_TLS: Text = {
  en: 'Check the address: its host name as in the certificate, and mqtt:// before a port without TLS (often 1883). Files of certificates are not asked here: go on without a broker and put them into the configuration later.',
  ja: 'アドレスを確認してください（ホスト名は証明書と同じもの。暗号化なしのポート（1883など）は先頭を mqtt:// に）。証明書のファイルはここでは指定できません。ブローカーなしで進み、あとで設定に追加してください。',
};
