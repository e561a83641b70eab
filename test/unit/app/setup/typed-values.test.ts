import { expect, test } from 'vitest';
import {
  typedAmpere,
  typedBroker,
  typedDevice,
  typedPassword,
  typedPort,
  typedPrice,
  typedRouteBId,
} from '../../../../src/app/setup/typed-values.ts';

const ID = '5EC4E7001122334455667788DEADBEEF';
const ok = (value: unknown) => ({ ok: true, value });

test.each([
  '5ec4 e700 1122 3344 5566 7788 dead beef',
  '5EC4-E700-1122-3344-5566-7788-DEAD-BEEF',
  '５ＥＣ４Ｅ７００１１２２３３４４５５６６７７８８ＤＥＡＤＢＥＥＦ',
  ` ${ID}\n`,
])('an ID as the letter prints it: %j', (text) => expect(typedRouteBId(text)).toEqual(ok(ID)));

test.each([
  ['0011', '4 of 32 digits, 28 missing'],
  [`${ID}0`, '1 too many of 32 digits'],
  ['OO11', 'there is no letter O in it: type 0 (zero)'],
  ['001G', 'only 0-9 and A-F are in it'],
  ['FFEEDDCCBBAA99887766554433221100', 'this is the ID of the example'],
])('an ID that is none yet: %j', (text, told) => {
  const value = typedRouteBId(text);
  expect(value).toMatchObject({ ok: false, text: { en: told } });
});

test('a password is twelve letters and digits, in groups or not', () => {
  expect(typedPassword('q7rs 8tuv-9wxy')).toEqual(ok('Q7RS8TUV9WXY'));
  expect(typedPassword('Q7RS8TUV9WX')).toMatchObject({ text: { ja: '12文字のうち11文字（あと1）' } });
  expect(typedPassword('Q7RS8TUV9WX!')).toMatchObject({ ok: false });
  expect(typedPassword('abcdefghijkl')).toMatchObject({ ok: false });
});

test('a contract may be left out, and is a number', () => {
  expect(typedAmpere('')).toEqual(ok(undefined));
  expect(typedAmpere('４０ A')).toEqual(ok(40));
  expect(typedAmpere('60アンペア')).toEqual(ok(60));
  for (const text of ['many', '0', '-5', '1e9', '20000']) expect(typedAmpere(text), text).toMatchObject({ ok: false });
});

test('a price may be left out, and is yen per kWh as bills print it', () => {
  expect(typedPrice(' ')).toEqual(ok(undefined));
  for (const text of ['35.8', '３５．８', '35.8 円/kWh', '￥35.8', '35.8 yen / kWh'])
    expect(typedPrice(text), text).toEqual(ok(35.8));
  expect(typedPrice('0')).toEqual(ok(0));
  for (const text of ['cheap', '-3', '35,8', '1000.5', '1e2'])
    expect(typedPrice(text), text).toMatchObject({ ok: false });
});

test('a broker is a URL, or a bare name or address', () => {
  expect(typedBroker('192.168.1.10')).toEqual(ok('mqtt://192.168.1.10:1883'));
  expect(typedBroker('nas.local:1884')).toEqual(ok('mqtt://nas.local:1884'));
  expect(typedBroker('mqtts://broker.example.com')).toEqual(ok('mqtts://broker.example.com'));
  expect(typedBroker('mqtt://me:secret@broker')).toMatchObject({ ok: false });
  expect(typedBroker('')).toMatchObject({ ok: false });
});

test('a port is what the configuration takes', () => {
  expect(typedDevice(' /dev/ttyAMA0 ')).toEqual(ok('/dev/ttyAMA0'));
  for (const text of ['/tmp/wisun', 'auto']) expect(typedDevice(text)).toEqual(ok(text)); // as the environment may say
  expect(typedDevice('tcp://192.168.1.5:4000')).toEqual(ok('tcp://192.168.1.5:4000'));
  for (const text of ['ttyUSB0', '/dev/', 'tcp://x', 'tcp://x:70000', 'tcp://a b:1', ''])
    expect(typedDevice(text), text).toMatchObject({ ok: false });
});

test('a path that is not there is told at once; a serial server is asked later', () => {
  expect(typedPort(' /dev/null ')).toEqual(ok('/dev/null'));
  expect(typedPort('tcp://192.168.1.5:4000')).toEqual(ok('tcp://192.168.1.5:4000'));
  expect(typedPort('/dev/ttyNOBODY')).toMatchObject({
    ok: false,
    text: { ja: 'このポートはありません。スティックを挿すか、別のポートを入力してください' },
  });
  expect(typedPort('ttyUSB0')).toEqual(typedDevice('ttyUSB0'));
});
