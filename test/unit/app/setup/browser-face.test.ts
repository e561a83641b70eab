import { expect, test } from 'vitest';
import { BrowserFace } from '../../../../src/app/setup/browser-face.ts';
import type { SetupAnswers } from '../../../../src/app/setup/config-text.ts';
import type { Destination } from '../../../../src/app/setup/destination.ts';
import { SetUp } from '../../../../src/app/setup/set-up.ts';
import { systemClock } from '../../../../src/kernel/clock.ts';
import { BridgeError } from '../../../../src/kernel/errors.ts';
import { createLog } from '../../../../src/kernel/log.ts';
import { Redactor } from '../../../../src/kernel/redactor.ts';

const inPlace = { language: false, credentials: true, listen: '0.0.0.0:8099', token: true, stateDir: true };
const nobody = (): Promise<never> => Promise.reject(new Error('no radio here'));

/** A face before a destination that keeps what it is given. */
function faceOf(change: Partial<Destination> = {}) {
  const written: SetupAnswers[] = [];
  const destination: Destination = {
    name: 'nowhere',
    given: inPlace,
    shown: ({ contractAmpere }) => `${contractAmpere} A`,
    load: async () => ({ ok: false, problems: [] }),
    write: async (answers) => {
      written.push(answers);
      return { ok: false, problems: [{ where: 'here', text: { en: 'not so', ja: 'だめ' } }] };
    },
    ...change,
  };
  const log = createLog({ level: 'silent', redactor: new Redactor(), destination: { write: () => undefined } });
  const clock = systemClock;
  const roots = { dev: '/nowhere', sys: '/nowhere' };
  const deps = { clock, log, roots, destination, brokerUrls: [], wireOf: nobody, openModule: nobody };
  const { signal } = new AbortController();
  const { actions } = new BrowserFace({ setUp: new SetUp(deps, 'en'), clock, signal, port: () => 0 });
  return { ask: (name: string, body: object = {}) => actions[name]?.({ ...body }, 'en'), written };
}

test('before the first question the page says where answers go, and what stands there wrongly', async () => {
  const wrong = [{ where: 'route_b_password', text: { en: 'too short', ja: '短すぎます' } }];
  const { ask } = faceOf({ intro: { en: 'saved as options', ja: '設定として保存' }, wrong });
  expect(await ask('state')).toEqual({
    mode: 'setup',
    given: inPlace,
    intro: 'saved as options',
    problems: ['route_b_password: too short'],
  });
  expect(await faceOf().ask('state')).toEqual({ mode: 'setup', given: inPlace, intro: undefined, problems: [] });
});

test('a broker that came since the page was opened is given; without one the destination says what to do', async () => {
  const given = { ...inPlace };
  const refresh = async (): Promise<void> => void Object.assign(given, { broker: 'mqtt://core-mosquitto:1883' });
  const withoutBroker = { en: 'install one', ja: 'インストールしてください' };
  expect(await faceOf({ withoutBroker }).ask('brokers')).toEqual({
    brokers: [],
    given: undefined,
    none: 'install one',
  });
  expect(await faceOf({ given, refresh }).ask('brokers')).toMatchObject({ given: 'mqtt://core-mosquitto:1883' });
});

test('what the destination refuses is told in its words, and the answers stay', async () => {
  const refuse = async (): Promise<never> => {
    throw new BridgeError('CONFIG_INVALID', { en: 'nobody there', ja: '応答なし' });
  };
  const refusing = faceOf({ write: refuse });
  expect(await refusing.ask('write')).toEqual({ problems: { all: 'preview first' } });
  expect(await refusing.ask('preview', { ampere: '40' })).toMatchObject({ yaml: '40 A' });
  expect(await refusing.ask('write')).toEqual({ problems: { all: 'nobody there [CONFIG_INVALID]' } });

  const { ask, written } = faceOf();
  await ask('preview', { ampere: '40', price: '31 円' });
  expect(await ask('write')).toEqual({ problems: { all: 'here: not so' } });
  const page = { listen: '0.0.0.0:8099' }; // no token: who stands before it has seen to the login
  expect(written).toEqual([{ language: 'en', contractAmpere: 40, buyYenPerKwh: 31, page }]);
});
