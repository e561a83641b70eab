import { epc } from '../echonet/epc.ts';
import { encodeFrame, esv } from '../echonet/frame.ts';
import type { Frame, Property } from '../echonet/frame.ts';
import { decodeDate, encodeDate } from '../echonet/time.ts';
import type { Fault, FaultName } from './faults.ts';
import { noDataEdt } from './meter/meter-properties.ts';

type Consume = (name: FaultName, fits?: (fault: Fault) => boolean) => Fault | undefined;

export interface Distorted {
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
const DAY_MS = 24 * 3_600_000;

/** What the meter, or the air, makes of its answer. Only answers to Get and INF_REQ are touched. */
export function distort(answer: Frame, consume: Consume): Distorted {
  if (answer.esv !== esv.getRes && answer.esv !== esv.getSna)
    return { frame: answer, bytes: encodeFrame(answer), isTrue: true };
  let frame = refuseThose(refuseBeyond(answer, consume), consume);
  frame = withoutData(frame, consume);
  if (frame.properties.some(showsMidnight) && consume('clock-24')) {
    frame = { ...frame, properties: frame.properties.map(midnight) };
  }
  if (frame.properties.some(isDate) && consume('bad-date')) {
    frame = { ...frame, properties: frame.properties.map((it) => (isDate(it) ? { ...it, edt: NO_DATE } : it)) };
  }
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
  return { frame, bytes, isTrue: !wrongTid && !opc && !pdc };
}

const hasProperty = (frame: Frame) => (fault: Fault) =>
  frame.properties.some(({ epc: code, edt }) => code === wanted(fault, frame) && edt.length > 0);
const wanted = (fault: Fault, frame: Frame): number | undefined =>
  fault.epc === undefined ? frame.properties[0]?.epc : Number.parseInt(fault.epc, 16);

/** Each fault that waits for one of these properties consumes its own. */
function refuseThose(frame: Frame, consume: Consume): Frame {
  const fault = consume('sna', hasProperty(frame));
  if (!fault) return frame;
  const code = wanted(fault, frame);
  const properties = frame.properties.map((property) =>
    property.epc === code ? { epc: property.epc, edt: new Uint8Array(0) } : property,
  );
  return refuseThose({ ...frame, esv: esv.getSna, properties }, consume);
}

/** A meter that answers the first so many properties of a larger Get, and the others not now. */
function refuseBeyond(frame: Frame, consume: Consume): Frame {
  const most = (fault: Fault): number => fault.count ?? FEW;
  const fault = consume('refuse-beyond', (armed) => frame.properties.length > most(armed));
  if (!fault) return frame;
  const properties = frame.properties.map(({ epc: code, edt }, i) => ({
    epc: code,
    edt: i < most(fault) ? edt : new Uint8Array(0),
  }));
  return { ...frame, esv: esv.getSna, properties };
}

function withoutData(frame: Frame, consume: Consume): Frame {
  const emptied = (fault: Fault): readonly Property[] =>
    frame.properties.map((property) => {
      const isMeant = fault.epc === undefined || property.epc === wanted(fault, frame);
      const edt = isMeant && property.edt.length > 0 ? noDataEdt(property.epc, property.edt) : undefined;
      return edt ? { epc: property.epc, edt } : property;
    });
  const changes = (fault: Fault): boolean => emptied(fault).some((property, i) => property !== frame.properties[i]);
  const fault = consume('no-data', changes);
  return fault ? { ...frame, properties: emptied(fault) } : frame;
}

const isDate = ({ epc: code, edt }: Property): boolean => code === epc.currentDate && edt.length > 0;

/** Where a property of this class holds hour and minute. */
const hourAt = (code: number): number | undefined =>
  code === epc.currentTime ? 0 : code === epc.importAtMark || code === epc.exportAtMark ? 4 : undefined;

const showsMidnight = ({ epc: code, edt }: Property): boolean => {
  const at = hourAt(code);
  return at !== undefined && edt.length > at + 1 && edt[at] === 0 && edt[at + 1] === 0;
};

/** 0:00 as some meters say it: 24:00, of the day before where there is a date. */
function midnight(property: Property): Property {
  if (!showsMidnight(property)) return property;
  const edt = Uint8Array.from(property.edt);
  edt[hourAt(property.epc) ?? 0] = 24;
  const date = decodeDate(edt.subarray(0, 4));
  if (edt.length > 4 && date !== undefined) edt.set(encodeDate(date - DAY_MS));
  return { epc: property.epc, edt };
}
