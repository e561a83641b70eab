import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { HourRow } from '../../src/home-assistant/hour-rows.ts';

type Json = Readonly<Record<string, unknown>>;

/** What it answers a command in place of the usual: an error, silence, a hang-up, or text that is none of its own. */
export type HaReply =
  | 'hang'
  | 'hang up'
  | { readonly raw: string }
  | { readonly error: { readonly code: string; readonly message: string } };

export interface FakeStatistic {
  unit: string;
  readonly hours: Map<number, { state: number; sum: number }>;
}

export const HA_TOKEN = 'eyJhbGciOiJIUzI1NiJ9.fake';

/** Home Assistant's WebSocket interface as far as we use it, on a real port, with a recorder that keeps hour rows. */
export class FakeHomeAssistant implements AsyncDisposable {
  readonly asked: Json[] = [];
  /** What it was sent to log in with. */
  readonly tokens: unknown[] = [];
  /** By the name of a command: what comes instead of its answer, every time. */
  readonly replies = new Map<string, HaReply>();
  readonly statistics = new Map<string, FakeStatistic>();
  registry: Json[] = [];
  version = '2026.11.0';
  token = HA_TOKEN;
  state = 'RUNNING';
  /** Questions about hours that do not show yet what was written: the recorder works in its own time. */
  slowReads = 0;
  connections = 0;
  /** Of them, those that are still there. */
  open = 0;
  #port = 0;
  #server: Server | undefined;
  #pending: (() => void)[] = [];

  static async start(): Promise<FakeHomeAssistant> {
    const ha = new FakeHomeAssistant();
    await ha.up();
    return ha;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Names of the commands, in order. */
  get commands(): string[] {
    return this.asked.map(({ type }) => String(type));
  }

  /** An energy sensor of ours with these rows. */
  sensor(uniqueId: string, entityId: string, rows: readonly HourRow[], unit = 'kWh'): FakeStatistic {
    this.registry.push({ platform: 'mqtt', unique_id: uniqueId, entity_id: entityId });
    const statistic = { unit, hours: new Map(rows.map(({ startMs, state, sum }) => [startMs, { state, sum }])) };
    this.statistics.set(entityId, statistic);
    return statistic;
  }

  rows(entityId: string): HourRow[] {
    const hours = this.statistics.get(entityId)?.hours ?? new Map<number, { state: number; sum: number }>();
    return [...hours].map(([startMs, row]) => ({ startMs, ...row })).sort((a, b) => a.startMs - b.startMs);
  }

  async up(): Promise<void> {
    const server = createServer((_, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ server, path: '/api/websocket' });
    sockets.on('connection', (socket) => {
      this.connections++;
      this.open++;
      socket.on('close', () => this.open--);
      socket.send(JSON.stringify({ type: 'auth_required', ha_version: this.version }));
      socket.on('message', (data) => this.#hear(socket, JSON.parse((data as Buffer).toString()) as Json));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  #hear(socket: WebSocket, message: Json): void {
    const send = (answer: Json): void => socket.send(JSON.stringify(answer));
    const { type, id } = message;
    if (type === 'auth') {
      this.tokens.push(message['access_token']);
      const isGood = message['access_token'] === this.token;
      send({ type: isGood ? 'auth_ok' : 'auth_invalid', ha_version: this.version, message: 'Invalid access token' });
      if (!isGood) socket.close();
      return;
    }
    this.asked.push(message);
    const reply = this.replies.get(String(type));
    if (reply === 'hang') return;
    if (reply === 'hang up') return socket.terminate();
    if (reply && 'raw' in reply) return socket.send(reply.raw);
    const answer = reply ?? this.#answer(message);
    send({ id, type: 'result', success: !('error' in answer), ...answer });
  }

  #answer(message: Json): Json {
    switch (message['type']) {
      case 'get_config':
        return { result: { version: this.version, state: this.state } };
      case 'config/entity_registry/list':
        return { result: this.registry };
      case 'recorder/list_statistic_ids':
        return {
          result: [...this.statistics].map(([statistic_id, { unit }]) => ({
            statistic_id,
            source: 'recorder',
            has_sum: true,
            statistics_unit_of_measurement: unit,
          })),
        };
      case 'recorder/statistics_during_period':
        return this.#period(message);
      case 'recorder/import_statistics':
        return this.#import(message);
      case 'recorder/clear_statistics':
        return this.#clear(message);
      default:
        return { error: { code: 'unknown_command', message: 'Unknown command.' } };
    }
  }

  #period({ statistic_ids, start_time, end_time }: Json): Json {
    if (this.slowReads > 0) this.slowReads--;
    else for (const work of this.#pending.splice(0)) work();
    const [id = ''] = statistic_ids as string[];
    const [from, to] = [Date.parse(String(start_time)), Date.parse(String(end_time))];
    const rows = this.rows(id).filter(({ startMs }) => startMs >= from && startMs < to);
    return {
      result: {
        [id]: rows.map(({ startMs, state, sum }) => ({ start: startMs, end: startMs + 3_600_000, state, sum })),
      },
    };
  }

  #import(message: Json): Json {
    const metadata = message['metadata'] as Json;
    const stats = message['stats'] as readonly { start: string; state: number; sum: number }[];
    const statistic = this.statistics.get(String(metadata['statistic_id']));
    const [year = 0, month = 0] = this.version.split('.').map(Number);
    const isNew = year * 12 + month >= 2025 * 12 + 11;
    if (isNew !== 'mean_type' in metadata)
      return { error: { code: 'invalid_format', message: 'extra or missing keys' } };
    if (stats.some(({ start }) => !/T\d\d:00:00[+Z]/.test(start)))
      return { error: { code: 'home_assistant_error', message: 'Invalid timestamp' } };
    this.#pending.push(() => {
      if (!statistic) return;
      statistic.unit = String(metadata['unit_of_measurement']);
      for (const { start, state, sum } of stats) statistic.hours.set(Date.parse(start), { state, sum });
    });
    return { result: null };
  }

  #clear({ statistic_ids, start_time, end_time }: Json): Json {
    const [from, to] = [Date.parse(String(start_time)), Date.parse(String(end_time))];
    for (const id of statistic_ids as string[])
      for (const startMs of this.statistics.get(id)?.hours.keys() ?? [])
        if (startMs > from - 3_600_000 && startMs < to) this.statistics.get(id)?.hours.delete(startMs);
    return { result: null };
  }
}
