/**
 * The shortest way from a serial port to a broker: what comes in goes out as it came, with the same two libraries and
 * nothing between them. `tsx relay-process.ts PORT URL TOPIC`; says `ready`.
 */
import type { Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import { SerialPort } from 'serialport';

const [path = '', url = '', topic = ''] = process.argv.slice(2);
const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
(client.stream as Socket).setNoDelay(true);
const port = new SerialPort({ path, baudRate: 115_200 });
let line = '';
port.on('data', (bytes: Buffer) => {
  line += bytes.toString('latin1');
  if (!line.endsWith('\n')) return;
  client.publish(topic, line, { qos: 0, retain: true });
  line = '';
});
port.once('open', () => process.stdout.write('ready\n'));
