import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configText } from '../../../../src/app/setup/config-text.ts';
import type { SetupAnswers } from '../../../../src/app/setup/config-text.ts';

const answers: SetupAnswers = {
  language: 'ja',
  device: '/dev/serial/by-id/usb-"odd" name',
  routeBId: '00112233445566778899001122334455',
  routeBPassword: '012345678901',
  contractAmpere: 40,
  buyYenPerKwh: 35.8,
  broker: { url: 'mqtt://mosquitto:1883', username: 'broute2mqtt', password: '#: \\ "secret" ' },
  page: { listen: '0.0.0.0:8080', token: '0123456789abcdef' },
  stateDir: './state',
};

test('what is read from the text is what was answered, to the last character', () => {
  expect(parse(configText(answers))).toEqual({
    language: 'ja',
    meters: [
      {
        id: 'home',
        device: answers.device,
        route_b_id: answers.routeBId,
        route_b_password: answers.routeBPassword,
        contract_ampere: 40,
      },
    ],
    mqtt: answers.broker,
    http: answers.page,
    prices: { buy: 35.8 },
    state_dir: './state',
    log: { format: 'pretty' },
  });
});

test('what is absent is not written', () => {
  const text = configText({ language: 'en', device: '/dev/ttyUSB0' });
  expect(parse(text)).toEqual({
    language: 'en',
    meters: [{ id: 'home', device: '/dev/ttyUSB0' }],
    log: { format: 'pretty' },
  });
});

test('the shown text holds no secret', () => {
  const shown = configText(answers, true);
  for (const secret of [answers.routeBId, answers.routeBPassword, 'secret', answers.page?.token])
    expect(shown).not.toContain(secret);
  expect(shown).toContain('route_b_id: ●●●●');
});
