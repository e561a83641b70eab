import type { Problem } from '../../config/problems.ts';
import { HIDDEN } from '../setup/config-text.ts';
import type { SetupAnswers } from '../setup/config-text.ts';
import type { GivenBefore } from '../setup/destination.ts';
import { APP_OPTIONS } from './app-options.ts';
import type { AppOptions } from './app-options.ts';

/** What set-up begins with: wrong here, it is asked anew. What it asks at its end would make no beginner of anybody. */
const MENDED: ReadonlySet<string> = new Set(['device', 'serial_server', 'route_b_id', 'route_b_password']);
const SECRET: ReadonlySet<string> = new Set([
  'route_b_id',
  'route_b_password',
  'mqtt_password',
  'home_assistant_token',
]);

/** Whether set-up can mend all of it: the rest is corrected on the Configuration tab. */
export const canMend = (problems: readonly Problem[]): boolean => problems.every(({ where }) => MENDED.has(where));

/** What is there and right. */
export function givenByOptions(
  options: AppOptions,
  wrong: ReadonlySet<string>,
): Pick<GivenBefore, 'device' | 'broker' | 'credentials'> {
  const given = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === 'string' && value !== '' && !wrong.has(name) ? value : undefined;
  };
  const device = wrong.has('serial_server') ? undefined : (given('device') ?? given('serial_server')); // wrong beside a stick
  const broker = given('mqtt_url');
  return {
    ...(device !== undefined && { device }),
    ...(broker !== undefined && { broker }),
    credentials: given('route_b_id') !== undefined && given('route_b_password') !== undefined,
  };
}

/** Each answer in the place of what stood there; the Supervisor takes no option that is empty. */
export function mergeAnswers(options: AppOptions, answers: SetupAnswers): AppOptions {
  const { device, broker } = answers;
  const merged = {
    ...options,
    language: answers.language,
    route_b_id: answers.routeBId ?? options['route_b_id'],
    route_b_password: answers.routeBPassword ?? options['route_b_password'],
    contract_ampere: answers.contractAmpere ?? options['contract_ampere'],
    price_buy: answers.buyYenPerKwh ?? options['price_buy'],
    ...(device !== undefined && stickOption(device)),
    ...(broker && { mqtt_url: broker.url, mqtt_username: broker.username, mqtt_password: broker.password }),
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined && value !== null));
}

/** `auto` is what the app does by itself. */
function stickOption(device: string): AppOptions {
  const isServer = device.startsWith('tcp:');
  return {
    device: isServer || device === 'auto' ? undefined : device,
    serial_server: isServer ? device : undefined,
  };
}

/** As the Configuration tab shows them in YAML, without what is secret. */
export const optionsText = (options: AppOptions): string =>
  APP_OPTIONS.filter((name) => options[name] !== undefined)
    .map((name) => `${name}: ${SECRET.has(name) ? HIDDEN : shown(options[name])}\n`)
    .join('');

const shown = (value: unknown): string =>
  typeof value === 'string' && /^[\w/][\w./:-]*$/.test(value) ? value : JSON.stringify(value);
