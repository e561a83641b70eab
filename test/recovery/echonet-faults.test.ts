import { expect } from 'vitest';
import { encodeFrame, ESV } from '../../src/echonet/frame.ts';
import type { Frame, Property } from '../../src/echonet/frame.ts';
import { decodeFrame } from '../../src/echonet/frame.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { catalogue } from '../support/fault-catalogue.ts';
import type { Hazard } from '../support/fault-catalogue.ts';
import type { World } from '../support/world.ts';

const first = ['scanning', 'joining', 'connected'] as const;

/** Changes the meter's answers, as the air or a strange firmware would; others pass. */
const onAnswers = (change: (answer: Frame) => readonly Frame[]) => (world: World) => {
  world.tap.rewrite = (payload) => {
    const decoded = decodeFrame(payload);
    if (!decoded.ok || (decoded.value.esv !== ESV.getRes && decoded.value.esv !== ESV.getSna)) return [payload];
    return change(decoded.value).map((frame) => Buffer.from(encodeFrame(frame)));
  };
};
const asItWas = (world: World): void => {
  world.tap.rewrite = undefined;
};
const withEdt = (frame: Frame, epc: number, edt: Uint8Array): Frame => ({
  ...frame,
  properties: frame.properties.map((property): Property => (property.epc === epc ? { epc, edt } : property)),
});

/** What a frame-level fault of the simulator must come to: the session stands, readings go on, nothing is told. */
const passing: readonly (readonly [name: string, fault: Fault])[] = [
  ['a reply is lost', { fault: 'lost-reply' }],
  ['a reply comes 6 s late', { fault: 'late-reply', after_s: 6 }],
  ['a reply comes 25 s late', { fault: 'late-reply', after_s: 25 }],
  ['a reply has another TID', { fault: 'wrong-tid' }],
  ['a reply counts its properties wrong (OPC)', { fault: 'opc-mismatch' }],
  ['a property runs past the end (PDC)', { fault: 'pdc-past-end' }],
  ['a reply has a property nobody asked for', { fault: 'unknown-epc' }],
  ['an announcement comes between request and reply', { fault: 'notification' }],
  ['E7 is refused once (ESV 52)', { fault: 'sna', epc: 'E7' }],
  ['E8 is refused once (ESV 52)', { fault: 'sna', epc: 'E8' }],
  ['E0 is refused once (ESV 52)', { fault: 'sna', epc: 'E0' }],
];

/** Codes on the wire that are no values. */
const sentinels: readonly (readonly [name: string, epc: number, edt: readonly number[]])[] = [
  ['E7 7FFFFFFE, no data', 0xe7, [0x7f, 0xff, 0xff, 0xfe]],
  ['E7 7FFFFFFF, overflow', 0xe7, [0x7f, 0xff, 0xff, 0xff]],
  ['E7 80000000, underflow', 0xe7, [0x80, 0, 0, 0]],
  ['E7 with 3 bytes', 0xe7, [0, 0, 1]],
  ['E8 7FFE 7FFE, no data', 0xe8, [0x7f, 0xfe, 0x7f, 0xfe]],
  ['E8 7FFF 7FFF, overflow', 0xe8, [0x7f, 0xff, 0x7f, 0xff]],
  ['E8 8000 8000, underflow', 0xe8, [0x80, 0, 0x80, 0]],
  ['E8 with 2 bytes', 0xe8, [0, 1]],
  ['E0 FFFFFFFE, no data', 0xe0, [0xff, 0xff, 0xff, 0xfe]],
  ['E0 FFFFFFFF, outside its range', 0xe0, [0xff, 0xff, 0xff, 0xff]],
  ['E3 FFFFFFFE, no data', 0xe3, [0xff, 0xff, 0xff, 0xfe]],
  ['88 with a value of no meaning', 0x88, [0x7e]],
];
const keyOf = new Map([
  [0xe7, ['state/instant', 'power']],
  [0xe8, ['state/instant', 'current_r']],
  [0xe0, ['state/energy', 'import']],
  [0xe3, ['state/energy', 'export']],
  [0x88, ['state/energy', 'fault']],
] as const);

const sentinelHazards = sentinels.map(([name, epc, edt]): Hazard => ({
  name: `${name}: unknown, never a number`,
  fault: onAnswers((answer) => [withEdt(answer, epc, Uint8Array.from(edt))]),
  lastsMs: 260_000,
  heal: (world) => {
    const [topic, key] = keyOf.get(epc as 0xe7) ?? ['', ''];
    expect(world.oracle.shown(topic)?.[key]).toBeNull();
    asItWas(world);
  },
  phases: [],
  withinMs: 30_000,
}));

const units: readonly Hazard[] = [0x00, 0x01, 0x02, 0x03, 0x04, 0x0a, 0x0b, 0x0c, 0x0d].map((unit) => {
  const step = 10 ** (unit >= 0x0a ? unit - 9 : -unit);
  return {
    name: `unit ${unit.toString(16).toUpperCase().padStart(2, '0')}: energy in steps of ${step} kWh`,
    world: { simulator: { unit, digits: 8, importKwh: 5000 * step } },
    atStart: true,
    fault: [],
    phases: first,
    withinMs: 60_000,
    also: (world) => {
      const kwh = Number(world.oracle.shown('state/energy')?.['import']);
      expect(Math.abs(kwh / step - 5000)).toBeLessThan(60);
      expect(Math.abs(kwh / step - Math.round(kwh / step))).toBeLessThan(1e-6);
      expect(String(kwh).length).toBeLessThan(12);
    },
  };
});

const noEnergy = (world: World): void => {
  expect(world.oracle.shown('state/energy')?.['import'] ?? null).toBeNull();
  expect(world.oracle.shown('state/instant')?.['power']).toBeTypeOf('number');
};

let previous: Frame | undefined;

catalogue('ECHONET Lite', [
  ...passing.map(([name, fault]): Hazard => ({ name, fault, phases: [], withinMs: 30_000 })),
  // Both of its requests are waited for.
  { name: 'two replies are lost', fault: { fault: 'lost-reply', times: 2 }, phases: [], withinMs: 45_000 },
  ...sentinelHazards,
  ...units,
  {
    name: 'every reply is followed by the one before it, late',
    fault: (world) => {
      previous = undefined;
      onAnswers((answer) => {
        const late = previous;
        previous = answer;
        return late ? [answer, late] : [answer];
      })(world);
    },
    lastsMs: 120_000,
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'the reply to the previous TID comes just before each reply',
    fault: (world) => {
      previous = undefined;
      onAnswers((answer) => {
        const late = previous;
        previous = answer;
        return late ? [late, answer] : [answer];
      })(world);
    },
    lastsMs: 120_000,
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'every reply comes twice',
    fault: onAnswers((answer) => [answer, answer]),
    lastsMs: 120_000,
    phases: [],
    withinMs: 30_000,
    also: asItWas,
  },
  {
    name: 'the properties come in another order',
    fault: onAnswers((answer) => [{ ...answer, properties: answer.properties.toReversed() }]),
    lastsMs: 120_000,
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'INFC again and again between request and reply',
    world: { simulator: { halfHour: 'infc' } },
    fault: Array.from({ length: 6 }, () => ({ fault: 'notification' as const })),
    phases: [],
    withinMs: 30_000,
    also: (world) => expect(world.simulator.unansweredInfc).toBe(0),
  },
  {
    name: 'three replies in a row are lost: the session is built anew',
    fault: { fault: 'lost-reply', times: 3 },
    passes: ['connected'],
    error: 'any',
    withinMs: 90_000,
  },
  {
    name: 'the meter answers two properties at a time at most',
    world: { simulator: { maxOpc: 2 } },
    atStart: true,
    fault: [],
    phases: first,
    withinMs: 60_000,
    also: (world) => world.until(() => typeof world.oracle.shown('state/energy')?.['import'] === 'number', 120_000),
  },
  {
    name: 'D3 is not in the map: the coefficient is 1',
    world: { simulator: { importKwh: 777 } },
    atStart: true,
    fault: [],
    phases: first,
    withinMs: 60_000,
    also: (world) => expect(Number(world.oracle.shown('state/energy')?.['import'])).toBeCloseTo(777, 0),
  },
  {
    name: 'D3 is 40: energy is multiplied, power is not',
    world: { simulator: { coefficient: 40, importKwh: 1200 } },
    atStart: true,
    fault: (world) => world.simulator.setPower(321),
    phases: first,
    withinMs: 60_000,
    also: (world) => {
      expect(Number(world.oracle.shown('state/energy')?.['import'])).toBeCloseTo(1200, -1);
      expect(world.oracle.shown('state/instant')?.['power']).toBe(321);
    },
  },
  {
    name: 'D3 is 0: no energy rather than zeros',
    atStart: true,
    world: { simulator: { coefficient: 40, importKwh: 1200 } },
    fault: onAnswers((answer) => [withEdt(answer, 0xd3, new Uint8Array(4))]),
    phases: first,
    withinMs: 60_000,
    also: noEnergy,
  },
  {
    name: 'E1 is a code of no meaning: no energy',
    atStart: true,
    fault: onAnswers((answer) => [withEdt(answer, 0xe1, Uint8Array.of(0x55))]),
    phases: first,
    withinMs: 60_000,
    also: noEnergy,
  },
  {
    name: 'D7 is 0: no energy',
    atStart: true,
    fault: onAnswers((answer) => [withEdt(answer, 0xd7, Uint8Array.of(0))]),
    phases: first,
    withinMs: 60_000,
    also: noEnergy,
  },
  {
    name: 'the register rolls over at D7 digits',
    world: { simulator: { digits: 6, importKwh: 99_999.9 } },
    fault: (world) => {
      world.simulator.setPower(9000);
    },
    lastsMs: 300_000,
    phases: [],
    withinMs: 30_000,
    also: (world) => {
      expect(Number(world.oracle.shown('state/energy')?.['import'])).toBeLessThan(2);
      expect(world.oracle.falls).toBe(1);
    },
  },
  {
    name: 'the register goes back: held until it is confirmed',
    fault: { fault: 'energy-back', count: 500 },
    lastsMs: 120_000,
    heal: (world) => expect(world.oracle.falls).toBe(0),
    phases: [],
    withinMs: 30_000,
    also: async (world) => {
      await world.clock.advance(420_000);
      expect(world.oracle.falls).toBe(1);
      expect(world.logged('energy register held back until confirmed')).toBe(true);
    },
  },
  {
    name: 'one register value is a spike of a million steps',
    fault: (world) => {
      const { import: raw } = world.simulator.registers();
      world.simulator.setCounter('import', raw + 500_000);
      world.clock.sleep(70_000, new AbortController().signal).then(
        () => world.simulator.setCounter('import', raw),
        () => undefined,
      );
    },
    lastsMs: 80_000,
    phases: [],
    withinMs: 30_000,
    also: (world) => {
      expect(Number(world.oracle.shown('state/energy')?.['import'])).toBeLessThan(13_000);
      expect(world.oracle.falls).toBe(0);
    },
  },
  {
    name: 'power and currents are negative',
    world: { simulator: { solar: true } },
    fault: (world) => {
      world.simulator.setPower(-1489);
      world.simulator.setCurrents(-7, -8);
    },
    lastsMs: 15_000,
    phases: [],
    withinMs: 30_000,
    also: (world) =>
      expect(world.oracle.shown('state/instant')).toMatchObject({ power: -1489, current_r: -7, current_t: -8 }),
  },
  {
    name: 'single-phase two-wire: no T phase',
    world: { simulator: { twoWire: true } },
    atStart: true,
    fault: [],
    phases: first,
    withinMs: 60_000,
    also: (world) => expect(world.oracle.shown('state/instant')?.['current_t']).toBeNull(),
  },
  {
    name: 'half-hour marks at midnight say 24:00',
    world: { simulator: { startAt: Date.UTC(2026, 0, 15, 14, 50) } },
    fault: { fault: 'clock-24', for_s: 3600 },
    lastsMs: 15 * 60_000,
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'the map offers what the meter then refuses',
    world: { simulator: { mapAdd: [0xc0, 0xd0] } },
    atStart: true,
    fault: { fault: 'sna', epc: '88', for_s: 100 },
    phases: first,
    withinMs: 60_000,
  },
]);
