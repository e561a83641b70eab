import { existsSync } from 'node:fs';
import { isDevice, wrongBrokerUrl } from '../../config/key-info.ts';
import { SAMPLE_ID } from '../../config/relations.ts';
import type { Text } from '../../kernel/language.ts';

/** What became of something somebody typed: a value, or what is wrong with it, without repeating it. */
export type TypedValue<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly text: Text };

const good = <T>(value: T): TypedValue<T> => ({ ok: true, value });
const wrong = (en: string, ja: string): { readonly ok: false; readonly text: Text } => ({
  ok: false,
  text: { en, ja },
});

const ID_DIGITS = 32;
const PASSWORD_CHARACTERS = 12;
/** The password of every example: nobody's. */
const SAMPLE_PASSWORD = 'ABCDEFGHIJKL';

/** Letters print groups with blanks or hyphens between; a Japanese keyboard types wide letters. */
const compact = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll(/[\s\u2010-\u2015\u2212\u30fc-]/g, '')
    .toUpperCase();

/** The Route-B ID. An unfinished one says how much is missing, so it can be asked at every key. */
export function typedRouteBId(text: string): TypedValue<string> {
  const id = compact(text);
  if (/O/.test(id)) return wrong('there is no letter O in it: type 0 (zero)', 'Oはありません。0（ゼロ）です');
  if (/[^0-9A-F]/.test(id)) return wrong('only 0-9 and A-F are in it', '使われるのは0～9とA～Fだけです');
  if (id.length !== ID_DIGITS) return counted(id.length, ID_DIGITS, { en: 'digits', ja: '桁' });
  if (id === SAMPLE_ID) return wrong('this is the ID of the example', 'これは設定例のIDです');
  return good(id);
}

export function typedPassword(text: string): TypedValue<string> {
  const password = compact(text);
  if (/[^0-9A-Z]/.test(password)) return wrong('only 0-9 and A-Z are in it', '使われるのは0～9とA～Zだけです');
  if (password.length !== PASSWORD_CHARACTERS)
    return counted(password.length, PASSWORD_CHARACTERS, { en: 'characters', ja: '文字' });
  if (password === SAMPLE_PASSWORD) return wrong('this is the password of the example', 'これは設定例のパスワードです');
  return good(password);
}

function counted(count: number, wanted: number, unit: Text): { readonly ok: false; readonly text: Text } {
  const left = Math.abs(wanted - count);
  return count < wanted
    ? wrong(
        `${count} of ${wanted} ${unit.en}, ${left} missing`,
        `${wanted}${unit.ja}のうち${count}${unit.ja}（あと${left}）`,
      )
    : wrong(`${left} too many of ${wanted} ${unit.en}`, `${wanted}${unit.ja}より${left}多い`);
}

/** Of the contract, A; empty: not said. */
export function typedAmpere(text: string): TypedValue<number | undefined> {
  return optionalNumber(text.replace(/\s*(a|アンペア)$/i, ''), 1, 10_000);
}

/** Yen per kWh, as bills and price lists print it; empty: not said. */
export function typedPrice(text: string): TypedValue<number | undefined> {
  const plain = text.normalize('NFKC').replaceAll(/\s/g, '');
  return optionalNumber(plain.replace(/^¥/, '').replace(/(円|yen)?(\/kwh)?$/i, ''), 0, 1000);
}

function optionalNumber(text: string, least: number, most: number): TypedValue<number | undefined> {
  const plain = text.normalize('NFKC').trim();
  if (plain === '') return good(undefined);
  const value = Number(plain);
  return /^\d+(\.\d+)?$/.test(plain) && value >= least && value <= most
    ? good(value)
    : wrong(`type a number from ${least} to ${most}`, `${least}～${most}の数字を入力してください`);
}

/** `mqtt://HOST:PORT`, or a bare name or address, with or without a port. */
export function typedBroker(text: string): TypedValue<string> {
  const plain = text.normalize('NFKC').trim();
  const url = /^[a-z]+:\/\//i.test(plain) ? plain : `mqtt://${plain}`;
  const problem = wrongBrokerUrl(url);
  if (problem) return { ok: false, text: problem };
  const { port, protocol } = new URL(url);
  return good(port === '' && protocol === 'mqtt:' ? `${url.replace(/\/$/, '')}:1883` : url);
}

/** Another port than those that were found: as the configuration takes it. */
export function typedDevice(text: string): TypedValue<string> {
  const plain = text.normalize('NFKC').trim();
  return isDevice(plain)
    ? good(plain)
    : wrong(
        'type a path such as /dev/ttyUSB0, or tcp://HOST:PORT',
        '/dev/ttyUSB0 のようなパスか、tcp://ホスト:ポート を入力してください',
      );
}

/** The same, and it is there: told when it is typed, not after ID and password. A serial server is asked by the trial. */
export function typedPort(text: string): TypedValue<string> {
  const device = typedDevice(text);
  if (!device.ok || !device.value.startsWith('/') || existsSync(device.value)) return device;
  return wrong(
    'there is no such port: plug the stick in, or type another',
    'このポートはありません。スティックを挿すか、別のポートを入力してください',
  );
}
