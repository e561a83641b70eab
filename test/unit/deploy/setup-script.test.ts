import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FOREIGN, findSticks } from '../../../src/app/setup/stick-search.ts';
import { KNOWN_STICKS } from '../../../src/wire/known-sticks.ts';

/** As udev names them in /dev/serial/by-id. */
const KNOWN = [
  'RATOC_Systems__Ltd._RS-WSUHA-J11',
  'RATOC_Systems__Ltd._RS-WSUHA-P',
  'RS-WSUHA-P',
  'TESSERA_RL7023_Stick-D_DSS',
  'RL7023_Stick-D_IPS',
  'ROHM_BP35A1',
  'BP35C0',
  'BP35C2-J11-T01',
  'JORJIN_WSR35A1-00',
  'WSR35A1',
  'NTT_UDG-1-WSNE',
  'Some_Wi-SUN_Adapter',
  'WiSUN_USB',
  'FTDI_FT230X_Basic_UART_DK0IEADJ',
  'FTDI_FT231X_USB_UART',
];
const ELSEWHERE = [
  'ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_01',
  'Itead_Dongle-E',
  'SONOFF_Dongle_Max_MG24',
  'Zig-Bee_stick',
  'Zooz_800_Z-Wave_Stick',
  'ZWave_me_UZB',
  'OpenThread_RCP',
  'Matter_Bridge_Stick',
  'dresden_elektronik_ingenieurtechnik_GmbH_ConBee_II_DE1',
  'RaspBee_II',
  'Nabu_Casa_SkyConnect_v1.0_1',
  'Nabu_Casa_ZBT-2_1',
  'SMLIGHT_SLZB-06',
  'Texas_Instruments_TI_CC2531_USB_CDC',
  'Electrolama_CC2652RB',
  'Silicon_Labs_EFR32MG21',
  'Aeotec_Gen5',
  'Silicon_Labs_HubZ_Smart_Home_Controller_1',
  'Arduino__www.arduino.cc__0043',
  'Prusa_3D_printer_MK3',
  '3Dprint_board',
  'GPS_receiver',
  'u-blox_AG_-_www.u-blox.com_GNSS_receiver',
];
const UNKNOWN = [
  '1a86_USB_Serial',
  'Silicon_Labs_CP2102N_USB_to_UART_Bridge_Controller_0001',
  'Prolific_Technology_Inc._USB-Serial_Controller',
  'FTDI_FT232R_USB_UART_A1',
];
const all = [...KNOWN, ...ELSEWHERE, ...UNKNOWN];
const words = (name: string): string => name.replaceAll('_', ' ');

const script = await readFile(new URL('../../../deploy/docker/setup.sh', import.meta.url), 'utf8');
const [choice = ''] = /^ *case \$\(echo "\$port"[^]*?^ *esac$/m.exec(script) ?? [];

/** What the page and `broute2mqtt setup` make of each name. */
async function inTheProgram(): Promise<Record<string, string>> {
  const dev = await mkdtemp(join(tmpdir(), 'sticks-'));
  try {
    await mkdir(join(dev, 'serial/by-id'), { recursive: true });
    for (const [at, name] of all.entries()) {
      await writeFile(join(dev, `ttyUSB${at}`), '');
      await symlink(join(dev, `ttyUSB${at}`), join(dev, 'serial/by-id', `usb-${name}-if00-port0`));
    }
    const found = await findSticks({ dev, sys: join(dev, 'sys') });
    return Object.fromEntries(
      found.map(({ kind, path }) => [/usb-(.*)-if00-port0$/.exec(path)?.[1] ?? path, kind as string]),
    );
  } finally {
    await rm(dev, { recursive: true });
  }
}

function inTheScript(): Record<string, string> {
  const each = `for port; do known='' other=''\n${choice}\necho "\${known:+known}\${other:+other}"; done`;
  const ports = all.map((name) => `/dev/serial/by-id/usb-${name}-if00-port0`);
  const said = execFileSync('sh', ['-c', each, 'sh', ...ports], { encoding: 'utf8' }).split('\n');
  return Object.fromEntries(all.map((name, at) => [name, said[at] || 'foreign']));
}

test('deploy/docker/setup.sh takes the sticks for what the program takes them for', async () => {
  const kinds = [
    ...KNOWN.map((name) => [name, 'known']),
    ...ELSEWHERE.map((name) => [name, 'foreign']),
    ...UNKNOWN.map((name) => [name, 'other']),
  ];
  expect(await inTheProgram()).toEqual(Object.fromEntries(kinds));
  expect(inTheScript()).toEqual(Object.fromEntries(kinds));
});

test('every pattern of both has a name above', () => {
  const unused = (patterns: readonly RegExp[], names: readonly string[]): string[] =>
    patterns.filter((pattern) => !names.some((name) => pattern.test(name))).map(String);
  const parts = ({ source, flags }: RegExp): RegExp[] => source.split('|').map((part) => new RegExp(part, flags));
  expect(
    unused(
      KNOWN_STICKS.flatMap(({ says }) => parts(says)),
      KNOWN.map(words),
    ),
  ).toEqual([]);
  expect(unused(parts(FOREIGN), ELSEWHERE.map(words))).toEqual([]);
  const globs = [...choice.matchAll(/^ *(\*.+\*)\)/gm)].map(([, list = '']) =>
    list.split(' | ').map((glob) => new RegExp(`^${glob.replaceAll('*', '.*')}$`, 'i')),
  );
  expect(globs).toHaveLength(2);
  for (const [at, names] of [KNOWN, ELSEWHERE].entries()) expect(unused(globs[at] ?? [], names)).toEqual([]);
});
