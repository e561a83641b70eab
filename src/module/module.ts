import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { ScanRequest } from '../model/scan-plan.ts';
import type { Pan } from '../model/pan.ts';
import type { ModuleInfo } from '../model/status.ts';
import type { AirtimeLimit, AirtimeRecord } from './airtime-limit.ts';

/** One UDP payload on the ECHONET Lite port, from the joined meter, encrypted. */
export interface Datagram {
  readonly payload: Uint8Array;
  /** Wall clock ms and monotonic ms when its last byte was read. */
  readonly atMs: number;
  readonly monotonicMs: number;
  /** Link quality 0–255 and received power, dBm, where the module tells them with each datagram. */
  readonly lqi?: number;
  readonly rssiDbm?: number;
}

/** Why sending is held back although the session stands. */
export type Hold =
  /** The hourly airtime is used up (ARIB STD-T108): EVENT 32, lifted by 33; J11 only says so to each send. */
  | 'airtime'
  /** The module authenticates again: at 80 % of the lifetime (EVENT 29), or (J11) when what came could not be decrypted. */
  | 'reauthentication';

/** A radio module, whatever it speaks: SE and DSE are two dialects of one implementation, J11 is another. */
export interface WiSunModule extends AsyncDisposable {
  readonly info: ModuleInfo;
  /** The radio's, whatever session there is: to be looked at before each scan and join. */
  readonly airtime: AirtimeLimit;
  /** A session the module may still hold from an earlier run, unproved: the first answer proves it. Undefined when there can be none. */
  attach(pan: Pan): Promise<Session | undefined>;
  /** Back to the initial values, session included; never touches flash. */
  reset(signal: AbortSignal): Promise<void>;
  /** One active scan. @returns the PANs that may be our meter's, best first; empty when nothing answered. */
  scan(request: ScanRequest, signal: AbortSignal): Promise<readonly Pan[]>;
  /** Authenticates with the meter. @throws BridgeError JOIN_REFUSED, JOIN_TIMEOUT */
  join(pan: Pan, signal: AbortSignal): Promise<Session>;
  /** Ends a session in order, if there is one, within a short bound. Never throws for "there is none". */
  terminate(signal: AbortSignal): Promise<void>;
}

/** A PANA session with the meter. Disposing lets go of it without ending it on the radio: a warm session is worth keeping. */
export interface Session extends Disposable {
  readonly pan: Pan;
  /** Resolves when nothing holds sending back. @throws BridgeError SESSION_LOST */
  ready(signal: AbortSignal): Promise<void>;
  /** Resolves once the radio handed the payload over. @throws BridgeError SEND_FAILED, SESSION_LOST */
  send(payload: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The next datagram. @throws BridgeError SESSION_LOST, or the signal's reason. */
  receive(signal: AbortSignal): Promise<Datagram>;
  /** Reports holds as they come and go. Ends only by throwing: SESSION_LOST, PORT_LOST, or the signal's reason. */
  watch(onHold: (hold: Hold | undefined) => void, signal: AbortSignal): Promise<void>;
}

/** What a module needs to know to scan and join. */
export interface Credentials {
  /** 32 characters 0–9 A–F. */
  readonly routeBId: string;
  /** 12 characters 0–9 A–Z. */
  readonly routeBPassword: string;
}

export interface ModuleDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** What was known of the airtime limit before the port was opened; a command that runs once knows nothing. */
  readonly airtime?: AirtimeRecord;
}
