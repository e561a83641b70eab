import { linkLocalAddress } from '../../model/pan.ts';
import type { HostCommand } from '../../skstack/commands.ts';
import { eventNumber, udpSent } from '../../skstack/events.ts';
import { hex } from '../../kernel/bytes.ts';
import type { ModuleContext } from '../module-context.ts';
import { event } from '../module-context.ts';
import type { DatagramExchange } from '../radio/datagram-exchange.ts';
import type { RadioSession } from '../radio/radio-session.ts';
import type { Scanner } from '../radio/scanner.ts';

const UDP_PORTS = [3610, 716, 19788, 0, 0, 0];

export interface ModuleParts {
  readonly scanner: Scanner;
  readonly session: RadioSession;
  readonly exchange: DatagramExchange;
  /** All that SKRESET takes back. */
  reset(): void;
  /** SKDSLEEP. */
  sleep(): void;
}

/** What the module does and says on each command it understood. */
export class CommandHandler {
  readonly #context: ModuleContext;
  readonly #parts: ModuleParts;
  #saved = false;

  constructor(context: ModuleContext, parts: ModuleParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Ends with the last line of the command's own answer; what follows comes by itself. */
  async handle(command: HostCommand, signal: AbortSignal): Promise<void> {
    const { tasks, timing } = this.#context;
    const { exchange } = this.#parts;
    if (command.name === 'SKSENDTO') return exchange.send(command, signal);
    if (command.name === 'SKRESET') await tasks.wait(timing.reset(), signal);
    else if (command.name === 'SKLL64') await tasks.wait(timing.address(), signal);
    else await tasks.wait(timing.command(), signal);
    this.#answer(command);
  }

  #answer(command: Exclude<HostCommand, { name: 'SKSENDTO' }>): void {
    const { say, options, state, ownAddress } = this.#context;
    const { scanner, session } = this.#parts;
    const { model } = options;
    switch (command.name) {
      case 'SKVER':
        say({ kind: 'version', value: model.stackVersion });
        return this.#ok();
      case 'SKAPPVER':
        if (model.appVersion === undefined) return this.#fail(4);
        say({ kind: 'appVersion', value: model.appVersion });
        return this.#ok();
      case 'SKINFO': {
        const { channel, panId } = state;
        say({
          kind: 'info',
          address: ownAddress,
          macAddress: model.macAddress,
          channel,
          panId,
          edition: options.dialect,
        });
        return this.#ok();
      }
      case 'SKRESET':
        this.#parts.reset();
        return this.#ok();
      case 'SKSREG':
        return this.#register(command.register, command.value);
      case 'SKSETPWD':
        state.setPassword(command.password);
        return this.#ok();
      case 'SKSETRBID':
        state.setId(command.id);
        return this.#ok();
      case 'SKSCAN':
        this.#ok();
        return scanner.start(command.mode, command.mask, command.duration);
      case 'SKLL64':
        return say({ kind: 'address', address: linkLocalAddress(command.macAddress) });
      case 'SKJOIN':
        this.#ok();
        return session.join(command.address);
      case 'SKREJOIN':
        return session.rejoin() ? this.#ok() : this.#fail(10);
      case 'SKTERM':
        return this.#terminate();
      case 'ROPT':
        return model.appVersion !== undefined ? this.#option(state.ascii ? 0x01 : 0x00) : this.#fail(4);
      case 'WOPT':
        if (!model.appVersion !== undefined) return this.#fail(4);
        state.ascii = (command.value & 1) === 1;
        return this.#context.sayText('OK', '\r');
      case 'RUART':
        return model.appVersion !== undefined ? this.#option(model.uart ?? 0x00) : this.#fail(4);
      case 'WUART':
        return model.appVersion !== undefined ? this.#context.sayText('OK', '\r') : this.#fail(4);
      case 'SKTABLE':
        return this.#table(command.table);
      case 'SKPING':
        return this.#ping(command.address);
      case 'SKADDNBR':
        session.unresolved = false;
        return this.#ok();
      case 'SKSAVE':
        this.#saved = true;
        return this.#ok();
      case 'SKLOAD':
        return this.#saved ? this.#ok() : this.#fail(10);
      case 'SKERASE':
        this.#saved = false;
        return this.#ok();
      case 'SKSETPSK':
      case 'SKUDPPORT':
        return this.#ok();
      case 'SKDSLEEP':
        this.#ok();
        return this.#parts.sleep();
    }
  }

  #ok(): void {
    this.#context.say({ kind: 'ok' });
  }

  #fail(code: number): void {
    this.#context.say({ kind: 'fail', code });
  }

  #option(value: number): void {
    this.#context.say({ kind: 'ok', value: hex(value, 2) });
  }

  #register(name: string, value: string | undefined): void {
    const { state, say, options } = this.#context;
    if (name === 'SFB' && !options.airtimeRegister) return this.#fail(6);
    if (value !== undefined) return state.write(name, value) ? this.#ok() : this.#fail(6);
    const text = state.read(name);
    if (text === undefined) return this.#fail(6);
    say({ kind: 'register', value: text });
    this.#ok();
  }

  #terminate(): void {
    const { session } = this.#parts;
    const address = session.peerAddress;
    if (address === undefined || !session.terminate()) return this.#fail(10);
    if (this.#context.options.dialect === 'SE') {
      this.#context.say(event(eventNumber.udpSent, address, udpSent.delivered));
    }
    this.#ok();
  }

  #ping(address: string): void {
    const { tasks, timing, sayText, options } = this.#context;
    this.#ok();
    if (!this.#parts.session.hears || address !== this.#parts.session.peerAddress) return;
    tasks.after(timing.reply(1), () => sayText(options.dialect === 'DSE' ? `EPONG 0 ${address}` : `EPONG ${address}`));
  }

  /** SKTABLE: what is not secret. The key tables come empty. */
  #table(table: number): void {
    const { sayText, options, ownAddress, place } = this.#context;
    const isDual = options.dialect === 'DSE';
    const peer = this.#parts.session.peerAddress;
    const rows: Readonly<Record<number, readonly string[]>> = {
      0x1: ['EADDR', ownAddress],
      0x2: ['ENEIGHBOR', ...(peer === undefined ? [] : [`${peer} ${place.macAddress}${isDual ? '' : ' FFFF'}`])],
      0x9: isDual ? ['ENBR'] : [],
      0xa: isDual ? ['ESEC'] : [],
      0xe: ['EPORT', ...UDP_PORTS.map(String), ''],
    };
    const lines = rows[table] ?? [];
    if (lines.length === 0) return this.#fail(6);
    lines.forEach((line) => sayText(line));
    this.#ok();
  }
}
