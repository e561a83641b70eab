import { isDeepStrictEqual } from 'node:util';
import { CommandReader } from '../../../src/skstack/command-reader.ts';
import type { HostInput } from '../../../src/skstack/command-reader.ts';
import { commandText, encodeCommand, MAX_DATA_LENGTH } from '../../../src/skstack/commands.ts';
import type { SkCommand, Edition } from '../../../src/skstack/commands.ts';
import { METER } from '../../../test/support/rxudp.ts';
import { corpusOf, hostBytes, wordsOf } from '../material.ts';
import { chunksOf, Dice, mutated } from '../mutator.ts';
import type { Material } from '../mutator.ts';
import { must, nothing } from '../target.ts';
import type { Target } from '../target.ts';

const ours = [
  'SKVER',
  'SKAPPVER',
  'SKINFO',
  'SKRESET',
  'SKREJOIN',
  'SKTERM',
  'ROPT',
  'SKSREG',
  'SKSETPWD',
  'SKSETRBID',
  'SKSCAN',
  'SKLL64',
  'SKJOIN',
  'SKSENDTO',
];
const others = [
  'SKSAVE',
  'SKLOAD',
  'SKERASE',
  'SKDSLEEP',
  'RUART',
  'SKTABLE',
  'SKPING',
  'SKADDNBR',
  'SKSETPSK',
  'SKUDPPORT',
  'WOPT',
  'WUART',
];
const words = wordsOf(
  ...[...ours, ...others].map((name) => `${name} `),
  ...ours.map((name) => `${name}\r\n`),
  `SKSENDTO 1 ${METER} 0E1A 1 0004 `,
  `SKSENDTO 1 ${METER} 0E1A 1 0 0004 `,
  METER,
  'FFFFFFFF ',
  '\r\n',
  '\r',
  '\n',
  ' ',
  '0',
  '1 ',
);

export const commands: Target = {
  name: 'commands',
  share: 10,
  open: () => {
    const material: Material = { seeds: [...corpusOf('commands'), ...hostBytes()], words, most: 4000 };
    return {
      make: (seed) => mutated(new Dice(seed), material),
      check: (input) => (['SE', 'DSE'] as const).forEach((edition) => check(input, edition)),
      [Symbol.asyncDispose]: nothing,
    };
  },
};

function check(input: Uint8Array, edition: Edition): void {
  const reader = new CommandReader(edition);
  const found = chunksOf(input).flatMap((chunk) => reader.push(chunk));
  const whole = new CommandReader(edition);
  must(isDeepStrictEqual(found, whole.push(input)), 'the chunks mattered');
  must(reader.counting === whole.counting, 'the chunks mattered to what is counted');
  must(found.length <= input.length, 'more commands than bytes');
  for (const one of found) checkInput(one, edition);
  reader.reset();
  must(!reader.counting && reader.push(Buffer.from('SKVER\r\n')).length === 1, 'a reset reader does not listen');
}

function checkInput(one: HostInput, edition: Edition): void {
  must(one.text !== '' && one.text.length <= 512, 'a command without an end');
  if (one.kind === 'refused') return must([4, 5, 6, 9].includes(one.code), 'an unknown refusal');
  const { command } = one;
  if (command.name === 'SKSENDTO')
    must(command.data.length >= 1 && command.data.length <= MAX_DATA_LENGTH, 'data of an impossible length');
  if (!ours.includes(command.name)) return;
  const again = new CommandReader(edition).push(encodeCommand(command as SkCommand, edition));
  const [first] = again;
  must(again.length === 1 && first?.kind === 'command', () => `${commandText(command, edition)} is not read`);
  must(isDeepStrictEqual(first.command, command), () => `${command.name} is not read as it is written`);
}
