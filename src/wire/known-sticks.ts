import type { UsbPort } from './usb-sysfs.ts';

export interface KnownStick {
  readonly name: string;
  readonly family: 'SE' | 'DSE' | 'SE or DSE' | 'J11';
  /** `idVendor:idProduct`, where a source shows it. */
  readonly usb?: string;
  /** Matches the product text of the USB descriptor, or the name that udev made of it. */
  readonly says: RegExp;
  /** Where the id or the text comes from. */
  readonly source: string;
}

/**
 * The sticks that `device: auto` may open, in order of preference; docs/sticks.md lists them for operators. A USB id alone
 * is never enough: Zigbee sticks, 3D printers and other meters have FTDI's 0403:6015 too. A port with that id is opened
 * only if its product text is the chip's default; any other text names another product.
 */
export const KNOWN_STICKS: readonly KnownStick[] = [
  {
    name: 'J11 modules (RATOC RS-WSUHA-J11, ROHM BP35C2-J11)',
    family: 'J11',
    says: /J11/i,
    source: 'jethac/broute-j11, README: usb-RATOC_Systems__Ltd._RS-WSUHA-J11-if00-port0',
  },
  {
    name: 'RATOC RS-WSUHA-P',
    family: 'DSE',
    says: /RS-WSUHA|RATOC/i,
    source: 'by name only; most units show FTDI’s own words, see the last row',
  },
  { name: 'Tessera RL7023', family: 'SE or DSE', says: /RL7023|TESSERA/i, source: 'by name only, see the last row' },
  {
    name: 'ROHM BP35A1, BP35C0, BP35C2',
    family: 'SE or DSE',
    says: /BP35[AC]\d|ROHM/i,
    source: 'by name only: their boards have bridges of many makes',
  },
  { name: 'JORJIN WSR35A1-00', family: 'SE', says: /WSR35A1|JORJIN/i, source: 'by name only' },
  {
    name: 'NTT UDG-1-WSNE',
    family: 'DSE',
    says: /UDG-1-WSNE/i,
    source: 'by name only: nobody has shown its id; hnw/mackerel-plugin-smartmeter uses it as /dev/ttyACM0',
  },
  { name: 'a stick that says Wi-SUN', family: 'SE or DSE', says: /\bWi-?SUN\b/i, source: 'by name only' },
  {
    name: 'FTDI FT230X (RATOC RS-WSUHA-P, Tessera RL7023 Stick-D/IPS and Stick-D/DSS)',
    family: 'SE or DSE',
    usb: '0403:6015',
    says: /\bFT23\dX/,
    source:
      'yufeikang/b-route-meter: lsusb of a RS-WSUHA-P in issue 10, by-id path of a RL7023 Stick-D/DSS in issue 12',
  },
];

/** The first row that matches. Where sysfs has no id, the text alone decides. */
export function knownStick({ usb, words }: Pick<UsbPort, 'usb' | 'words'>): KnownStick | undefined {
  return KNOWN_STICKS.find(
    (stick) => stick.says.test(words) && (stick.usb === undefined || usb === undefined || stick.usb === usb),
  );
}
