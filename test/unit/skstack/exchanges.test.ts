import { expect, test } from 'vitest';
import { parseLine } from '../../../src/skstack/events.ts';
import type { Exchange } from '../../../src/skstack/exchanges.ts';
import {
  addressLine,
  dataThenOk,
  failText,
  joinOutcome,
  okOrFail,
  registerValue,
  scanDone,
  sendOutcome,
  terminated,
} from '../../../src/skstack/exchanges.ts';

const METER = 'FE80:0000:0000:0000:021C:6400:030C:12A4';
const event = (number: string, param = ''): string => `EVENT ${number} ${METER}${param === '' ? '' : ` ${param}`}`;
const INFO = `EINFO ${METER} 001D129012345678 21 FFFF 0`;

/** What an exchange says after each line; `…` while it waits, and nothing after its answer. */
function told(exchange: Exchange<unknown>, ...lines: readonly string[]): unknown[] {
  const answers: unknown[] = [];
  for (const line of lines) {
    const answer = exchange(parseLine(line));
    answers.push(answer ? (answer.ok ? answer.value : `ER${answer.failCode}`) : '…');
    if (answer) break;
  }
  return answers;
}

const unrelated = ['SKVER', 'garbage', event('02'), event('20'), event('32'), '', 'EPANDESC', '  Channel:21'];

interface Case {
  readonly name: string;
  readonly exchange: () => Exchange<unknown>;
  readonly lines: readonly string[];
  readonly told: readonly unknown[];
}
const cases: readonly Case[] = [
  { name: 'OK alone', exchange: okOrFail, lines: ['OK'], told: [''] },
  { name: 'OK with a value', exchange: okOrFail, lines: ['OK 01'], told: ['01'] },
  { name: 'an event before OK', exchange: okOrFail, lines: [event('25'), 'OK'], told: ['…', ''] },
  { name: 'data, then OK', exchange: () => dataThenOk('info'), lines: [INFO, 'OK'], told: ['…', parseLine(INFO)] },
  {
    name: 'a late OK before the data',
    exchange: () => dataThenOk('version'),
    lines: ['OK', 'EVER 1.5.2', 'OK'],
    told: ['…', '…', { kind: 'version', value: '1.5.2' }],
  },
  {
    name: 'data of another command',
    exchange: () => dataThenOk('version'),
    lines: ['EAPPVER rev15', 'OK'],
    told: ['…', '…'],
  },
  { name: 'a register', exchange: registerValue, lines: ['ESREG 1', 'ESREG 0', 'OK'], told: ['…', '…', '0'] },
  { name: 'an OK without the register', exchange: registerValue, lines: ['OK'], told: [undefined] },
  { name: 'SKLL64’s bare address', exchange: addressLine, lines: ['OK', METER.toLowerCase()], told: ['…', METER] },
  {
    name: 'a join that is accepted',
    exchange: joinOutcome,
    lines: ['OK', event('21', '00'), event('25')],
    told: ['…', '…', 'joined'],
  },
  { name: 'a join that is refused', exchange: joinOutcome, lines: ['OK', event('24')], told: ['…', 'refused'] },
  {
    name: 'an EVENT 25 of the old session before the join’s OK',
    exchange: joinOutcome,
    lines: [event('25'), event('24'), 'OK', event('25')],
    told: ['…', '…', '…', 'joined'],
  },
  {
    name: 'a session ended in order',
    exchange: terminated,
    lines: [event('27'), 'OK', event('27')],
    told: ['…', '…', 'ended'],
  },
  { name: 'a session whose peer kept silent', exchange: terminated, lines: ['OK', event('28')], told: ['…', 'ended'] },
  { name: 'EVENT 26 does not answer SKTERM', exchange: terminated, lines: ['OK', event('26')], told: ['…', '…'] },
  { name: 'a datagram delivered', exchange: sendOutcome, lines: [event('21', '00'), 'OK'], told: ['…', 'delivered'] },
  { name: 'a datagram with SIDE', exchange: sendOutcome, lines: [event('21', '0 00'), 'OK'], told: ['…', 'delivered'] },
  { name: 'a datagram not delivered', exchange: sendOutcome, lines: [event('21', '01'), 'OK'], told: ['…', 'failed'] },
  {
    name: 'an address resolved first',
    exchange: sendOutcome,
    lines: [event('21', '02'), 'OK'],
    told: ['…', 'resolving'],
  },
  {
    name: 'of two EVENT 21 the last before the OK counts',
    exchange: sendOutcome,
    lines: [event('21', '01'), event('21', '00'), 'OK'],
    told: ['…', '…', 'delivered'],
  },
  {
    name: 'an EVENT of another kind between EVENT 21 and the OK',
    exchange: sendOutcome,
    lines: [event('21', '00'), event('02', '01'), 'OK'],
    told: ['…', '…', 'delivered'],
  },
  {
    name: 'SKVER’s answer, asked because the OK was lost,',
    exchange: sendOutcome,
    lines: ['EVER 1.2.10', event('21', '01'), 'EAPPVER rev26e', 'EVER 1.2.10'],
    told: ['…', '…', '…', 'failed'],
  },
  { name: 'an OK without EVENT 21', exchange: sendOutcome, lines: ['OK'], told: ['unknown'] },
  { name: 'an EVENT 21 without parameter', exchange: sendOutcome, lines: [event('21'), 'OK'], told: ['…', 'unknown'] },
  { name: 'a scan', exchange: scanDone, lines: ['OK', event('20'), event('22')], told: ['…', '…', 'done'] },
  {
    name: 'the EVENT 22 of an earlier scan before this one’s OK',
    exchange: scanDone,
    lines: [event('22'), 'OK', event('22')],
    told: ['…', '…', 'done'],
  },
];
for (const each of cases) {
  test(`${each.name} is understood`, () => {
    expect(told(each.exchange(), ...each.lines)).toEqual(each.told);
  });
}

const all: Readonly<Record<string, () => Exchange<unknown>>> = {
  okOrFail,
  dataThenOk: () => dataThenOk('info'),
  registerValue,
  addressLine,
  joinOutcome,
  terminated,
  sendOutcome,
  scanDone,
};
for (const [name, exchange] of Object.entries(all)) {
  test(`${name} ends with FAIL and its code, before and after an OK`, () => {
    expect(told(exchange(), 'FAIL ER10')).toEqual(['ER10']);
    if (name !== 'okOrFail' && name !== 'sendOutcome' && name !== 'registerValue')
      expect(told(exchange(), 'OK', 'FAIL ER04')).toEqual(['…', 'ER4']);
  });

  test(`${name} lets pass what is not its own`, () => {
    expect(told(exchange(), ...unrelated)).toEqual(unrelated.map(() => '…'));
  });
}

test('a refusal reads as the module printed it, in two decimal digits', () => {
  expect([4, 10].map((code) => failText(code))).toEqual([
    { en: 'FAIL ER04', ja: 'FAIL ER04' },
    { en: 'FAIL ER10', ja: 'FAIL ER10' },
  ]);
});
