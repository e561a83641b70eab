import { readFileFromDisk } from '../../config/files.ts';
import { writeNewFile } from '../../store/user-file.ts';
import type { CliContext } from '../context.ts';
import { loadSettings } from '../load-settings.ts';
import type { LoadOutcome } from '../load-settings.ts';
import { configText } from './config-text.ts';
import type { SetupAnswers } from './config-text.ts';
import type { Destination, GivenBefore } from './destination.ts';

/** A configuration file, written only where nothing stands. @param file absolute. */
export function fileDestination(file: string, context: Pick<CliContext, 'env' | 'redactor'>): Destination {
  const given = givenBy(context.env);
  const written = ({ broker, ...rest }: SetupAnswers): SetupAnswers => ({
    ...rest,
    ...(broker && given.broker === undefined && { broker }),
  });
  /** As the service would load it, environment and all. */
  const load = (answers: SetupAnswers): Promise<LoadOutcome> => {
    const text = new TextEncoder().encode(configText(written(answers)));
    const readFile = (path: string): Promise<Uint8Array> =>
      path === file ? Promise.resolve(text) : readFileFromDisk(path);
    return loadSettings({ path: file, pathGiven: true, readFile }, context);
  };
  return {
    given,
    name: file,
    shown: (answers) => configText(written(answers), true),
    load,
    async write(answers) {
      const checked = await load(answers);
      if (checked.ok) await writeNewFile(file, configText(written(answers)));
      return checked;
    },
  };
}

function givenBy(env: CliContext['env']): GivenBefore {
  const value = (name: string): string | undefined => env[`BROUTE2MQTT_${name}`] || undefined;
  const isThere = (name: string): boolean => value(name) !== undefined || value(`${name}_FILE`) !== undefined;
  const [device, broker, listen] = [value('METERS_0_DEVICE'), value('MQTT_URL'), value('HTTP_LISTEN')];
  return {
    ...(device !== undefined && { device }),
    ...(broker !== undefined && { broker }),
    ...(listen !== undefined && { listen }),
    language: isThere('LANGUAGE'),
    credentials: isThere('METERS_0_ROUTE_B_ID') && isThere('METERS_0_ROUTE_B_PASSWORD'),
    token: isThere('HTTP_TOKEN'),
    stateDir: isThere('STATE_DIR'),
  };
}
