import type { Edition, PrintMode } from '../skstack/commands.ts';

/** What a simulated module speaks: SKSTACK-IP in one of its editions, or the J11 binary protocol. */
export type SimulatedEdition = Edition | 'J11';

/** What differs between the modules on the market. */
interface ModuleModel {
  readonly edition: SimulatedEdition;
  /** SKVER's; for J11 major, minor and revision. */
  readonly stackVersion: string;
  /** SKAPPVER's. A module without one has no product commands: SKAPPVER, ROPT, WOPT, RUART and WUART are ER04 to it. */
  readonly appVersion?: string;
  /** As shipped. */
  readonly printMode: PrintMode;
  /** What RUART answers where it is not 00h; 80h is RTS/CTS. */
  readonly uart?: number;
  /** The module's own EUI-64. */
  readonly macAddress: string;
}

const SE = { edition: 'SE', stackVersion: '1.2.10' } as const;
const DSE = { edition: 'DSE', stackVersion: '1.5.2' } as const;
const DSE_REV15 = { ...DSE, appVersion: 'rev15' } as const;
const J11 = { edition: 'J11', stackVersion: '1.3.5514', printMode: 'binary' } as const;

const MODELS = {
  BP35A1: { ...SE, appVersion: 'rev26e', printMode: 'binary', macAddress: '001D12900005747B' },
  'RL7023-IPS': { ...SE, printMode: 'ascii', macAddress: '100723FFFEA077E3' },
  BP35C2: { ...DSE_REV15, printMode: 'binary', macAddress: '001D129100020608' },
  'RS-WSUHA-P': { ...DSE_REV15, printMode: 'ascii', uart: 0x80, macAddress: '001D12910004E578' },
  'RL7023-DSS': { ...DSE, printMode: 'ascii', macAddress: '001D129100000574' },
  'UDG-1-WSNE': { ...DSE_REV15, printMode: 'ascii', macAddress: '001D129100031A77' },
  'BP35C2-J11': { ...J11, macAddress: '001D129100061A2B' },
  'RS-WSUHA-J11': { ...J11, macAddress: '001D129100072C3D' },
} as const satisfies Record<string, ModuleModel>;

export type ModelName = keyof typeof MODELS;
export const MODEL_NAMES = Object.keys(MODELS) as readonly ModelName[];

const USUAL_MODELS: Readonly<Record<SimulatedEdition, ModelName>> = { SE: 'BP35A1', DSE: 'BP35C2', J11: 'BP35C2-J11' };

/** Everything has a default: `new Simulator({}, { clock })` is a BP35C2 with a first-generation meter in reach. */
export interface SimulatorOptions {
  /** Default: the model's; without a model DSE. */
  readonly edition?: SimulatedEdition;
  /** Default: BP35C2 for DSE, BP35A1 for SE, BP35C2-J11 for J11. */
  readonly model?: ModelName;
  /** How ERXUDP data are printed. Default: as the model is shipped. */
  readonly payload?: PrintMode;
  /** Echo at power-on; on, as every capture shows. */
  readonly echo?: boolean;
  /** 32 characters. With it, a scan for another Pairing ID (its last 8) finds nothing. Without it any is accepted. */
  readonly routeBId?: string;
  /** 12 characters. With it, a join with another password is refused. Without it any is accepted. */
  readonly password?: string;
  /** Makes module, radio and session this many times faster. */
  readonly timeFactor?: number;
  /** Makes the meter's clock, and with it load and registers, this many times faster. */
  readonly meterSpeed?: number;
  readonly seed?: number;
  /** Panels on the roof: negative power at midday, a growing export register. */
  readonly solar?: boolean;
  /** Single-phase two-wire: no T phase. */
  readonly twoWire?: boolean;
  /** 2: the properties of second-generation meters (C0, D0, EE, EF) too. */
  readonly generation?: 1 | 2;
  /** EPC E1: 00–04, 0A–0D. */
  readonly unit?: number;
  /** EPC D3; without it the meter has none. */
  readonly coefficient?: number;
  /** EPC D7. */
  readonly digits?: number;
  /** EPC 8A, six hex digits. */
  readonly maker?: string;
  /** EPC 8D, at most 12 characters. */
  readonly serial?: string;
  /** 33–60. */
  readonly channel?: number;
  readonly panId?: number;
  /** The meter's EUI-64, 16 hex digits. */
  readonly macAddress?: string;
  /** 0–255. */
  readonly lqi?: number;
  /** The meter's clock at the start, ms since 1970. Default: the clock's. */
  readonly startAt?: number;
  /** Seconds the meter's clock is ahead of `startAt` (negative: behind). Default 0. */
  readonly clockSkewS?: number;
  /** Registers at the start, kWh. */
  readonly importKwh?: number;
  /** Default 0, with `solar` 2345.6. */
  readonly exportKwh?: number;
  /** How EA (and EB) are announced after each half hour. */
  readonly halfHour?: 'inf' | 'infc' | 'off';
  /** Seconds of the meter's clock from the half hour to the announcement. */
  readonly halfHourDelayS?: number;
  /** How many days before the start the meter's memory (E2, E4, EC, EE) begins. */
  readonly historyDays?: number;
  /** How many hours back EC tells; E2 and E4 tell more. Default: as they. */
  readonly slotHours?: number;
  /** How many hours back EE tells. */
  readonly minuteHours?: number;
  /** Register SFB shows the airtime limit; without it SKSREG SFB is refused with ER06. */
  readonly airtimeRegister?: boolean;
  /** EPCs put into or taken out of the Get property map. */
  readonly mapAdd?: readonly number[];
  readonly mapRemove?: readonly number[];
  /** A request with more properties than this gets no answer. */
  readonly maxOpc?: number;
  /** PANA session lifetime the meter grants, s; the module authenticates again at 80 %. */
  readonly sessionLifetimeS?: number;
}

const DEFAULTS = {
  echo: true,
  timeFactor: 1,
  meterSpeed: 1,
  seed: 1,
  solar: false,
  twoWire: false,
  generation: 1,
  unit: 0x01,
  digits: 6,
  maker: '000016',
  serial: 'SIM0001',
  channel: 0x33,
  panId: 0x12a4,
  macAddress: '001C6400030C12A4',
  lqi: 0xca,
  importKwh: 12345.6,
  halfHour: 'inf',
  halfHourDelayS: 60,
  historyDays: 100,
  slotHours: 2400,
  minuteHours: 24,
  airtimeRegister: true,
  mapAdd: [],
  mapRemove: [],
  maxOpc: 255,
  sessionLifetimeS: 86_400,
} as const satisfies SimulatorOptions;

type Resolved = Required<
  Pick<SimulatorOptions, keyof typeof DEFAULTS | 'edition' | 'payload' | 'startAt' | 'exportKwh'>
>;

/** Options with every default filled in. */
export interface ResolvedOptions extends Resolved, Pick<SimulatorOptions, 'routeBId' | 'password' | 'coefficient'> {
  /** The edition where the module speaks SKSTACK; without meaning for J11. */
  readonly dialect: Edition;
  readonly model: ModuleModel;
}

/** @throws RangeError for a time factor that is not positive, or a model of another family than the edition. */
export function resolveOptions(options: SimulatorOptions, nowMs: number): ResolvedOptions {
  const model = MODELS[options.model ?? USUAL_MODELS[options.edition ?? 'DSE']];
  const edition = options.edition ?? model.edition;
  if ((edition === 'J11') !== (model.edition === 'J11'))
    throw new RangeError(`a module of edition ${model.edition} does not speak ${edition}`);
  const given = { ...DEFAULTS, ...options };
  if (!(given.timeFactor > 0 && given.meterSpeed > 0)) throw new RangeError('time factors must be positive');
  return {
    ...given,
    edition,
    dialect: edition === 'J11' ? 'DSE' : edition,
    model,
    payload: options.payload ?? model.printMode,
    macAddress: given.macAddress.toUpperCase(),
    startAt: (options.startAt ?? nowMs) + 1000 * (options.clockSkewS ?? 0),
    exportKwh: options.exportKwh ?? (given.solar ? 2345.6 : 0),
  };
}
