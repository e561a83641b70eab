import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BridgeError } from '../../src/kernel/errors.ts';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import { serialWire } from '../../src/wire/serial-wire.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { all, catalogue, isOwnMeter, ownMeterOnly } from '../support/fault-catalogue.ts';
import type { Hazard } from '../support/fault-catalogue.ts';
import type { World } from '../support/world.ts';

const lost = ['waiting', 'joining', 'connected'] as const;
const first = ['scanning', 'joining', 'connected'] as const;

/** The port refuses to be opened until it is healed. */
const refusing = (code: ErrorCode) => (world: World) => {
  world.tap.refuse = () => new BridgeError(code, `/dev/tap: ${code}`);
};
const opensAgain = (world: World): void => {
  world.tap.refuse = () => undefined;
};
const bytewise = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));
/** Every CR is the last byte of a read, its LF the first of the next. */
const betweenCrAndLf = (bytes: Buffer): Buffer[] =>
  bytes
    .toString('latin1')
    .split(/(?<=\r)/)
    .map((piece) => Buffer.from(piece, 'latin1'));

/** Commands of a start, and those after which a session still stands. */
const commandsOfStart = [
  'SKVER',
  'SKSREG',
  'SKINFO',
  'SKSETPWD',
  'SKSETRBID',
  'SKSCAN',
  'SKLL64',
  'SKJOIN',
  'SKSENDTO',
] as const;
const failCodes = [4, 5, 6, 9, 10] as const;

const refusals: readonly Hazard[] = commandsOfStart.flatMap((command) =>
  failCodes.map((code): Hazard => ({
    name: `${command} is answered FAIL ER${String(code).padStart(2, '0')} once`,
    fault: { fault: 'fail-code', on: command, code },
    atStart: true,
    passes: ['scanning', 'connected'],
    error: 'any',
    withinMs: 120_000,
  })),
);
const silences: readonly Hazard[] = (['SKINFO', 'SKSETPWD', 'SKSCAN', 'SKLL64', 'SKJOIN', 'SKSENDTO'] as const).map(
  (command) => ({
    name: `${command} is not answered`,
    fault: { fault: 'no-answer', on: command },
    atStart: true,
    passes: ['connected'],
    error: 'any',
    withinMs: 180_000,
  }),
);

catalogue('module', [
  ...refusals,
  ...silences,
  {
    name: 'the stick is absent at the start',
    editions: all,
    atStart: true,
    fault: (world) => world.simulator.unplug(),
    lastsMs: 120_000,
    heal: (world) => world.simulator.plug(),
    phases: ['waiting', ...first],
    error: 'PORT_MISSING',
    withinMs: 40_000,
  },
  {
    name: 'the stick vanishes in the middle of a line and comes back',
    fault: (world) => {
      world.tap.inject(Buffer.from('ERXUDP FE80:0000:0000:0000:021C:64'));
      world.simulator.unplug();
    },
    lastsMs: 40_000,
    heal: (world) => world.simulator.plug(),
    phases: lost,
    error: 'PORT_LOST',
    withinMs: 40_000,
  },
  {
    name: 'the port is taken by another program when it comes back (EBUSY)',
    editions: all,
    fault: (world) => {
      refusing('PORT_BUSY')(world);
      world.simulator.powerCycle();
    },
    lastsMs: 90_000,
    heal: opensAgain,
    phases: lost,
    error: ['PORT_LOST', 'PORT_BUSY'],
    withinMs: 60_000,
  },
  {
    name: 'the port may not be opened at the start (EACCES)',
    editions: all,
    atStart: true,
    fault: refusing('PORT_DENIED'),
    lastsMs: 90_000,
    heal: opensAgain,
    phases: ['waiting', ...first],
    error: 'PORT_DENIED',
    withinMs: 60_000,
  },
  {
    name: 'the device is no serial port for a while',
    editions: all,
    atStart: true,
    fault: refusing('PORT_FAILED'),
    lastsMs: 90_000,
    heal: opensAgain,
    phases: ['waiting', ...first],
    error: 'PORT_FAILED',
    withinMs: 60_000,
  },
  {
    name: 'garbage on the line, again and again',
    editions: all,
    fault: Array.from({ length: 5 }, () => ({ fault: 'garbage' as const })),
    error: 'any',
    withinMs: 40_000,
  },
  {
    name: 'a burst of 64 KiB without a line end',
    editions: all,
    fault: { fault: 'burst' },
    phases: [],
    withinMs: 40_000,
  },
  {
    name: 'a burst of 64 KiB of line ends',
    fault: (world) => world.tap.inject(Buffer.from('\r\n'.repeat(32_768))),
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'every read holds one byte',
    editions: all,
    atStart: true,
    fault: (world) => void (world.tap.pieces = bytewise),
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'CR and LF come in different reads',
    atStart: true,
    fault: (world) => void (world.tap.pieces = betweenCrAndLf),
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'the echo is off already',
    world: { simulator: { echo: false } },
    atStart: true,
    fault: [],
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'the echo cannot be switched off',
    atStart: true,
    fault: (world) => {
      world.tap.toModule = (bytes) =>
        bytes.toString('latin1').startsWith('SKSREG SFE 0') ? Buffer.from('SKSREG SFE 1\r\n') : bytes;
    },
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'ERXUDP in binary',
    world: { simulator: { payload: 'binary' } },
    atStart: true,
    fault: [],
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'ERXUDP in ASCII',
    world: { simulator: { payload: 'ascii' } },
    atStart: true,
    fault: [],
    phases: first,
    withinMs: 60_000,
  },
  {
    name: '0D 0A inside a binary payload',
    world: { simulator: { payload: 'binary' } },
    fault: (world) => world.simulator.setPower(0x0d0a),
    phases: [],
    withinMs: 30_000,
    also: (world) => expect(world.lastReading?.powerW).toBe(0x0d0a),
  },
  { name: 'lines are glued together', fault: { fault: 'glued-lines', for_s: 60 }, phases: [], withinMs: 30_000 },
  {
    name: 'events come twice',
    editions: all,
    fault: { fault: 'duplicated-event', for_s: 120 },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'events come twice from the start',
    editions: all,
    atStart: true,
    world: ownMeterOnly,
    fault: { fault: 'duplicated-event', for_s: 120 },
    phases: first,
    withinMs: 60_000,
    also: isOwnMeter,
  },
  ...[12, 19].map((seconds): Hazard => ({
    name: `the radio takes ${seconds} s for every request, from the start`,
    editions: all,
    atStart: true,
    fault: { fault: 'slow-send', times: 1000, after_s: seconds },
    phases: first,
    withinMs: 90_000,
    readings: 1,
  })),
  ...(['SKSENDTO', '0008'] as const).flatMap((on): Hazard[] => {
    const editions = on === '0008' ? (['J11'] as const) : (['SE', 'DSE'] as const);
    return [
      {
        name: 'every OK to a request comes 8 s late, behind the answer and what is asked next',
        editions,
        fault: { fault: 'late-ok', on, times: 20, after_s: 8 },
        lastsMs: 120_000,
        phases: [],
        withinMs: 20_000,
      },
      {
        name: 'the OK to a request is lost',
        editions,
        fault: { fault: 'missing-ok', on },
        phases: [],
        withinMs: 25_000,
      },
    ];
  }),
  {
    name: 'requests are echoed although the echo is off',
    fault: { fault: 'echoed-send', times: 1000 },
    lastsMs: 120_000,
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'requests are echoed although the echo is off, and then the module restarts by itself',
    fault: [{ fault: 'echoed-send', times: 1000 }, { fault: 'module-reset' }],
    phases: lost,
    error: 'SESSION_LOST',
    withinMs: 30_000,
  },
  {
    name: 'the module restarts by itself as it is sent a request, which is lost',
    editions: all,
    fault: ['SKSENDTO', '0008'].map((on) => ({ fault: 'module-reset' as const, on })),
    phases: lost,
    error: 'SESSION_LOST',
    withinMs: 30_000,
  },
  {
    name: 'the module hangs for 8 s',
    editions: all,
    fault: { fault: 'module-hang', for_s: 8 },
    lastsMs: 8000,
    phases: [],
    withinMs: 20_000,
  },
  { name: 'an OK is missing', fault: { fault: 'missing-ok', on: 'SKSENDTO' }, error: 'any', withinMs: 60_000 },
  {
    name: 'the module restarts by itself in a session',
    editions: all,
    fault: { fault: 'module-reset' },
    phases: lost,
    error: 'SESSION_LOST',
    withinMs: 20_000,
  },
  {
    name: 'the module hangs for 30 s',
    editions: all,
    fault: { fault: 'module-hang', for_s: 30 },
    lastsMs: 30_000,
    phases: lost,
    error: 'MODULE_SILENT',
    withinMs: 45_000,
  },
  {
    name: 'the module hangs, and then restarts by itself',
    editions: all,
    fault: [{ fault: 'module-hang' }, { fault: 'module-reset' }],
    error: 'any',
    withinMs: 60_000,
  },
  {
    name: 'the module hangs for good, until it is replugged',
    editions: all,
    fault: { fault: 'module-hang' },
    lastsMs: 300_000,
    heal: (world) => world.simulator.powerCycle(),
    error: 'any',
    withinMs: 60_000,
  },
  {
    name: 'SKINFO tells the wrong edition',
    atStart: true,
    fault: (world) => {
      const inner = world.tap.pieces;
      world.tap.pieces = (bytes) => {
        const text = bytes
          .toString('latin1')
          .replace(
            /(EINFO .* )([0-9A-F]{4})\r/,
            (_all, head: string, side: string) => `${head}${side === '0000' ? 'FFFE' : '0000'}\r`,
          );
        return inner?.(Buffer.from(text, 'latin1')) ?? [Buffer.from(text, 'latin1')];
      };
    },
    passes: ['connected'],
    error: 'any',
    withinMs: 120_000,
  },
  {
    name: 'the radio fails to send once (EVENT 21 01)',
    editions: all,
    fault: { fault: 'event-21-01' },
    phases: [],
    withinMs: 25_000,
  },
  {
    name: 'the radio resolves the address first (EVENT 21 02)',
    fault: { fault: 'event-21-02' },
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'the radio fails to send for two minutes',
    editions: all,
    fault: { fault: 'event-21-01', for_s: 120 },
    lastsMs: 120_000,
    error: 'any',
    withinMs: 90_000,
  },
]);

test('fault: module: a stick that comes back under another name is found by its by-id link (SE, DSE)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'by-id-'));
  const clock = new VirtualClock();
  const [device, byId] = [join(folder, 'ttyUSB0'), join(folder, 'by-id')];
  await writeFile(device, '');
  await symlink(device, byId);
  const wire = serialWire(byId, clock, { byIdFolder: folder });
  await rm(device);
  let isBack = false;
  const { signal } = new AbortController();
  const waiting = wire.whenPresent(signal).then(() => (isBack = true));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(isBack).toBe(false);
  await writeFile(join(folder, 'ttyUSB1'), '');
  await symlink(join(folder, 'ttyUSB1'), `${byId}.new`);
  await rename(`${byId}.new`, byId);
  const looking = setInterval(() => void clock.advance(2000), 5);
  await waiting;
  clearInterval(looking);
  expect(isBack).toBe(true);
  expect(clock.sleepers).toBe(0);
  await rm(folder, { recursive: true });
});
