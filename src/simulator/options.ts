import type { Edition, PrintMode } from '../skstack/commands.ts';

/** What a simulated module speaks: SKSTACK-IP in one of its editions, or the J11 binary protocol. */
export type SimulatedEdition = Edition | 'J11';

/** What differs between the modules on the market. */
export interface ModuleModel {
  readonly edition: SimulatedEdition;
  /** SKVER's; for J11 major, minor and revision. */
  readonly stackVersion: string;
  /** Undefined: SKAPPVER is refused with ER04. */
  readonly appVersion: string | undefined;
  /** As shipped. */
  readonly printMode: PrintMode;
  /** ROPT and WOPT are understood; else ER04. */
  readonly hasOptions: boolean;
  /** What RUART answers; 80h is RTS/CTS. */
  readonly uart: number;
  /** The module's own EUI-64. */
  readonly macAddress: string;
}

export const moduleModels = {
  BP35A1: {
    edition: 'SE',
    stackVersion: '1.2.10',
    appVersion: 'rev26e',
    printMode: 'binary',
    hasOptions: true,
    uart: 0x00,
    macAddress: '001D12900005747B',
  },
  'RL7023-IPS': {
    edition: 'SE',
    stackVersion: '1.2.10',
    appVersion: undefined,
    printMode: 'ascii',
    hasOptions: false,
    uart: 0x00,
    macAddress: '100723FFFEA077E3',
  },
  BP35C2: {
    edition: 'DSE',
    stackVersion: '1.5.2',
    appVersion: 'rev15',
    printMode: 'binary',
    hasOptions: true,
    uart: 0x00,
    macAddress: '001D129100020608',
  },
  'RS-WSUHA-P': {
    edition: 'DSE',
    stackVersion: '1.5.2',
    appVersion: 'rev15',
    printMode: 'ascii',
    hasOptions: true,
    uart: 0x80,
    macAddress: '001D12910004E578',
  },
  'RL7023-DSS': {
    edition: 'DSE',
    stackVersion: '1.5.2',
    appVersion: undefined,
    printMode: 'ascii',
    hasOptions: false,
    uart: 0x00,
    macAddress: '001D129100000574',
  },
  'UDG-1-WSNE': {
    edition: 'DSE',
    stackVersion: '1.5.2',
    appVersion: 'rev15',
    printMode: 'ascii',
    hasOptions: true,
    uart: 0x00,
    macAddress: '001D129100031A77',
  },
  'BP35C2-J11': {
    edition: 'J11',
    stackVersion: '1.3.5514',
    appVersion: undefined,
    printMode: 'binary',
    hasOptions: false,
    uart: 0x00,
    macAddress: '001D129100061A2B',
  },
  'RS-WSUHA-J11': {
    edition: 'J11',
    stackVersion: '1.3.5514',
    appVersion: undefined,
    printMode: 'binary',
    hasOptions: false,
    uart: 0x00,
    macAddress: '001D129100072C3D',
  },
} as const satisfies Record<string, ModuleModel>;

export type ModelName = keyof typeof moduleModels;
export const modelNames = Object.keys(moduleModels) as readonly ModelName[];

/** Everything has a default: `createSimulator({}, { clock })` is a BP35C2 with a first-generation meter in reach. */
export interface SimulatorOptions {
  /** Default: the model's; without a model DSE. */
  readonly edition?: SimulatedEdition;
  /** Default: BP35C2 for DSE, BP35A1 for SE, BP35C2-J11 for J11. */
  readonly model?: ModelName;
  /** How ERXUDP data are printed. Default: as the model is shipped. */
  readonly payload?: PrintMode;
  /** Echo at power-on. Default on, as every capture shows. */
  readonly echo?: boolean;
  /** 32 characters. With it, a scan for another Pairing ID (its last 8) finds nothing. Without it any is taken. */
  readonly routeBId?: string;
  /** 12 characters. With it, a join with another password is refused. Without it any is taken. */
  readonly password?: string;
  /** Makes module, radio and session this many times faster. Default 1. */
  readonly timeFactor?: number;
  /** Makes the meter's clock, and with it load and registers, this many times faster. Default 1. */
  readonly meterSpeed?: number;
  readonly seed?: number;
  /** Panels on the roof: negative power at midday, a growing export register. */
  readonly solar?: boolean;
  /** Single-phase two-wire: no T phase. */
  readonly twoWire?: boolean;
  /** 2: the properties of second-generation meters (C0, D0, EE, EF) too. Default 1. */
  readonly generation?: 1 | 2;
  /** EPC E1: 00–04, 0A–0D. Default 01 (0.1 kWh). */
  readonly unit?: number;
  /** EPC D3; without it the meter has none. */
  readonly coefficient?: number;
  /** EPC D7. Default 6. */
  readonly digits?: number;
  /** EPC 8A, six hex digits. Default 000016. */
  readonly maker?: string;
  /** EPC 8D, at most 12 characters. */
  readonly serial?: string;
  /** 33–60. Default 51 (33h). */
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
  readonly exportKwh?: number;
  /** How EA (and EB) are announced after each half hour. Default inf. */
  readonly halfHour?: 'inf' | 'infc' | 'off';
  /** Seconds of the meter's clock from the half hour to the announcement. Default 60. */
  readonly halfHourDelayS?: number;
  /** Register SFB tells of the airtime limit; without it SKSREG SFB is refused with ER06. Default true. */
  readonly airtimeRegister?: boolean;
  /** EPCs put into or taken out of the Get property map. */
  readonly mapAdd?: readonly number[];
  readonly mapRemove?: readonly number[];
  /** A request with more properties than this gets no answer. Default: any is answered. */
  readonly maxOpc?: number;
  /** PANA session lifetime the meter grants, s. Default 86400; the module authenticates again at 80 %. */
  readonly sessionLifetimeS?: number;
}

type Defaulted = Required<
  Omit<
    SimulatorOptions,
    'routeBId' | 'password' | 'coefficient' | 'maxOpc' | 'startAt' | 'clockSkewS' | 'model' | 'edition' | 'payload'
  >
>;

/** Options with every default filled in. */
export interface ResolvedOptions extends Defaulted {
  readonly edition: SimulatedEdition;
  /** The edition where the module speaks SKSTACK; without meaning for J11. */
  readonly dialect: Edition;
  readonly model: ModuleModel;
  readonly payload: PrintMode;
  readonly routeBId: string | undefined;
  readonly password: string | undefined;
  readonly coefficient: number | undefined;
  readonly maxOpc: number;
  readonly startAt: number;
}

const usualModels: Readonly<Record<SimulatedEdition, ModelName>> = { SE: 'BP35A1', DSE: 'BP35C2', J11: 'BP35C2-J11' };

/** @throws RangeError for a time factor that is not positive, or a model of another family than the edition. */
export function resolveOptions(options: SimulatorOptions, nowMs: number): ResolvedOptions {
  const model: ModuleModel = moduleModels[options.model ?? usualModels[options.edition ?? 'DSE']];
  const edition = options.edition ?? model.edition;
  if ((edition === 'J11') !== (model.edition === 'J11'))
    throw new RangeError(`a module of edition ${model.edition} does not speak ${edition}`);
  const solar = options.solar ?? false;
  const { timeFactor = 1, meterSpeed = 1 } = options;
  if (!(timeFactor > 0 && meterSpeed > 0)) throw new RangeError('time factors must be positive');
  return {
    edition,
    dialect: edition === 'J11' ? 'DSE' : edition,
    model,
    payload: options.payload ?? model.printMode,
    echo: options.echo ?? true,
    routeBId: options.routeBId,
    password: options.password,
    timeFactor,
    meterSpeed,
    seed: options.seed ?? 1,
    solar,
    twoWire: options.twoWire ?? false,
    generation: options.generation ?? 1,
    unit: options.unit ?? 0x01,
    coefficient: options.coefficient,
    digits: options.digits ?? 6,
    maker: options.maker ?? '000016',
    serial: options.serial ?? 'SIM0001',
    channel: options.channel ?? 0x33,
    panId: options.panId ?? 0x12a4,
    macAddress: (options.macAddress ?? '001C6400030C12A4').toUpperCase(),
    lqi: options.lqi ?? 0xca,
    startAt: (options.startAt ?? nowMs) + 1000 * (options.clockSkewS ?? 0),
    importKwh: options.importKwh ?? 12345.6,
    exportKwh: options.exportKwh ?? (solar ? 2345.6 : 0),
    halfHour: options.halfHour ?? 'inf',
    halfHourDelayS: options.halfHourDelayS ?? 60,
    airtimeRegister: options.airtimeRegister ?? true,
    mapAdd: options.mapAdd ?? [],
    mapRemove: options.mapRemove ?? [],
    maxOpc: options.maxOpc ?? 255,
    sessionLifetimeS: options.sessionLifetimeS ?? 86_400,
  };
}
