import { EPC } from '../echonet/epc.ts';
import { encodeFrame, ESV } from '../echonet/frame.ts';
import type { Frame, Property } from '../echonet/frame.ts';
import { decodeDate, encodeDate } from '../echonet/time.ts';
import { DAY_MS } from '../kernel/clock.ts';
import type { Fault, FaultName } from './faults.ts';
import { noDataEdt } from './meter/meter-properties.ts';

type Consume = (name: FaultName, fits?: (fault: Fault) => boolean) => Fault | undefined;

interface Distorted {
  readonly frame: Frame;
  readonly bytes: Uint8Array;
  /** The host can read it and must believe it. */
  readonly isTrue: boolean;
}

/** An EPC no meter of this class has. */
const UNKNOWN: Property = { epc: 0xf9, edt: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) };
const OPC_AT = 11;
/** The 32nd of the 13th month. */
const NO_DATE = Uint8Array.of(0x07, 0xea, 13, 32);
/** Properties that are answered under refuse-beyond. */
const FEW = 2;
/** What is left of a longer answer under cut-answer. */
const LONGEST = 150;

/** What a fault makes of the property at `index`; the very same where it changes nothing. */
type Change = (property: Property, fault: Fault, frame: Frame, index: number) => Property;

const refused = ({ epc: code }: Property): Property => ({ epc: code, edt: new Uint8Array(0) });
/** The property that sna and no-data mean. */
const meant = (fault: Fault, frame: Frame): number | undefined =>
  fault.epc === undefined ? frame.properties[0]?.epc : Number.parseInt(fault.epc, 16);

/** In their order. A fault happens on an answer of which it changes something. */
const CHANGES: readonly (readonly [FaultName, Change])[] = [
  ['refuse-beyond', (property, { count = FEW }, _, index) => (index < count ? property : refused(property))],
  [
    'sna',
    (property, fault, frame) =>
      property.epc === meant(fault, frame) && property.edt.length > 0 ? refused(property) : property,
  ],
  [
    'no-data',
    (property, fault, frame) => {
      const isMeant = fault.epc === undefined || property.epc === meant(fault, frame);
      const edt = isMeant && property.edt.length > 0 ? noDataEdt(property.epc, property.edt) : undefined;
      return edt ? { ...property, edt } : property;
    },
  ],
  ['clock-24', at24],
  [
    'bad-date',
    (property) =>
      property.epc === EPC.currentDate && property.edt.length > 0 ? { ...property, edt: NO_DATE } : property,
  ],
];

/** What the meter, or the air, makes of its answer. Only answers to Get are touched. */
export function distort(answer: Frame, consume: Consume): Distorted {
  if (answer.esv !== ESV.getRes && answer.esv !== ESV.getSna)
    return { frame: answer, bytes: encodeFrame(answer), isTrue: true };
  let frame = answer;
  for (const [name, change] of CHANGES) frame = changedBy(name, change, frame, consume);
  if (consume('unknown-epc')) frame = { ...frame, properties: [...frame.properties, UNKNOWN] };
  const wrongTid = consume('wrong-tid');
  if (wrongTid) frame = { ...frame, tid: frame.tid ^ 0x5a5a };
  const bytes = encodeFrame(frame);
  const opc = consume('opc-mismatch');
  if (opc) bytes[OPC_AT] = frame.properties.length + 1;
  const pdc = consume('pdc-past-end');
  if (pdc) {
    const last = frame.properties.at(-1)?.edt.length ?? 0;
    bytes[bytes.length - last - 1] = last + 5;
  }
  const cut = consume('cut-answer', ({ count = LONGEST }) => bytes.length > count);
  const left = cut ? bytes.subarray(0, cut.count ?? LONGEST) : bytes;
  return { frame, bytes: left, isTrue: !wrongTid && !opc && !pdc && !cut };
}

function changedBy(name: FaultName, change: Change, frame: Frame, consume: Consume): Frame {
  const changed = (fault: Fault): Property[] => frame.properties.map((it, index) => change(it, fault, frame, index));
  const fault = consume(name, (armed) => changed(armed).some((property, i) => property !== frame.properties[i]));
  if (!fault) return frame;
  const properties = changed(fault);
  const service = properties.some(({ edt }) => edt.length === 0) ? ESV.getSna : frame.esv;
  const next = { ...frame, esv: service, properties };
  return name === 'sna' ? changedBy(name, change, next, consume) : next; // each that waits refuses its own property
}

/** 0:00 as some meters show it: 24:00, of the day before where there is a date. */
function at24(property: Property): Property {
  const { epc: code } = property;
  const at = code === EPC.currentTime ? 0 : code === EPC.importAtMark || code === EPC.exportAtMark ? 4 : undefined;
  if (at === undefined || property.edt[at] !== 0 || property.edt[at + 1] !== 0) return property;
  const edt = Uint8Array.from(property.edt);
  edt[at] = 24;
  const date = at === 0 ? undefined : decodeDate(edt.subarray(0, 4));
  if (date !== undefined) edt.set(encodeDate(date - DAY_MS));
  return { epc: code, edt };
}
