import { expect, test } from 'vitest';
import { pageInHouse, pageUrl } from '../../../src/app/page-url.ts';
import { parseHostPort } from '../../../src/kernel/host-port.ts';

test.each([
  ['127.0.0.1:8080', [], undefined],
  ['localhost:8080', ['pi.local'], undefined], // a proxy, whose port we do not know
  ['[::1]:8080', [], undefined],
  ['0.0.0.0:8080', [], undefined], // of a machine, or of a container
  ['[::]:8080', [], undefined],
  ['0.0.0.0:8080', ['pi.local', 'other'], 'http://pi.local:8080/'],
  ['0.0.0.0:8080', ['localhost'], undefined],
  ['192.168.1.20:8080', [], 'http://192.168.1.20:8080/'],
  ['192.168.1.20:8080', ['meter.example.com'], 'http://192.168.1.20:8080/'],
  ['[fd00::20]:80', [], 'http://[fd00::20]:80/'],
  ['raspberrypi:9000', [], 'http://raspberrypi:9000/'],
  ['192.168.1.20:0', [], undefined],
])('listening at %s, named %j: %s', (listen, hosts, url) => {
  const parsed = parseHostPort(listen);
  expect(parsed && pageUrl({ listen: parsed, hosts })).toBe(url);
});

test('the log names this machine where the page is for every address', () => {
  const everywhere = { listen: { host: '0.0.0.0', port: 8080 }, hosts: [] };
  expect(pageInHouse(everywhere, '192.168.1.5')).toBe('http://192.168.1.5:8080/');
  expect(pageInHouse({ ...everywhere, hosts: ['pi.local'] }, '192.168.1.5')).toBe('http://pi.local:8080/');
  expect(pageInHouse(everywhere, undefined)).toBeUndefined();
  expect(pageInHouse({ listen: { host: '127.0.0.1', port: 8080 }, hosts: [] }, '192.168.1.5')).toBeUndefined();
});
