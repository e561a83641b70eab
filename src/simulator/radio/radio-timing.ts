import type { Random } from '../random.ts';

/** How long things take, ms at time factor 1: formulas where there are, else the spread of published captures. */
export class RadioTiming {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** From a simple command to its OK. */
  command(): number {
    return this.#random.between(3, 12);
  }

  /** SKLL64 to its address line. */
  address(): number {
    return this.#random.between(90, 110);
  }

  /** SKRESET to OK. */
  reset(): number {
    return this.#random.between(580, 620);
  }

  /** SKSENDTO to EVENT 21 and OK. */
  send(): number {
    return this.#random.between(100, 350);
  }

  /** EVENT 21 with 02 to the data's own EVENT 21. */
  resolve(): number {
    return this.#random.between(100, 300);
  }

  /** EVENT 21 to the meter's ERXUDP. */
  reply(properties: number): number {
    return Math.max(1, properties) * this.#random.between(200, 600);
  }

  /** One step of the PANA exchange; five of them and their echoes make a join of 3.3 s. */
  joinStep(): number {
    return this.#random.between(590, 720);
  }

  /** 0053 to its response: a beacon request, an association. */
  connect(): number {
    return this.#random.between(700, 1500);
  }

  /** SKTERM to EVENT 27. */
  terminate(): number {
    return this.#random.between(200, 400);
  }
}

/** EVENT 25 to the meter's instance list. */
export const INSTANCE_LIST_MS = 3000;
/** PANA gives up on a silent meter after its retries, then EVENT 24. */
export const JOIN_GIVE_UP_MS = 38_000;
/** The pauses between those retries. */
export const JOIN_RETRIES_MS = [2000, 4000, 8000, 8000, 8000, 8000];
/** After power-on a module is deaf this long. */
export const BOOT_MS = 1000;
/** The module renews its session when this much of the lifetime is gone. */
export const RENEW_AT = 0.8;

/** Transmit time of one datagram, ms: 100 kbit/s and some 60 bytes of headers. */
export const airtimeMs = (bytes: number): number => ((bytes + 60) * 8) / 100;
