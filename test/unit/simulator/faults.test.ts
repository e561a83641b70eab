import { describe, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { parseFaultScript } from '../../../src/simulator/fault-script.ts';
import { FAULT_NAMES } from '../../../src/simulator/faults.ts';
import type { Fault, FaultName } from '../../../src/simulator/faults.ts';
import type { SimulatorOptions } from '../../../src/simulator/options.ts';
import { Host, ID, METER, PASSWORD } from './host.ts';
import { J11Host } from './j11-host.ts';

const GET_POWER = '1081000105FF010288016201E700';
const ANSWER = /1081000102880105FF017201E704/;
const SCAN = 'SKSCAN 2 FFFFFFFF 3';

async function ready(options: SimulatorOptions = {}): Promise<Host> {
  const host = new Host({ edition: 'SE', payload: 'ascii', halfHour: 'off', ...options });
  await host.line(`SKSREG SFE 0\r\nSKSETPWD C ${PASSWORD}\r\nSKSETRBID ${ID}\r\nSKSREG S2 33\r\nSKSREG S3 12A4`);
  return host;
}
async function joined(options: SimulatorOptions = {}): Promise<Host> {
  const host = await ready(options);
  await host.line(`SKJOIN ${METER}`, 10_000);
  await host.send(GET_POWER); // resolves the address
  return host;
}

/** Each fault once: made to happen, seen, and gone again. */
const seen: Readonly<Record<FaultName, () => Promise<void>>> = {
  'pan-not-found': async () => {
    await using host = await ready();
    host.simulator.inject({ fault: 'pan-not-found', times: 2 });
    for (let i = 0; i < 2; i++) expect(await host.line(SCAN, 3000)).toMatch(/^OK\r\nEVENT 22 .*\r\n$/);
    expect(await host.line(SCAN, 3000)).toContain('EPANDESC');
  },
  'two-pans': async () => {
    await using host = await ready();
    host.simulator.inject({ fault: 'two-pans' });
    const text = await host.line(SCAN, 3000);
    expect(text.match(/LQI:(..)/g)).toEqual(['LQI:EA', 'LQI:CA']);
    expect(text.match(/PairID:\w+/g)).toEqual(['PairID:0DEFACED', 'PairID:CCDDEEFF']);
  },
  'pandesc-without-22': async () => {
    await using host = await ready();
    host.simulator.inject({ fault: 'pandesc-without-22' });
    const text = await host.line(SCAN, 10_000);
    expect(text).toContain('EPANDESC');
    expect(text).not.toContain('EVENT 22');
  },
  'late-pandesc': async () => {
    await using host = await ready();
    host.simulator.inject({ fault: 'late-pandesc' });
    expect(await host.line(SCAN, 5000)).toMatch(/^OK\r\nEVENT 22 .*\r\nEVENT 20 .*\r\nEPANDESC/);
  },
  'join-refused': async () => {
    await using host = await ready();
    host.simulator.inject({ fault: 'join-refused', on: 'SKJOIN', times: 1 });
    expect(await host.line(`SKJOIN ${METER}`, 10_000)).toMatch(/EVENT 24 .*\r\n$/);
    expect(await host.line(`SKJOIN ${METER}`, 5000)).toMatch(/EVENT 25/);
  },
  'join-silent': async () => {
    await using host = await ready();
    host.simulator.inject({ fault: 'join-silent' });
    expect(await host.line(`SKJOIN ${METER}`, 120_000)).toBe('OK\r\n');
    expect(await host.line(`SKJOIN ${METER}`, 5000)).toMatch(/EVENT 25/);
  },
  'session-lost': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'session-lost' });
    expect(await host.send(GET_POWER)).toBe('\r\nFAIL ER10\r\n');
  },
  'silent-session': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'silent-session' });
    expect(await host.send(GET_POWER, 60_000)).toBe(`\r\nEVENT 21 ${METER} 00\r\nOK\r\n`);
    await host.line('SKREJOIN', 10_000);
    await host.send(GET_POWER);
    expect(await host.send(GET_POWER)).toMatch(ANSWER);
  },
  'session-clings': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'session-clings' });
    expect(await host.send(GET_POWER, 60_000)).toBe(`\r\nEVENT 21 ${METER} 00\r\nOK\r\n`);
    expect(await host.line(`SKJOIN ${METER}`, 60_000)).toMatch(/EVENT 24 .*\r\n$/);
    await host.line(`SKJOIN ${METER}`, 1000);
    expect(await host.line('SKTERM', 2000)).toMatch(/OK\r\nEVENT 27 .*\r\n$/);
    expect(await host.line(`SKJOIN ${METER}`, 5000)).toMatch(/EVENT 25/);
  },
  'event-24': () => ends('event-24', '24'),
  'event-26': () => ends('event-26', '26'),
  'event-27': () => ends('event-27', '27'),
  'event-28': () => ends('event-28', '28'),
  'event-25': async () => {
    await using host = await joined();
    host.heard = '';
    host.simulator.inject({ fault: 'event-25' });
    await host.clock.advance(5000);
    expect(host.heard).toMatch(/02CC 02CC[\s\S]*EVENT 25/);
    expect(await host.send(GET_POWER)).toMatch(ANSWER);
  },
  'event-29': async () => {
    await using host = await joined();
    host.heard = '';
    host.simulator.inject({ fault: 'event-29' });
    await host.clock.advance(1000);
    expect(host.heard).toBe(`EVENT 29 ${METER}\r\n`);
    expect(await host.send(GET_POWER, 1000)).toBe(`\r\nEVENT 21 ${METER} 01\r\nOK\r\n`);
    await host.clock.advance(10_000);
    expect(host.heard).toContain('EVENT 25');
    host.heard = '';
    host.simulator.inject({ fault: 'event-29', recovers: false });
    await host.clock.advance(100_000);
    expect(host.heard).toBe(`EVENT 29 ${METER}\r\n`);
  },
  'event-32': async () => {
    await using host = await joined();
    host.heard = '';
    host.simulator.inject({ fault: 'event-32', for_s: 30 });
    await host.clock.settle();
    expect(host.heard).toBe(`EVENT 32 ${METER}\r\n`);
    expect(await host.send(GET_POWER)).toBe(`\r\nEVENT 21 ${METER} 01\r\nOK\r\n`);
    expect(await host.line('SKSREG SFB')).toBe('ESREG 1\r\nOK\r\n');
    expect(await host.say('', 25_000)).toBe(`EVENT 33 ${METER}\r\n`);
    expect(await host.send(GET_POWER)).toMatch(ANSWER);
  },
  'module-reset': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'module-reset' });
    expect(await host.line('SKTERM')).toBe('SKTERM\r\nFAIL ER10\r\n');
  },
  'module-hang': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'module-hang', for_s: 20 });
    expect(await host.line('SKVER', 19_000)).toBe('');
    await host.clock.advance(2000);
    expect(await host.line('SKVER')).toBe('EVER 1.2.10\r\nOK\r\n');
    host.simulator.inject({ fault: 'module-hang' });
    expect(await host.line('SKRESET', 100_000)).toBe('');
    host.simulator.powerCycle();
    host.connect();
    await host.clock.advance(2000);
    expect(await host.line('SKVER')).toBe('SKVER\r\nEVER 1.2.10\r\nOK\r\n');
  },
  'port-lost': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'port-lost', for_s: 10 });
    expect(host.simulator.plugged).toBe(false);
    await host.clock.advance(12_000);
    host.connect();
    expect(await host.line('SKVER')).toBe('SKVER\r\nEVER 1.2.10\r\nOK\r\n');
  },
  garbage: async () => {
    await using host = await joined();
    host.heard = '';
    host.simulator.inject({ fault: 'garbage', count: 50 });
    await host.clock.settle();
    expect(host.heard).toHaveLength(50);
  },
  burst: async () => {
    await using host = await joined();
    host.heard = '';
    host.simulator.inject({ fault: 'burst' });
    await host.clock.advance(100);
    expect(host.heard).toHaveLength(65_536);
  },
  dribble: async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'dribble', for_s: 10 });
    let pieces = 0;
    host.wire.on('data', () => pieces++);
    const text = await host.line('SKVER');
    expect(text).toBe('EVER 1.2.10\r\nOK\r\n');
    expect(pieces).toBe(text.length);
  },
  'glued-lines': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'glued-lines', times: 2 });
    expect(await host.send(GET_POWER)).toMatch(/\r\nSKSENDTOEVENT 21 .*\r\nOK\r\nSKSENDTOERXUDP /);
  },
  'missing-ok': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'missing-ok', on: 'SKSENDTO' });
    expect(await host.line('SKVER')).toContain('OK');
    expect(await host.send(GET_POWER)).not.toContain('OK');
    expect(await host.send(GET_POWER)).toContain('OK');
  },
  'late-ok': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'late-ok', on: 'SKVER', after_s: 5 });
    expect(await host.line('SKVER')).toBe('EVER 1.2.10\r\n');
    expect(await host.line('SKVER')).toBe('EVER 1.2.10\r\nOK\r\n');
    expect(await host.line('', 5000)).toBe('OK\r\n');
  },
  'slow-send': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'slow-send', after_s: 20 });
    expect(await host.send(GET_POWER, 20_000)).toBe('\r\n');
    expect(await host.line('', 5000)).toMatch(/^EVENT 21 .* 00\r\nOK\r\nERXUDP /);
  },
  'echoed-send': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'echoed-send' });
    expect(await host.line('SKVER')).toBe('EVER 1.2.10\r\nOK\r\n');
    expect(await host.send(GET_POWER)).toMatch(/^SKSENDTO 1 .* 000E \r\nEVENT 21 /);
    expect(await host.send(GET_POWER)).toMatch(ANSWER);
  },
  'no-answer': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'no-answer', on: 'SKVER' });
    expect(await host.line('SKVER')).toBe('');
    expect(await host.line('SKVER')).toContain('EVER');
  },
  'fail-code': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'fail-code', on: 'SKINFO', code: 9, skip: 1 });
    expect(await host.line('SKINFO')).toContain('EINFO');
    expect(await host.line('SKINFO')).toBe('FAIL ER09\r\n');
    expect(await host.line('SKINFO')).toContain('EINFO');
  },
  'connect-failed': async () => {
    await using host = await J11Host.configured();
    host.simulator.inject({ fault: 'connect-failed' });
    expect(await host.ask({ name: 'startRouteB' }, 3000)).toEqual(['2053 0E']);
    expect(await host.ask({ name: 'startRouteB' }, 3000)).toEqual([expect.stringMatching(/^2053 01/)]);
  },
  'receive-failure': async () => {
    await using host = await J11Host.configured();
    host.simulator.inject({ fault: 'receive-failure', count: 2 });
    await host.clock.advance(10);
    const failure = '6038 01FE80000000000000021C6400030C12A40001000000';
    expect(host.frames).toEqual([failure, failure]);
  },
  'event-21-01': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'event-21-01' });
    expect(await host.send(GET_POWER, 30_000)).toBe(`\r\nEVENT 21 ${METER} 01\r\nOK\r\n`);
    expect(await host.send(GET_POWER)).toMatch(ANSWER);
  },
  'event-21-02': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'event-21-02' });
    expect(await host.send(GET_POWER)).toMatch(/^\r\nEVENT 21 .* 02\r\nOK\r\nEVENT 02 .*\r\nEVENT 21 .* 00\r\nERXUDP /);
  },
  'duplicated-event': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'duplicated-event' });
    expect((await host.send(GET_POWER)).match(/EVENT 21/g)).toHaveLength(2);
  },
  'lost-reply': async () => {
    await using host = await joined();
    const before = host.answers.length;
    host.simulator.inject({ fault: 'lost-reply' });
    expect(await host.send(GET_POWER, 60_000)).not.toContain('ERXUDP');
    expect(host.answers).toHaveLength(before);
  },
  'late-reply': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'late-reply', after_s: 8 });
    expect(await host.send(GET_POWER, 8000)).not.toContain('ERXUDP');
    expect(await host.say('', 1500)).toMatch(ANSWER);
  },
  'wrong-tid': () => distorted({ fault: 'wrong-tid' }, /10815A5B02880105FF017201E704/, false),
  'opc-mismatch': () => distorted({ fault: 'opc-mismatch' }, /1081000102880105FF017202E704/, false),
  'cut-answer': () => distorted({ fault: 'cut-answer', count: 14 }, /1081000102880105FF017201E704(?![0-9A-F])/, false),
  'pdc-past-end': () => distorted({ fault: 'pdc-past-end' }, /1081000102880105FF017201E709/, false),
  'unknown-epc': () => distorted({ fault: 'unknown-epc' }, /1081000102880105FF017202E704.{8}F904DEADBEEF/, true),
  sna: () => distorted({ fault: 'sna', epc: 'E7' }, /1081000102880105FF015201E700/, true),
  'refuse-beyond': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'refuse-beyond', count: 1 });
    expect(await host.send(GET_POWER)).toMatch(ANSWER);
    expect(await host.send('1081000105FF010288016202E700E000')).toMatch(/5202E704.{8}E000/);
    expect(await host.send('1081000105FF010288016202E700E000')).toMatch(/7202E704.{8}E004/);
  },
  'no-data': () => distorted({ fault: 'no-data', epc: 'E7' }, /1081000102880105FF017201E7047FFFFFFE/, true),
  'clock-24': async () => {
    const midnight = Date.UTC(2026, 0, 14, 15);
    await using host = await joined({ startAt: midnight });
    host.simulator.inject({ fault: 'clock-24', times: 2 });
    expect(await host.send('1081000105FF010288016201EA00')).toMatch(/7201EA0B07EA010E180000/);
    expect(await host.send('1081000105FF0102880162019700')).toMatch(/72019702(1800|0000)/);
  },
  'bad-date': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'bad-date' });
    expect(await host.send(GET_POWER)).toMatch(ANSWER);
    expect(await host.send('1081000105FF01028801620297009800')).toMatch(/72029702[0-9A-F]{4}980407EA0D20/);
    expect(await host.send('1081000105FF0102880162019800')).toMatch(/7201980407EA010F/);
  },
  notification: async () => {
    await using host = await joined({ halfHour: 'infc' });
    host.simulator.inject({ fault: 'notification', on: 'SKSENDTO' });
    expect(await host.send(GET_POWER)).toMatch(/1081021002880105FF017402EA0B.*EB0B[\s\S]*1081000102880105FF017201E704/);
    expect(host.simulator.unansweredInfc).toBe(1);
    await host.send('1081021005FF010288017A02EA00EB00');
    expect(host.simulator.unansweredInfc).toBe(0);
  },
  'energy-back': async () => {
    await using host = await joined();
    const before = host.simulator.registers().import;
    host.simulator.inject({ fault: 'energy-back', count: 500 });
    expect(host.simulator.registers().import).toBe(before - 500);
  },
  'meter-moved': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'meter-moved', channel: '2F', pan_id: 'BEEF' });
    expect(await host.send(GET_POWER)).toBe(`\r\nEVENT 21 ${METER} 01\r\nOK\r\n`);
    expect(await host.line(SCAN, 3000)).toMatch(/Channel:2F\r\n[\s\S]*Pan ID:BEEF/);
    await host.line('SKSREG S2 2F\r\nSKSREG S3 BEEF');
    expect(await host.line(`SKJOIN ${METER}`, 10_000)).toMatch(/EVENT 25/);
  },
  'meter-replaced': async () => {
    await using host = await joined();
    host.simulator.inject({ fault: 'meter-replaced' });
    expect(await host.send(GET_POWER)).toBe(`\r\nEVENT 21 ${METER} 01\r\nOK\r\n`);
    expect(await host.line(SCAN, 3000)).toContain('Addr:001C640003DD6393');
    expect(host.simulator.registers()).toEqual({ import: 0, export: 0 });
  },
};

async function ends(fault: FaultName, number: string): Promise<void> {
  await using host = await joined();
  host.heard = '';
  host.simulator.inject({ fault });
  await host.clock.settle();
  expect(host.heard).toBe(`EVENT ${number} ${METER}\r\n`);
  expect(host.simulator.session).toBe('none');
}

async function distorted(fault: Fault, form: RegExp, isTrue: boolean): Promise<void> {
  await using host = await joined();
  const before = host.answers.length;
  host.simulator.inject(fault);
  expect(await host.send(GET_POWER)).toMatch(form);
  expect(host.answers.length > before).toBe(isTrue && fault.fault !== 'sna');
  expect(await host.send(GET_POWER)).toMatch(ANSWER);
}

test.each(FAULT_NAMES)('fault %s', async (name) => {
  await seen[name]();
});

test('a fault for one property waits until that property is asked', async () => {
  await using host = await joined();
  host.simulator.inject({ fault: 'sna', epc: 'E0' });
  expect(await host.send(GET_POWER)).toMatch(ANSWER);
  expect(await host.send('1081000105FF010288016202E700E000')).toMatch(/5202E704.{8}E000/);
});

describe('a script', () => {
  test('plays by time, by repetition and by occurrence', async () => {
    await using host = await joined();
    host.simulator.run(
      parseFaultScript(
        [
          '# what happens',
          '',
          '{"at_s": 30, "fault": "session-lost"}',
          '- {every_s: 100, fault: garbage, count: 3}',
          '{"on": "SKVER", "times": 2, "fault": "fail-code"}',
        ].join('\n'),
      ),
    );
    expect(await host.line('SKVER\r\nSKVER\r\nSKVER')).toBe('FAIL ER10\r\nFAIL ER10\r\nEVER 1.2.10\r\nOK\r\n');
    await host.clock.advance(28_000);
    expect(host.simulator.session).toBe('up');
    await host.clock.advance(2000);
    expect(host.simulator.session).toBe('none');
    expect(await host.say('', 300_000)).toHaveLength(9);
  });

  test('tells every bad line, with the names there are', () => {
    const attempt = (text: string) => () => parseFaultScript(text);
    expect(attempt('{"fault": "meteor"}')).toThrow(BridgeError);
    expect(attempt('{"fault": "garbage"}\n{"fault": "meteor"}')).toThrow(/line 2: .*pan-not-found/);
    expect(attempt('{"fault": "sna", "epc": 231}\n\n{nonsense\nmore')).toThrow(
      /line 1: epc: .*; line 3: neither.*; line 4: /,
    );
    expect(attempt('{"fault": "garbage", "at": 3}')).toThrow(/line 1: .*at/);
    expect(attempt('{"fault": "garbage", "at_s": -3}')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('is refused in Japanese too', () => {
    const attempt = (): unknown => parseFaultScript('{nonsense\n{"fault": "garbage", "at": 3, "for_s": 0}');
    const ja =
      '障害スクリプト: 1 行目: JSONでもYAMLでもありません。2 行目: for_s: 0 より大きい値を指定してください、不明なキーです: at';
    expect(attempt).toThrow(expect.objectContaining({ what: expect.objectContaining({ ja }) as unknown }));
  });
});

describe('notifications at the half hour', () => {
  const start = Date.UTC(2026, 0, 15, 3, 20); // 12:20 JST

  test('EA and EB come after the delay, of the half hour', async () => {
    await using host = await joined({ halfHour: 'inf', startAt: start });
    host.heard = '';
    await host.clock.advance(10 * 60_000);
    expect(host.heard).toBe('');
    await host.clock.advance(60_000);
    expect(host.heard).toMatch(/1 002[0-9A-F] 1081....02880105FF017302EA0B07EA010F0C1E00.{8}EB0B07EA010F0C1E00/);
    await host.clock.advance(30 * 60_000);
    expect(host.heard.match(/ERXUDP/g)).toHaveLength(2);
  });

  test('nobody hears them without a session', async () => {
    await using host = await ready({ halfHour: 'inf', startAt: start });
    host.heard = '';
    await host.clock.advance(60 * 60_000);
    expect(host.heard).toBe('');
  });
});

test('the same seed gives the same bytes at the same time', async () => {
  const run = async (seed: number): Promise<string> => {
    await using host = await joined({ seed, halfHour: 'inf', solar: true });
    let text = '';
    for (let i = 0; i < 5; i++) {
      host.simulator.inject({ fault: 'garbage' });
      text += `${await host.send(GET_POWER)}${host.clock.monotonicMs()}`;
    }
    return text + JSON.stringify(host.answers);
  };
  expect(await run(5)).toBe(await run(5));
  expect(await run(6)).not.toBe(await run(5));
});
