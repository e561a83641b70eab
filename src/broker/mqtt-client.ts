import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import type { IClientOptions, MqttClient } from 'mqtt';

/** Begins a connection. @throws when a certificate or key cannot be read by OpenSSL. */
export type NewClient = (options: IClientOptions) => MqttClient;

const MQTT_PORT = 1883;

/**
 * Loads mqtt.js, in the lightest way for the broker at hand: its `connect` loads WebSocket, SOCKS and TLS whatever the URL
 * says (4 MB, 30 ms), which a plain connection needs none of.
 */
export async function loadMqtt(): Promise<NewClient> {
  const { connect, MqttClient } = await import('mqtt');
  keepNoNumbers();
  return (options) => {
    const { protocol, hostname: host = 'localhost', port = MQTT_PORT } = options;
    return protocol === 'mqtt' ? new MqttClient(() => createConnection({ host, port }), options) : connect(options);
  };
}

/** mqtt-packet would make a buffer of each number up to 65,535 at the first packet: 8 MB and 30 ms, for ever. */
function keepNoNumbers(): void {
  try {
    const ofMqtt = createRequire(createRequire(import.meta.url).resolve('mqtt')); // the copy that mqtt.js itself uses
    const { writeToStream } = ofMqtt('mqtt-packet') as { readonly writeToStream: { cacheNumbers: boolean } };
    writeToStream.cacheNumbers = false;
  } catch {
    // laid out otherwise than we know: it works as well with its buffers
  }
}
