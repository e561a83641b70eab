import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { Pan } from '../../../src/model/pan.ts';
import { linkLocalAddress } from '../../../src/model/pan.ts';
import { CommandReader } from '../../../src/skstack/command-reader.ts';
import { hexOfBytes } from '../../../src/kernel/bytes.ts';

export const pan: Pan = { channel: 0x2f, panId: 0x8a32, macAddress: '001C6400030C12A4', lqi: 0xcb };
export const METER = linkLocalAddress(pan.macAddress);
export const OWN = 'FE80:0000:0000:0000:021D:1290:1234:5678';
export const event = (number: string, param = ''): string => `EVENT ${number} ${METER}${param && ` ${param}`}`;
/** A datagram of the meter as an SE module prints it. */
export function rxudp(payload: Uint8Array, from = METER, secured = '1', port = '0E1A'): string {
  const data = hexOfBytes(payload);
  return `ERXUDP ${from} ${OWN} ${port} ${port} ${pan.macAddress} ${secured} ${(data.length / 2).toString(16).padStart(4, '0')} ${data}`;
}

export type Script = (name: string, data: Uint8Array | undefined, text: string) => readonly string[] | undefined;

/** A module that answers at once what a script says, and everything else as a healthy one does; empty lines are silence. */
export class ScriptedModule {
  script: Script = () => undefined;
  readonly commands: string[] = [];
  readonly ours: Duplex;
  readonly #theirs: Duplex;
  configured = '21 FFFF';

  constructor() {
    [this.ours, this.#theirs] = duplexPair();
    const reader = new CommandReader('SE');
    this.#theirs.on('data', (bytes: Buffer) => {
      for (const input of reader.push(bytes)) {
        if (input.kind !== 'command') continue;
        const { command, text } = input;
        this.commands.push(command.name);
        const data = 'data' in command ? command.data : undefined;
        this.say(...(this.script(command.name, data, text) ?? this.#healthy(command.name)));
      }
    });
  }

  say(...lines: readonly string[]): void {
    if (lines.length > 0) this.#theirs.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  #healthy(name: string): readonly string[] {
    switch (name) {
      case 'SKVER':
        return ['EVER 1.2.10', 'OK'];
      case 'SKAPPVER':
        return ['EAPPVER rev26e', 'OK'];
      case 'SKINFO':
        return [`EINFO ${OWN} 001D129012345678 ${this.configured} FFFE`, 'OK'];
      case 'ROPT':
        return ['OK 01'];
      case 'SKLL64':
        return [METER];
      case 'SKJOIN':
        return ['OK', event('25')];
      case 'SKTERM':
        return ['OK', event('27')];
      case 'SKSENDTO':
        return [event('21', '00'), 'OK'];
    }
    return ['OK'];
  }
}
