import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { ScriptLine } from '../support/stick.ts';

const secrets = {
  id: '5EC4E7001122334455667788DEADBEEF',
  password: 'PA55W0RDXYZQ',
  login: 'broker-pass-phrase',
};

/** As typed, in either case, in hex and in base64. */
function forms(secret: string): string[] {
  const spellings = [secret, secret.toLowerCase(), secret.toUpperCase()];
  return spellings.flatMap((text) => [
    text,
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('hex').toUpperCase(),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
  ]);
}

/** Everything that makes a module repeat what it was told, and an error quote it. */
const script: readonly ScriptLine[] = [
  { fault: 'fail-code', on: 'SKSETPWD', code: 6 },
  { fault: 'garbage', on: 'SKSETRBID' },
  { fault: 'event-26', on: 'SKSENDTO', skip: 6 },
];

test.for([['dse', 'binary'] as const, ['se', 'ascii'] as const])(
  'no secret in the log at level trace, on the broker, in the state or on the command line (%s, %s)',
  { concurrent: true },
  async ([edition, payload]) => {
    await using home = new Household();
    const broker = await home.broker({ login: true });
    await broker.setPassword('tester', 'tester');
    const watcher = await home.watch(broker.url, { username: 'tester', password: 'tester' });
    const stick = await home.stick({
      args: ['--edition', edition, '--payload', payload, '--time-factor', '50'],
      script,
    });
    const bridge = await home.bridge({
      meters: [{ device: stick.path, route_b_id: secrets.id.toLowerCase(), route_b_password: secrets.password }],
      config: {
        mqtt: { url: broker.url, username: 'meter', password: secrets.login },
        http: { listen: '127.0.0.1:0' },
        log: { level: 'trace' },
      },
    });
    await bridge.fails('BROKER_REFUSED');
    await broker.setPassword('meter', secrets.login);
    const sessions = (): number => bridge.phases().filter((phase) => phase === 'connected').length;
    await bridge.until(() => sessions() >= 2 && readingsOf(watcher).length > 6, 'a second session', 90_000);
    const page = /"page":"(http:[^"]+)"/.exec(bridge.program.stdout)?.[1];
    const status = page === undefined ? '' : await (await fetch(`${page}api/status`)).text();
    const places = {
      argv: bridge.commandLine,
      log: bridge.program.stdout + bridge.program.stderr,
      broker: watcher.seen.map(({ topic, payload: text }) => `${topic} ${text}`).join('\n'),
      status,
      state: (await bridge.state()).join('\n'),
    };
    expect(await bridge.end()).toMatchObject({ code: 0 });
    expect(stick.heard).toContain(`SKSETRBID ${secrets.id}`); // they were used
    expect(stick.heard).toContain(secrets.password);
    expect(places.log).toContain('SKSETRBID');
    expect(places.state).toContain('channel');
    expect(status).toContain('"home"');
    const leaks = Object.entries({ ...places, log: bridge.program.stdout + bridge.program.stderr }).flatMap(
      ([place, text]) =>
        Object.entries(secrets).flatMap(([name, secret]) =>
          forms(secret).some((form) => text.includes(form)) ? [`${name} in ${place}`] : [],
        ),
    );
    expect(leaks).toEqual([]);
  },
);
