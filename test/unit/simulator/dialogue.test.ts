import { describe, expect, test } from 'vitest';
import { Host, ID, METER, PASSWORD } from './host.ts';

const SE_OWN = 'FE80:0000:0000:0000:021D:1290:0005:747B';
const DSE_OWN = 'FE80:0000:0000:0000:021D:1291:0004:E578';
const GET_POWER = '1081000105FF010288016201E700';

/** Values that differ from meter to meter and from run to run. */
const masked = (text: string): string =>
  text.replace(/(02CC 02CC .* 00(?:28|68|54|58) )[0-9A-F]+/g, '$1…').replace(/1081[0-9A-F]{4}(0EF001)/g, '1081…$1');

describe('RS-WSUHA-P (DSE, hex payload), in the form of a published capture', () => {
  test('first contact: echo on, product commands end in CR alone', async () => {
    await using host = new Host({ model: 'RS-WSUHA-P' });
    expect(await host.line('SKVER')).toBe('SKVER\r\nEVER 1.5.2\r\nOK\r\n');
    expect(await host.line('ROPT')).toBe('ROPT\rOK 01\r');
    expect(await host.line('RUART')).toBe('RUART\rOK 80\r');
    expect(await host.line('SKINFO')).toBe(`SKINFO\r\nEINFO ${DSE_OWN} 001D12910004E578 21 FFFF 0\r\nOK\r\n`);
  });

  test('scan, registers, join, instance list', async () => {
    await using host = new Host({ model: 'RS-WSUHA-P', channel: 0x31, panId: 0xb5fb, lqi: 0xdd });
    expect(await host.line('SKRESET')).toBe('SKRESET\r\nOK\r\n');
    expect(await host.line(`SKSETPWD C ${PASSWORD}`)).toBe(`SKSETPWD C ${PASSWORD}\r\nOK\r\n`);
    expect(await host.line(`SKSETRBID ${ID}`)).toBe(`SKSETRBID ${ID}\r\nOK\r\n`);
    expect((await host.line('SKSCAN 2 FFFFFFFF 6 0 ', 20_000)).split('\r\n')).toEqual([
      'SKSCAN 2 FFFFFFFF 6 0 ',
      'OK',
      `EVENT 20 ${DSE_OWN} 0`,
      'EPANDESC',
      '  Channel:31',
      '  Channel Page:09',
      '  Pan ID:B5FB',
      '  Addr:001C6400030C12A4',
      '  LQI:DD',
      '  Side:0',
      '  PairID:CCDDEEFF',
      `EVENT 22 ${DSE_OWN} 0`,
      '',
    ]);
    await host.line('SKSREG SFE 0');
    await host.line('SKSREG S2 31');
    await host.line('SKSREG S3 B5FB');
    expect(await host.line('SKLL64 001C6400030C12A4')).toBe(`${METER}\r\n`);
    const pana = `ERXUDP ${METER} ${DSE_OWN} 02CC 02CC 001C6400030C12A4 0 0`;
    expect(masked(await host.line(`SKJOIN ${METER}`, 10_000)).split('\r\n')).toEqual([
      'OK',
      `EVENT 21 ${METER} 0 02`,
      `EVENT 02 ${METER} 0`,
      `${pana} 0028 …`,
      `EVENT 21 ${METER} 0 00`,
      `${pana} 0068 …`,
      `EVENT 21 ${METER} 0 00`,
      `${pana} 0054 …`,
      `EVENT 21 ${METER} 0 00`,
      `${pana} 0058 …`,
      `EVENT 21 ${METER} 0 00`,
      `EVENT 25 ${METER} 0`,
      `ERXUDP ${METER} FF02:0000:0000:0000:0000:0000:0000:0001 0E1A 0E1A 001C6400030C12A4 1 0 0012 1081…0EF0010EF0017301D50401028801`,
      '',
    ]);
  });
});

describe('BP35A1 (SE), in the form of published captures', () => {
  test('commands written without waiting are answered in order, and the reset turns the echo on again', async () => {
    await using host = new Host({ model: 'BP35A1' });
    await host.line('SKSREG SFE 0');
    expect(await host.line('SKTERM\r\nSKRESET\r\nSKSREG SFE 0\r\nSKVER')).toBe(
      'FAIL ER10\r\nOK\r\nSKSREG SFE 0\r\nOK\r\nEVER 1.2.10\r\nOK\r\n',
    );
  });

  test('a Get: empty line, EVENT 21, OK, then the answer', async () => {
    await using host = new Host({ edition: 'SE', payload: 'ascii' });
    await host.join();
    await host.send(GET_POWER);
    host.simulator.setPower(0x4a8);
    expect((await host.send(GET_POWER)).split('\r\n')).toEqual([
      '',
      `EVENT 21 ${METER} 00`,
      'OK',
      `ERXUDP ${METER} ${SE_OWN} 0E1A 0E1A 001C6400030C12A4 1 0012 1081000102880105FF017201E704000004A8`,
      '',
    ]);
  });

  test('the echo of SKSENDTO stops before the data', async () => {
    await using host = new Host({ edition: 'SE', payload: 'ascii' });
    await host.join();
    await host.line('SKSREG SFE 1');
    expect(await host.send(GET_POWER)).toMatch(
      new RegExp(`^SKSENDTO 1 ${METER} 0E1A 1 000E \r\nEVENT 21 ${METER} 02\r\nOK\r\n`),
    );
  });

  test('binary payload is raw', async () => {
    await using host = new Host({ edition: 'SE' });
    await host.join();
    host.simulator.setPower(0x0d0a);
    expect(await host.send(GET_POWER)).toContain(
      '0E1A 001C6400030C12A4 1 0012 \x10\x81\x00\x01\x02\x88\x01\x05\xff\x01\x72\x01\xe7\x04\x00\x00\x0d\x0a\r\n',
    );
  });
});

test('WOPT changes how payload is printed, and outlives a reset', async () => {
  await using host = new Host({ edition: 'DSE' });
  await host.line('SKSREG SFE 0');
  expect(await host.say('ROPT\r')).toBe('OK 00\r');
  expect(await host.say('WOPT 01\r')).toBe('OK\r');
  await host.line('SKRESET');
  expect(await host.say('ROPT\r')).toBe('ROPT\rOK 01\r');
});

test('RL7023 Stick-D/DSS knows neither ROPT nor WOPT nor SKAPPVER', async () => {
  await using host = new Host({ model: 'RL7023-DSS' });
  await host.line('SKSREG SFE 0');
  expect(await host.say('ROPT\r')).toBe('FAIL ER04\r\n');
  expect(await host.say('WOPT 01\r')).toBe('FAIL ER04\r\n');
  expect(await host.line('SKAPPVER')).toBe('FAIL ER04\r\n');
});

test('SA2 adds the LQI to ERXUDP on DSE; SE takes it without effect', async () => {
  await using dual = new Host({ edition: 'DSE', payload: 'ascii' });
  await dual.join();
  expect(await dual.line('SKSREG SA2 1')).toBe('OK\r\n');
  expect(await dual.send(GET_POWER)).toContain('001C6400030C12A4 CA 1 0 0012 ');
  await using single = new Host({ edition: 'SE', payload: 'ascii' });
  await single.join();
  expect(await single.line('SKSREG SA2 1')).toBe('OK\r\n');
  expect(await single.send(GET_POWER)).toContain('001C6400030C12A4 1 0012 ');
  expect(await single.line('SKSREG SA9')).toBe('FAIL ER06\r\n');
});

test('registers: either spelling, width, range, airtime', async () => {
  await using host = new Host({ edition: 'DSE' });
  await host.line('SKSREG SFE 0');
  expect(await host.line('SKSREG S02 3B')).toBe('OK\r\n');
  expect(await host.line('SKSREG S2')).toBe('ESREG 3B\r\nOK\r\n');
  expect(await host.line('SKSREG S2 61')).toBe('FAIL ER06\r\n');
  expect(await host.line('SKSREG S0A')).toBe('ESREG CCDDEEFF\r\nOK\r\n');
  expect(await host.line('SKSREG SFB')).toBe('ESREG 0\r\nOK\r\n');
  expect(await host.line('SKSREG SFB 1')).toBe('FAIL ER06\r\n');
  expect(await host.line('SKSREG SFD')).toBe('ESREG 0000000000000000\r\nOK\r\n');
  await host.join();
  await host.send(GET_POWER);
  expect(await host.line('SKSREG SFD')).not.toContain('0000000000000000');
});

test('a scan takes 9.6 ms × (2^D + 1) a channel, and a new one replaces it', async () => {
  await using host = new Host({ edition: 'SE' });
  await host.line('SKSREG SFE 0');
  await host.line(`SKSETRBID ${ID}`);
  expect(await host.line('SKSCAN 2 FFFFFFFF 6', 17_400)).toMatch(/PairID:CCDDEEFF\r\n$/);
  expect(await host.say('', 150)).toMatch(/^EVENT 22/);
  await host.line('SKSCAN 2 FFFFFFFF 8', 2000);
  expect((await host.line('SKSCAN 2 FFFFFFFF 3', 80_000)).match(/EVENT 22/g)).toHaveLength(1);
});

test('a time factor makes it faster', async () => {
  await using host = new Host({ edition: 'SE', timeFactor: 10 });
  await host.line('SKSREG SFE 0');
  await host.line(`SKSETRBID ${ID}`);
  expect(await host.line('SKSCAN 2 FFFFFFFF 6', 1800)).toMatch(/EVENT 22 .*\r\n$/);
});

test('the mask names the channels that are scanned', async () => {
  await using host = new Host({ edition: 'SE' });
  await host.line(`SKSREG SFE 0\r\nSKSETRBID ${ID}`);
  expect(await host.line('SKSCAN 2 00000001 6', 2000)).not.toContain('EPANDESC');
  expect(await host.line('SKSCAN 2 00040000 6', 2000)).toContain('EPANDESC');
});

test('mode 3 asks for no Pairing ID, mode 0 measures energy', async () => {
  await using host = new Host({ edition: 'SE' });
  await host.line('SKSREG SFE 0');
  const open = await host.line('SKSCAN 3 FFFFFFFF 4', 10_000);
  expect(open).toContain('EPANDESC');
  expect(open).not.toContain('PairID');
  expect(await host.line('SKSCAN 0 FFFFFFFF 4', 10_000)).toMatch(
    /^OK\r\nEVENT 1F .*\r\nEEDSCAN\r\n\r\n21 [0-9A-F]{2} 22 /,
  );
});

test('another ID finds nothing, another password is refused', async () => {
  await using host = new Host({ edition: 'SE', routeBId: `${'0'.repeat(24)}12345678`, password: PASSWORD });
  await host.line('SKSREG SFE 0');
  await host.line(`SKSETRBID ${ID}`);
  expect(await host.line('SKSCAN 2 FFFFFFFF 4', 10_000)).toMatch(/^OK\r\nEVENT 22 /);
  await host.line(`SKSETRBID ${'0'.repeat(24)}12345678\r\nSKSETPWD C ZZZZZZZZZZZZ\r\nSKSREG S2 33\r\nSKSREG S3 12A4`);
  expect(await host.line('SKSCAN 2 FFFFFFFF 4', 10_000)).toContain('PairID:12345678');
  expect(await host.line(`SKJOIN ${METER}`, 10_000)).toMatch(/EVENT 24 .*\r\n$/);
});

test('a join needs channel and PAN ID', async () => {
  await using host = new Host({ edition: 'SE' });
  await host.line(`SKSREG SFE 0\r\nSKSETRBID ${ID}\r\nSKSETPWD C ${PASSWORD}\r\nSKSREG S2 33`);
  expect(await host.line(`SKJOIN ${METER}`, 30_000)).not.toMatch(/EVENT 2[45]/);
  expect(await host.say('', 15_000)).toMatch(/EVENT 24/);
});

test('without a session SKSENDTO, SKTERM and SKREJOIN fail; SKTERM ends one with EVENT 27', async () => {
  await using host = new Host({ edition: 'DSE' });
  await host.line('SKSREG SFE 0');
  expect(await host.send(GET_POWER)).toBe('\r\nFAIL ER10\r\n');
  expect(await host.line('SKTERM')).toBe('FAIL ER10\r\n');
  expect(await host.line('SKREJOIN')).toBe('FAIL ER10\r\n');
  await host.join();
  expect(await host.line('SKREJOIN', 10_000)).toMatch(/^OK\r\n[\s\S]*EVENT 25/);
  expect(await host.line('SKTERM')).toBe(`OK\r\nEVENT 27 ${METER} 0\r\n`);
  expect(host.simulator.session).toBe('none');
});

test('the session outlives the wire, not the power', async () => {
  await using host = new Host({ edition: 'DSE' });
  await host.join();
  host.wire.destroy();
  await host.clock.advance(1000);
  expect(host.simulator.attached).toBe(false);
  host.connect();
  await host.send(GET_POWER);
  expect(await host.send(GET_POWER)).toMatch(/^\r\nEVENT 21 .* 00\r\nOK\r\nERXUDP/); // echo is still off, too
  const gone = new Promise((resolve) => host.wire.once('close', resolve));
  host.simulator.unplug();
  await gone;
  expect(() => host.simulator.connect()).toThrow(expect.objectContaining({ code: 'PORT_MISSING' }));
  host.simulator.plug();
  host.connect();
  expect(await host.line('SKVER', 500)).toBe(''); // booting
  await host.clock.advance(1000);
  expect(await host.line('SKVER')).toBe('SKVER\r\nEVER 1.5.2\r\nOK\r\n');
  expect(await host.line('SKTERM')).toBe('SKTERM\r\nFAIL ER10\r\n');
});

test('the module renews its session at 80 % of its lifetime: EVENT 29, then 25', async () => {
  await using host = new Host({ edition: 'SE', sessionLifetimeS: 900, halfHour: 'off' });
  await host.join();
  host.heard = '';
  await host.clock.advance(705_000);
  expect(host.heard).toBe('');
  await host.clock.advance(20_000);
  expect(host.heard).toMatch(/EVENT 25/);
  expect(host.heard).toMatch(/^EVENT 29 /);
  expect(host.heard).not.toMatch(/EVENT 24/);
});

test('with S17 = 0 the session runs out: EVENT 29, and nothing can be sent', async () => {
  await using host = new Host({ edition: 'SE', sessionLifetimeS: 900, halfHour: 'off' });
  await host.join();
  await host.line('SKSREG S17 0');
  host.heard = '';
  await host.clock.advance(900_000);
  expect(host.heard).toBe(`EVENT 29 ${METER}\r\n`);
  expect(await host.send(GET_POWER)).toBe(`\r\nEVENT 21 ${METER} 01\r\nOK\r\n`);
});

test('commands of other programs', async () => {
  await using host = new Host({ edition: 'SE' });
  await host.join();
  expect(await host.line('SKTABLE 2')).toBe(`ENEIGHBOR\r\n${METER} 001C6400030C12A4 FFFF\r\nOK\r\n`);
  expect(await host.line('SKTABLE 1')).toBe(`EADDR\r\n${SE_OWN}\r\nOK\r\n`);
  expect(await host.line('SKTABLE E')).toBe('EPORT\r\n3610\r\n716\r\n19788\r\n0\r\n0\r\n0\r\n\r\nOK\r\n');
  expect(await host.line('SKTABLE 9')).toBe('FAIL ER06\r\n');
  expect(await host.line(`SKPING ${METER}`)).toBe(`OK\r\nEPONG ${METER}\r\n`);
  expect(await host.line('SKLOAD')).toBe('FAIL ER10\r\n');
  expect(await host.line('SKSAVE\r\nSKLOAD\r\nSKERASE')).toBe('OK\r\nOK\r\nOK\r\n');
  expect(await host.line(`SKADDNBR ${METER} 001C6400030C12A4`)).toBe('OK\r\n');
  expect(await host.send(GET_POWER)).toMatch(/^\r\nEVENT 21 .* 00\r\n/); // nothing to resolve any more
  expect(await host.line('SKUDPPORT 3 0E1A')).toBe('OK\r\n');
  expect(await host.say('WUART 00\r')).toBe('OK\r');
});

test('a DSE module sleeps until a character comes', async () => {
  await using host = new Host({ edition: 'DSE' });
  await host.line('SKSREG SFE 0');
  expect(await host.line('SKDSLEEP')).toBe('OK\r\n');
  expect(await host.line('')).toBe('EVENT C0\r\n');
  expect(await host.line('SKVER')).toBe('EVER 1.5.2\r\nOK\r\n');
});

test('nothing is left waiting once it is disposed of', async () => {
  const host = new Host({ edition: 'DSE' });
  await host.join();
  await host.line('SKSCAN 2 FFFFFFFF 6 0', 100);
  await host[Symbol.asyncDispose]();
  await host.clock.settle();
  expect(host.clock.sleepers).toBe(0);
});
