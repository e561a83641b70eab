import { connectAsync } from 'mqtt';
import { expect, test } from 'vitest';
import { demoBroker } from '../../../src/cli/demo/demo-broker.ts';

test('what others write on the demo’s broker ends nothing; a device document is told of', async () => {
  const said: string[] = [];
  const broker = await demoBroker(0, ({ en }) => void said.push(en));
  const client = await connectAsync(broker.url);
  for (const text of ['broute2mqtt doctor', 'null', '7', '{}', '{"components":null}', '{"components":{"power":{}}}'])
    await client.publishAsync('homeassistant/device/x/config', text, { qos: 1 });
  await client.endAsync();
  await broker.close();
  expect(said).toEqual(['— Home Assistant discovery: 1 entities on homeassistant/device/x/config']);
});
