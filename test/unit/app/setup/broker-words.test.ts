import { expect, test } from 'vitest';
import { brokerWords } from '../../../../src/app/setup/broker-words.ts';
import { failureOf, hungUp } from '../../../../src/broker/broker-failures.ts';
import { refusedBy, topicRefused } from '../../../../src/broker/reason-codes.ts';
import type { BrokerFindings } from '../../../../src/app/broker-findings.ts';

const URL = 'mqtt://broker:1883';
const open = { url: URL };
const withLogin = { url: URL, username: 'meter', password: 'geheim' };
const refused = { stage: 'login', error: refusedBy(URL, 0x87) } as const;
const raised = (code: string): Error => Object.assign(new Error(code), { code });

const TABLE: readonly {
  readonly title: string;
  readonly found: Pick<BrokerFindings, 'stage' | 'error' | 'refusal'>;
  readonly broker: typeof open | undefined;
  readonly ja: string;
  readonly en: string;
  readonly asks?: true;
}[] = [
  {
    title: 'refused, no login typed yet',
    found: refused,
    broker: open,
    asks: true,
    ja: 'このブローカーはログインが必要です。下に入力してください。',
    en: 'This broker wants a login. Type it below.',
  },
  {
    title: 'refused with a login',
    found: refused,
    broker: withLogin,
    ja: 'ユーザー名かパスワードが違います。',
    en: 'User name or password is wrong.',
  },
  {
    title: 'nobody knows the name',
    found: { stage: 'address', error: failureOf(URL, raised('ENOTFOUND')) },
    broker: open,
    ja: 'ホスト名が見つかりません（ENOTFOUND） アドレスを確認してください',
    en: 'host name not found (ENOTFOUND) Check the address',
  },
  {
    title: 'nothing listens',
    found: { stage: 'address', error: failureOf(URL, raised('ECONNREFUSED')) },
    broker: withLogin,
    ja: '待ち受けているプログラムがありません（ECONNREFUSED） アドレスを確認してください',
    en: 'nothing listens there (ECONNREFUSED) Check the address',
  },
  {
    title: 'a port for TLS without it',
    found: { stage: 'address', error: hungUp(URL) },
    broker: open,
    ja: '先頭に mqtts:// を付けます',
    en: 'needs mqtts:// before it',
  },
  {
    title: 'TLS fails',
    found: { stage: 'tls', error: failureOf('mqtts://broker:8883', raised('ERR_TLS_CERT_ALTNAME_INVALID')) },
    broker: open,
    ja: 'アドレスを確認してください',
    en: 'is for another host name',
  },
];

test.for(TABLE)('a broker in set-up: $title', ({ found, broker, ja, en, asks = false }) => {
  const words = brokerWords(found, broker);
  expect(`${words?.text.ja} ${words?.hint.ja}`).toContain(ja);
  expect(`${words?.text.en} ${words?.hint.en}`).toContain(en);
  expect(words?.asks).toBe(asks);
  for (const text of [words?.text, words?.hint])
    expect(`${text?.ja} ${text?.en}`).not.toMatch(/mqtt\.\w|BROKER_|自動で再試行|tried again/);
});

test('what an access list forbids, and the environment’s broker, keep their own words; a good one has none', () => {
  const refusal = topicRefused(URL, 'writing', 'broute2mqtt/home/doctor', 0x87);
  expect(brokerWords({ stage: 'in', refusal }, withLogin)).toMatchObject({
    text: { en: refusal.text('en') },
    hint: { ja: refusal.hint('ja') },
    asks: false,
  });
  expect(brokerWords(refused, undefined)).toMatchObject({ hint: { en: refused.error.hint('en') }, asks: false });
  expect(brokerWords({ stage: 'in' }, open)).toBeUndefined();
});
