import { expect, test } from 'vitest';
import { Redactor } from '../../../src/kernel/redactor.ts';
import { canaries, formsOf, sightings } from '../../support/canary.ts';

test.each(Object.entries(canaries))('%s is sighted in each of its forms, and in none once redacted', (name, secret) => {
  const redactor = new Redactor();
  redactor.add(secret);
  for (const form of [...formsOf(secret), secret, secret.toUpperCase()]) {
    const text = `before ${form} behind`;
    expect(sightings({ here: text })).toContain(`here: ${name}`);
  }
  expect(sightings({ here: 'nothing to see' })).toEqual([]);
  const written = [secret, JSON.stringify({ secret }), encodeURIComponent(secret), Buffer.from(secret).toString('hex')];
  const logged = [...written, Buffer.from(`user:${secret}`).toString('base64')].map((text) => redactor.redact(text));
  expect(sightings({ logged: logged.join(' ') })).toEqual([]);
});
