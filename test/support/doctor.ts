import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from './bridge.ts';
import type { Household } from './household.ts';

export interface ToldCheck {
  readonly check: string;
  readonly meter?: string;
  readonly result: 'ok' | 'warning' | 'failed' | 'not_reached';
  readonly detail: string;
  readonly advice?: string;
  readonly code?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface Diagnosis {
  readonly code: unknown;
  readonly checks: readonly ToldCheck[];
  readonly stdout: string;
  readonly stderr: string;
  of(check: string): ToldCheck;
  /** Checks with this result, in order. */
  with(result: ToldCheck['result']): string[];
}

export interface Patient {
  readonly folder: string;
  readonly configFile: string;
  /** `doctor --json` in this language, unless `args` says otherwise. */
  readonly doctor: (language: 'en' | 'ja', args?: readonly string[]) => Promise<Diagnosis>;
}

export interface PatientOptions {
  readonly device?: string;
  readonly meter?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Instead of all that. */
  readonly yaml?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs as this user, who owns the folder. */
  readonly uid?: number;
}

/** A configuration in a folder of its own, for `doctor` to look at. */
export async function patient(home: Household, options: PatientOptions): Promise<Patient> {
  const { device = '/dev/null', meter, config, yaml, env = {}, uid } = options;
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  const configFile = join(folder, 'config.yaml');
  const settings = {
    meters: [{ id: 'home', device, ...credentials, ...meter }],
    http: { listen: '127.0.0.1:0' },
    state_dir: './state',
    ...config,
  };
  await writeFile(configFile, yaml ?? JSON.stringify(settings, null, 2), { mode: 0o600 });
  if (uid !== undefined) {
    await Promise.all([chown(folder, uid, uid), chown(configFile, uid, uid)]);
    await chmod(folder, 0o700);
  }
  return {
    folder,
    configFile,
    async doctor(language, args = ['--json']) {
      const program = home.cli(['doctor', '--config', configFile, ...args], {
        cwd: folder,
        env: { ...env, BROUTE2MQTT_LANGUAGE: language },
        ...(uid === undefined ? {} : { uid }),
      });
      const code = await program.ended;
      const { stdout, stderr } = program;
      const checks = args.includes('--json')
        ? (JSON.parse(stdout || '{"checks":[]}') as { checks: ToldCheck[] }).checks
        : [];
      const none: ToldCheck = { check: 'none', result: 'not_reached', detail: `${stdout}${stderr}` };
      return {
        code,
        checks,
        stdout,
        stderr,
        of: (check) => checks.find((one) => one.check === check) ?? none,
        with: (result) => checks.filter((one) => one.result === result).map(({ check }) => check),
      };
    },
  };
}
