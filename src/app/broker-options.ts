import type { MqttConfig } from '../config/schema.ts';
import type { BrokerOptions } from '../broker/connection-attempt.ts';

/** The broker of the configuration, as the sinks want to know it. */
export const brokerOptions = ({ url, username, password, tls }: MqttConfig): BrokerOptions => ({
  url,
  username,
  password,
  tls: { caFile: tls.ca_file, certFile: tls.cert_file, keyFile: tls.key_file, insecure: tls.insecure },
});
