import { bytesOfLatin1, hex } from '../../kernel/bytes.ts';
import { linkLocalAddress } from '../../model/pan.ts';
import { CommandReader } from '../../skstack/command-reader.ts';
import type { HostInput } from '../../skstack/command-reader.ts';
import type { HostCommand } from '../../skstack/commands.ts';
import { EVENT_NUMBER, UDP_SENT } from '../../skstack/events.ts';
import type { SkLine } from '../../skstack/events.ts';
import { formatLine } from '../../skstack/line-formatter.ts';
import type { ModuleContext } from '../module-context.ts';
import type { AskedCommand, CommandNamed, ModuleProtocol, SimModule } from './sim-module.ts';

const UDP_PORTS = [3610, 716, 19788, 0, 0, 0];
/** FAIL ER04, 06 and 10: not supported, wrong argument, not possible now. */
const [NOT_SUPPORTED, WRONG_ARGUMENT, NOT_NOW] = [4, 6, 10];
/** Those of the stick's maker, which some sticks do not have. */
const PRODUCT_COMMANDS: ReadonlySet<string> = new Set(['SKAPPVER', 'ROPT', 'WOPT', 'RUART', 'WUART']);

/** How each command is answered; what follows comes by itself. */
type Handlers = {
  readonly [Name in HostCommand['name']]: (
    command: CommandNamed<HostCommand, Name>,
    signal: AbortSignal,
  ) => Promise<void> | void;
};

/** SKSTACK-IP, in either edition: lines, with an echo. */
export class SkProtocol implements ModuleProtocol {
  readonly #context: ModuleContext;
  readonly #module: SimModule;
  readonly #reader: CommandReader;
  #saved = false;

  readonly #handlers: Handlers = {
    SKVER: () => this.#ok({ kind: 'version', value: this.#context.options.model.stackVersion }),
    SKAPPVER: () => this.#ok({ kind: 'appVersion', value: this.#context.options.model.appVersion ?? '' }),
    SKINFO: () => this.#ok(this.#info()),
    SKRESET: () => {
      this.#module.forget();
      this.#ok();
    },
    SKSREG: ({ register, value }) => this.#register(register, value),
    SKSETPWD: ({ password }) => {
      this.#context.state.password = password;
      this.#ok();
    },
    SKSETRBID: ({ id }) => {
      this.#context.state.setId(id);
      this.#ok();
    },
    SKSCAN: ({ mode, mask, duration }) => {
      this.#ok();
      this.#module.scanner.start(mode, mask, duration);
    },
    SKLL64: ({ macAddress }) => this.#context.emit({ kind: 'address', address: linkLocalAddress(macAddress) }),
    SKJOIN: ({ address }) => {
      this.#ok();
      this.#module.session.join(address);
    },
    SKREJOIN: () => this.#okIf(this.#module.session.rejoin()),
    SKTERM: () => this.#terminate(),
    SKSENDTO: (command, signal) => this.#module.exchange.send(command, signal),
    SKTABLE: ({ table }) => this.#table(table),
    SKPING: ({ address }) => this.#ping(address),
    SKADDNBR: () => {
      this.#module.session.unresolved = false;
      this.#ok();
    },
    SKSAVE: () => {
      this.#saved = true;
      this.#ok();
    },
    SKLOAD: () => this.#okIf(this.#saved),
    SKERASE: () => {
      this.#saved = false;
      this.#ok();
    },
    SKSETPSK: () => this.#ok(),
    SKUDPPORT: () => this.#ok(),
    SKDSLEEP: () => {
      this.#ok();
      this.#module.sleep();
    },
    ROPT: () => this.#context.emit({ kind: 'ok', value: this.#context.state.ascii ? '01' : '00' }),
    WOPT: ({ value }) => {
      this.#context.state.ascii = (value & 1) === 1;
      this.#context.emitText('OK', '\r');
    },
    RUART: () => this.#context.emit({ kind: 'ok', value: hex(this.#context.options.model.uart ?? 0, 2) }),
    WUART: () => this.#context.emitText('OK', '\r'),
  };

  constructor(context: ModuleContext, module: SimModule) {
    this.#context = context;
    this.#module = module;
    this.#reader = new CommandReader(context.options.dialect);
  }

  push(bytes: Uint8Array): readonly AskedCommand[] {
    return this.#reader.push(bytes).map((input) => this.#asked(input));
  }

  reset(): void {
    this.#reader.reset();
  }

  format(line: SkLine): Uint8Array {
    const { options, state } = this.#context;
    return formatLine(line, options.dialect, state.ascii ? 'ascii' : 'binary');
  }

  #asked(input: HostInput): AskedCommand {
    const isCommand = input.kind === 'command';
    return {
      name: isCommand ? input.command.name : undefined,
      facts: isCommand ? { command: input.command.name } : { refused: `ER0${input.code}` },
      echo: () => (this.#context.state.isOn('SFE') || this.#isEchoedAllTheSame(input) ? echoOf(input) : undefined),
      answer: (signal) => (isCommand ? this.#answer(input.command, signal) : this.#refuse(input.code, signal)),
      fail: (code = NOT_NOW, signal) => this.#refuse(code, signal),
    };
  }

  #isEchoedAllTheSame({ text }: HostInput): boolean {
    return text.startsWith('SKSENDTO ') && this.#context.faults.consume('echoed-send') !== undefined;
  }

  async #answer(command: HostCommand, signal: AbortSignal): Promise<void> {
    const { tasks, options } = this.#context;
    const { name } = command;
    // SKSENDTO takes its time at the radio.
    if (name !== 'SKSENDTO')
      await tasks.spend(name === 'SKRESET' ? 'reset' : name === 'SKLL64' ? 'address' : 'command', signal);
    if (PRODUCT_COMMANDS.has(name) && options.model.appVersion === undefined) return this.#fail(NOT_SUPPORTED);
    const handler: (command: never, signal: AbortSignal) => Promise<void> | void = this.#handlers[name];
    await handler(command as never, signal);
  }

  async #refuse(code: number, signal: AbortSignal): Promise<void> {
    await this.#context.tasks.spend('command', signal);
    this.#fail(code);
  }

  #ok(before?: SkLine): void {
    if (before) this.#context.emit(before);
    this.#context.emit({ kind: 'ok' });
  }

  #okIf(isPossible: boolean): void {
    if (isPossible) this.#ok();
    else this.#fail(NOT_NOW);
  }

  #fail(code: number): void {
    this.#context.emit({ kind: 'fail', code });
  }

  #info(): SkLine {
    const { state, options, ownAddress } = this.#context;
    const { channel, panId } = state;
    const { macAddress } = options.model;
    return { kind: 'info', address: ownAddress, macAddress, channel, panId, edition: options.dialect };
  }

  #register(name: string, value: string | undefined): void {
    const { state, options } = this.#context;
    if (name === 'SFB' && !options.airtimeRegister) return this.#fail(WRONG_ARGUMENT);
    if (value !== undefined) return state.write(name, value) ? this.#ok() : this.#fail(WRONG_ARGUMENT);
    const text = state.read(name);
    if (text === undefined) this.#fail(WRONG_ARGUMENT);
    else this.#ok({ kind: 'register', value: text });
  }

  #terminate(): void {
    const { session } = this.#module;
    const address = session.peerAddress;
    if (address === undefined || !session.terminate()) return this.#fail(NOT_NOW);
    if (this.#context.options.dialect === 'SE') {
      this.#context.emitEvent(EVENT_NUMBER.udpSent, address, UDP_SENT.delivered);
    }
    this.#ok();
  }

  #ping(address: string): void {
    const { tasks, emitText, options } = this.#context;
    const { session } = this.#module;
    this.#ok();
    if (!session.reachesMeter || address !== session.peerAddress) return;
    const side = options.dialect === 'DSE' ? '0 ' : '';
    tasks.after(tasks.duration('reply'), () => emitText(`EPONG ${side}${address}`));
  }

  /** SKTABLE: what is not secret. The key tables come empty. */
  #table(table: number): void {
    const { emitText, options, ownAddress, place } = this.#context;
    const isDual = options.dialect === 'DSE';
    const peer = this.#module.session.peerAddress;
    const tables: Readonly<Record<number, readonly string[]>> = {
      0x1: ['EADDR', ownAddress],
      0x2: ['ENEIGHBOR', ...(peer === undefined ? [] : [`${peer} ${place.macAddress}${isDual ? '' : ' FFFF'}`])],
      0x9: isDual ? ['ENBR'] : [],
      0xa: isDual ? ['ESEC'] : [],
      0xe: ['EPORT', ...UDP_PORTS.map(String), ''],
    };
    const lines = tables[table] ?? [];
    if (lines.length === 0) return this.#fail(WRONG_ARGUMENT);
    lines.forEach((line) => emitText(line));
    this.#ok();
  }
}

/** Product commands are repeated as they end, with CR alone; SKSENDTO's echo stops after the blank before the data. */
function echoOf({ text }: HostInput): Uint8Array {
  const end = text.startsWith('SKSENDTO ') ? '' : /^[RW](OPT|UART)\b/.test(text) ? '\r' : '\r\n';
  return bytesOfLatin1(text + end);
}
