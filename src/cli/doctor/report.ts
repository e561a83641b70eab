import { homedir } from 'node:os';
import type { Clock } from '../../kernel/clock.ts';
import { Redactor } from '../../kernel/redactor.ts';
import { shownUrl } from '../../broker/connection-attempt.ts';
import { writeUserFile } from '../../store/user-file.ts';
import type { ProcessEnvironment } from '../../app/context.ts';
import type { Loaded } from '../../app/load-settings.ts';
import { resultObject } from './format.ts';
import { hostFacts, usbFacts } from './report-host.ts';
import { stateFiles } from './report-state.ts';
import type { CheckResult } from './sequence.ts';

export interface ReportInput {
  readonly version: string;
  readonly results: readonly CheckResult[];
  readonly config: Loaded['config'] | undefined;
  readonly env: ProcessEnvironment;
  readonly clock: Clock;
  /** Knows the secrets of the configuration. */
  readonly redactor: Redactor;
}

/** Everything a bug report needs and nothing that is private, as one JSON file for the owner alone. @throws BridgeError USAGE */
export async function writeReport(path: string, replace: boolean, input: ReportInput): Promise<void> {
  await writeUserFile(path, `${await reportText(input)}\n`, replace);
}

export async function reportText({ version, results, config, env, clock, redactor }: ReportInput): Promise<string> {
  const { serials, ...usb } = await usbFacts();
  const report = {
    version,
    node: process.versions,
    time: new Date(clock.now()).toISOString(),
    host: await hostFacts(env),
    checks: results.map((result) => resultObject(withoutValues(result), 'en')),
    configuration: config ? maskedConfig(config) : 'not valid',
    usb,
    state: await stateFiles(config?.state_dir, clock.now()),
  };
  const ofSticks = new Redactor();
  for (const serial of serials) ofSticks.add(serial);
  const clean = (text: string): string => withoutPlaces(ofSticks.redact(redactor.redact(text)));
  // by value, so that a secret of digits breaks no number
  return JSON.stringify(report, (_key, value: unknown) => (typeof value === 'string' ? clean(value) : value), 2);
}

/** What a household uses is nobody's business. */
const withoutValues = (result: CheckResult): CheckResult =>
  result.id === 'reading' && result.mark === 'ok'
    ? { ...result, detail: { en: 'values told, left out here', ja: '値は省略' } }
    : result;

const SET = '[set]';

/** What is configured; of what is secret or personal only that it is. */
function maskedConfig(config: Loaded['config']): unknown {
  const { meters, mqtt, http, ...rest } = config;
  return {
    meters: meters.map(({ on_stuck_command: hook, ...meter }) => ({
      ...meter,
      name: SET,
      route_b_id: SET,
      route_b_password: SET,
      ...(hook && { on_stuck_command: `${hook[0]} and ${hook.length - 1} argument(s)` }),
    })),
    ...(mqtt && {
      mqtt: {
        ...mqtt,
        url: shownUrl(mqtt.url),
        ...(mqtt.username === undefined ? {} : { username: SET }),
        ...(mqtt.password === undefined ? {} : { password: SET }),
      },
    }),
    ...(http && { http: { listen: http.listen, ...(http.token === undefined ? {} : { token: SET }) } }),
    ...rest,
  };
}

/** A net under the lists above: addresses of meters (EUI-64, link-local) in whatever text, and whose home this is. */
function withoutPlaces(text: string): string {
  const home = homedir();
  const own = home.length > 1 ? text.replaceAll(home, '~') : text;
  return own
    .replace(/\bFE80(:[0-9A-F]{0,4}){2,8}/gi, '[address]')
    .replace(/\b[0-9A-F]{16,}\b/gi, '[address]')
    .replace(/\b([0-9A-F]{2}[:-]){5,7}[0-9A-F]{2}\b/gi, '[address]');
}
