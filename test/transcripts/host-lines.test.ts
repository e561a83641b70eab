import { describe, expect, test } from 'vitest';
import { encodeCommand } from '../../src/skstack/commands.ts';
import type { SkCommand, Edition } from '../../src/skstack/commands.ts';
import { bytesOfHex, latin1OfBytes } from '../../src/kernel/bytes.ts';
import { readTranscript, transcriptNames } from '../support/transcript.ts';

/** Host lines we would write differently, or never. The rest must come out byte for byte. */
const otherForms: Readonly<Record<string, string>> = {
  'SKSCAN 2 FFFFFFFF 4 0 ': 'SKSCAN 2 FFFFFFFF 4 0', // a trailing blank, which modules accept
  'SKSCAN 2 FFFFFFFF 5 0 ': 'SKSCAN 2 FFFFFFFF 5 0',
  'SKSCAN 2 FFFFFFFF 6 0 ': 'SKSCAN 2 FFFFFFFF 6 0',
  'SKSETPWD c 1234567890ab': 'SKSETPWD C 1234567890ab', // lower-case length
  'SKSENDTO 1 FE80:0000:0000:0000:021C:6400:03DD:6393 0E1A 2 000e {1081000305FF010288016201E700}\\c':
    'SKSENDTO 1 FE80:0000:0000:0000:021C:6400:03DD:6393 0E1A 2 000E {1081000305FF010288016201E700}\\c',
  ROPT: 'ROPT\\r', // CRLF works on one module, the manual says CR
};
const notOurs = /^RUART|Omitted|^SKSETPWD C X{16}$|^SKSETRBID X/;

/** A command as a test fixture writes it; independent of what the simulator reads. */
function commandOf(text: string, edition: Edition): SkCommand {
  const words = text.replace(/\\[rc]$/, '').split(' ');
  const [name, first = '', second = '', third = '', fourth = ''] = words;
  switch (name) {
    case 'SKVER':
    case 'SKINFO':
    case 'SKRESET':
    case 'SKTERM':
    case 'ROPT':
      return { name };
    case 'SKSREG':
      return { name, register: first, value: second };
    case 'SKSETPWD':
      return { name, password: second };
    case 'SKSETRBID':
      return { name, id: first };
    case 'SKSCAN':
      expect(words).toHaveLength(edition === 'DSE' ? 5 : 4);
      return { name, mode: Number(first), mask: Number.parseInt(second, 16), duration: Number.parseInt(third, 16) };
    case 'SKLL64':
      return { name, macAddress: first };
    case 'SKJOIN':
      return { name, address: first };
    case 'SKSENDTO':
      expect(words).toHaveLength(edition === 'DSE' ? 8 : 7);
      return {
        name,
        handle: Number(first),
        address: second,
        port: Number.parseInt(third, 16),
        security: Number(fourth),
        data: bytesOfHex((words.at(-1) ?? '').slice(1, -1)),
      };
    default:
      throw new Error(`unknown command ${text}`);
  }
}

const wire = (text: string): string =>
  `${text.replace(/\{(\w+)\}/, (_, digits: string) => latin1OfBytes(bytesOfHex(digits))).replace(/\\[rc]$/, '')}${
    text.endsWith('\\c') ? '' : text.endsWith('\\r') ? '\r' : '\r\n'
  }`;

describe.each(transcriptNames.filter((name) => !name.startsWith('j11')))('%s', (name) => {
  const edition: Edition = name.startsWith('dse') ? 'DSE' : 'SE';
  const texts = readTranscript(name).lines.flatMap(({ from, text }) => (from === 'host' ? [text] : []));

  test.each(texts.filter((text) => !notOurs.test(text)))('%s is what we write', (published) => {
    const text = otherForms[published] ?? published;
    expect(latin1OfBytes(encodeCommand(commandOf(text, edition), edition))).toBe(wire(text));
  });

  test('has an edition in its header', () => {
    expect(readTranscript(name).header.get('edition')?.[0]).toContain(edition);
  });
});

test('SKSENDTO carries raw bytes and no line end, so the wire is byte for byte the capture', () => {
  const { lines } = readTranscript('se-bp35a1-get-e7-e8-tid-1002');
  const data = bytesOfHex('1081100205FF010288016202E700E800');
  const address = 'FE80:0000:0000:0000:021C:6400:03CD:76A4';
  expect(encodeCommand({ name: 'SKSENDTO', handle: 1, address, port: 0x0e1a, security: 1, data }, 'SE')).toEqual(
    lines[0]?.bytes,
  );
});
