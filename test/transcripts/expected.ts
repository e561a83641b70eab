/** What each transcript's module says, as `describeLine` prints it, read off the captures by hand. */
export interface Expected {
  /** Addresses printed by name. */
  readonly names: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

const expected = (names: Readonly<Record<string, string>>, text: string): Expected => ({
  names: { all: 'FF02:0000:0000:0000:0000:0000:0000:0001', ...names },
  lines: text
    .split('\n')
    .map((line) => line.trimStart())
    .filter((line) => line !== ''),
});

const zero = '0000:0000:0000:0000:0000:0000:0000:0000';
const linkLocalZero = 'FE80:0000:0000:0000:0000:0000:0000:0000';

/** One exchange of the SE poll: sent, accepted, answered. */
const answered = (payload: string): string => `
  event 21 zero param 00
  ok
  rxudp zero > zero 0E1A 0E1A 0000000000000000 secured 1081000102880105FF017201${payload}
`;
const toshiba = (payload: string): string =>
  `rxudp meter > own 0E1A 0E1A 001C6400601421A3 secured 1081000102880105FF017201${payload}\n`;

const MASKED_EVENT = 'noise EVENT without a sender';
const MASKED_RXUDP = 'noise ERXUDP with a header in an unknown form';
const UNKNOWN = 'noise unknown line';

export const expectedLines: Readonly<Record<string, Expected>> = {
  'dse-bp35c2-scan-d4-miss-d5-hit-timed': expected(
    { own: 'FE80:0000:0000:0000:021D:1291:0002:0608' },
    `event 22 own side 0
     echo SKSCAN 2 FFFFFFFF 5 0\u0020
     ok
     event 20 own side 0
     pan
     Channel=39
     Channel Page=09
     Pan ID=8CF5`,
  ),
  // Header fields are not published: "...ERXUDP payload only... 1081…". The word is found where it is glued, and refused.
  'dse-bp35c2-set-history-day-and-read': expected(
    {},
    `${UNKNOWN}
     ${MASKED_RXUDP}
     ${UNKNOWN}
     ${MASKED_RXUDP}`,
  ),
  'dse-rl7023-dss-scan-miss-then-hit': expected(
    { own: 'FE80:0000:0000:0000:021D:1291:0000:0574' },
    `version 1.5.2
     ok
     ok
     ok
     ok
     event 22 own side 0
     ok
     event 20 own side 0
     pan
     Channel=33
     Channel Page=09
     Pan ID=12A4
     Addr=001C6400030C12A4
     LQI=CA
     Side=0
     PairID=0112CE67`,
  ),
  'dse-rs-wsuha-p-scan-join-inf': expected(
    { own: 'FE80:0000:0000:0000:021D:1291:0004:E578', meter: 'FE80:0000:0000:0000:C2F9:4500:4058:B5FB' },
    `echo SKRESET
     ok
     echo SKSETPWD C 0123456789AB
     ok
     echo SKSETRBID 00112233445566778899AABBCCDDEEFF
     ok
     echo SKSCAN 2 FFFFFFFF 6 0\u0020
     ok
     event 20 own side 0
     pan
     Channel=31
     Channel Page=09
     Pan ID=B5FB
     Addr=0011223344556677
     LQI=DD
     Side=0
     PairID=0194BFAD
     event 22 own side 0
     echo SKSREG S2 31
     ok
     echo SKSREG S3 B5FB
     ok
     echo SKLL64 0011223344556677
     address meter
     event 21 meter side 0 param 02
     event 02 meter side 0
     rxudp meter > own 02CC 02CC 0011223344556677 plain side 0 00000028C0000002136F0BFE2FDA83DC00060000000400000000000500030000000400000000000C
     event 21 meter side 0 param 00
     rxudp meter > own 02CC 02CC 0011223344556677 plain side 0 0000006880000002136F0BFE2FDA83DD000500000010000044AA92C21CDBB377DEBBEBC9B755B87D000200000038000001E300382F007835A9A40F167C39A7A5AB6ACB3F1070534D${'30'.repeat(32)}
     event 21 meter side 0 param 00
     rxudp meter > own 02CC 02CC 0011223344556677 plain side 0 0000005480000002136F0BFE2FDA83DE00020000003B000001E4003B2F807835A9A40F167C39A7A5AB6ACB3F1070A69CF318ABB2DA0AC088301193DE29E2000000006852F3CB9B3291068BF82BB6863F1D2B8100
     event 21 meter side 0 param 00
     rxudp meter > own 02CC 02CC 0011223344556677 plain side 0 00000058A0000002136F0BFE2FDA83DF000700000004000000000000000200000004000003E4000400040000000400000000160100080000000400000001518000010000001000006F2356B28BAD8AE081F64840CF5B5933
     event 21 meter side 0 param 00
     event 25 meter side 0
     rxudp meter > all 0E1A 0E1A 0011223344556677 secured side 0 108100000EF0010EF0017301D50401028801`,
  ),
  // Answers that end with a lone CR.
  'dse-rs-wsuha-p-version-and-options': expected(
    {},
    `echo SKVER
     version 1.5.2
     ok
     echo ROPT
     ok 01
     echo RUART
     ok 80`,
  ),
  // A field's value is text at this level, so asterisks pass; addresses do not.
  'dse-udg-1-wsne-scan': expected(
    {},
    `ok
     ${MASKED_EVENT}
     pan
     Channel=**
     Channel Page=**
     Pan ID=****
     Addr=****************
     LQI=9B
     Side=0
     PairID=********
     ${MASKED_EVENT}
     ${UNKNOWN}`,
  ),
  'j11-command-vectors': expected({}, ''),
  'se-2015-blog-928w': expected(
    {},
    `${MASKED_EVENT}
     ok
     ${MASKED_RXUDP}`,
  ),
  'se-bp35a1-boot-scan-join-first-get': expected(
    { zero },
    `ok
     ok
     ok
     ok
     event 22 zero
     ok
     event 20 zero
     pan
     Channel=3B
     Channel Page=09
     Pan ID=0000
     Addr=0000000000000000
     LQI=B2
     PairID=00000000
     event 22 zero
     address zero
     ok
     ok
     ok
     event 21 zero param 00
     ok
     rxudp zero > zero 0E1A 0E1A 0000000000000000 secured 1081000102880105FF015201D300
     rxudp zero > all 0E1A 0E1A 0000000000000000 secured 108103610EF0010EF0017301D50401028801`,
  ),
  'se-bp35a1-esp32-boot-and-triple-get': expected(
    {},
    `ok
     echo SKSREG SFE 0
     ok
     version 1.2.10
     ok
     ok
     ok
     ${MASKED_EVENT}
     ok
     ${MASKED_RXUDP}`,
  ),
  'se-bp35a1-get-e7-e8-tid-1002': expected(
    { own: 'FE80:0000:0000:0000:021D:1290:0004:263D', meter: 'FE80:0000:0000:0000:021C:6400:03CD:76A4' },
    `event 21 meter param 00
     ok
     rxudp meter > own 0E1A 0E1A 001C640003CD76A4 secured 1081100202880105FF017202E7040000029CE80400280028`,
  ),
  'se-bp35a1-poll-e1-d7-ea-e7-e8': expected(
    { zero },
    [
      'E10102',
      'D70107',
      'EA0B07E6080114000000012CC7',
      'E704000004A8',
      'E80400620022',
      'E704000004F0',
      'E804005F0022',
      'E704000004E8',
      'E804005F0028',
      'E70400000548',
      'E8040062002C',
      'E70400000530',
      'E80400460027',
    ]
      .map((property) => answered(property))
      .join(''),
  ),
  'se-bp35a1-scan-timing-d5-miss-d6-hit': expected({}, ''),
  'se-dse-raw-payload-lines': expected(
    { zero: linkLocalZero },
    `rxudp zero > zero 0E1A 0E1A 0000111122223333 plain side 0 108106E102880105FF017206800130880142E70400000698E80400A00028E0040004F3FDE3040000000B
     rxudp zero > zero 0E1A 0E1A 0000111122223333 plain 108106E102880105FF017206800130880142E70400000698E80400A00028E0040004F3FDE3040000000B`,
  ),
  'se-meter-008087-e7-reply': expected(
    { own: 'FE80:0000:0000:0000:1207:23FF:FEA0:75B3', meter: 'FE80:0000:0000:0000:0280:8700:3015:29FC' },
    'rxudp meter > own 0E1A 0E1A 00808700301529FC secured 1081412202880105FF017201E704000001C0',
  ),
  'se-rl7023-ips-manual-terminal-session': expected(
    { own: 'FE80:0000:0000:0000:1234:5678:1234:5678', meter: 'FE80:0000:0000:0000:9876:5432:9876:5432' },
    `info own 1234567812345678 21 FFFF SE
     ok
     ok
     ok
     event 20 own
     pan
     Channel=39
     Channel Page=09
     Pan ID=9876
     Addr=1234567812345678
     LQI=2D
     PairID=12345678
     event 22 own
     ok
     ok
     address meter
     ok
     event 21 meter param 02
     event 02 meter
     rxudp meter > own 02CC 02CC 1234567812345678 plain 00000028C00000024A1F4DC0C99C3A6A00060000000400000000000500030000000400000000000C`,
  ),
  'se-rl7023-ips-scan-join-get': expected(
    { own: 'FE80:0000:0000:0000:1207:23FF:FEA0:77E3', meter: 'FE80:0000:0000:0000:021C:6400:03DD:6393' },
    `ok
     event 20 own
     pan
     Channel=33
     Channel Page=09
     Pan ID=6393
     Addr=001C640003DD6393
     LQI=4E
     PairID=00F6D114
     event 22 own
     address meter
     ok
     event 21 meter param 00
     rxudp meter > own 02CC 02CC 001C640003DD6393 plain 00000058A0000002AB0FB498736E78FC000700000004000000000000000200000004000003AC000400040000000400000000FE010008000000040000000151800001000000100000877B491137BCABC194562415536C3E17
     event 25 meter
     event 21 meter param 00
     ok
     rxudp meter > own 0E1A 0E1A 001C640003DD6393 secured 1081000302880105FF017201E7040000001C`,
  ),
  'se-rl7023-ips-triple-get-reply': expected(
    { own: 'FE80:0000:0000:0000:1207:23FF:FEA0:7898', meter: 'FE80:0000:0000:0000:021C:6400:0364:831F' },
    'rxudp meter > own 0E1A 0E1A 001C64000364831F secured 1081000102880105FF017203E7040000055EE80400000082E00400052155',
  ),
  'se-sequence-summary-686w': expected(
    {},
    `ok
     ${MASKED_EVENT}
     pan
     Channel=39
     Pan ID=FFFF
     Addr=FFFFFFFFFFFFFFFF
     ${MASKED_EVENT}
     ${UNKNOWN}
     ok
     ${MASKED_EVENT}
     ${MASKED_EVENT}
     ok
     ${MASKED_RXUDP}`,
  ),
  'se-toshiba-release-f-meter-replies': expected(
    { own: 'FE80:0000:0000:0000:021D:1290:0005:747B', meter: 'FE80:0000:0000:0000:021C:6400:6014:21A3' },
    [
      'rxudp meter > all 0E1A 0E1A 001C6400601421A3 secured 108100000EF0010EF0017301D50401028801\n',
      ...[
        '800130',
        '810161',
        '820400004600',
        '880142',
        '8A03000016',
        '8D0C463234473336363530350000',
        '97020E1A',
        '980407EA0514',
        'D30400000001',
        'D70106',
        'E0040000FE73',
        'E70400000278',
        'E804001E0032',
        'EA0B07EA05140E00000000FE68',
      ].map((property) => toshiba(property)),
    ].join(''),
  ),
  'se-usb-dongle-property-map-get': expected(
    { zero: linkLocalZero, own: 'FE80:0000:0000:0000:0000:0000:0000:0001' },
    `event 21 zero param 00
     ok
     rxudp zero > own 0E1A 0E1A 001C64000334809F secured 1081001A02880105FF0172019E040381E5ED
     event 21 zero param 00
     ok`,
  ),
};
