import { noise } from '../random.ts';

const DEGREE = Math.PI / 180;
/** Tokyo. */
const LATITUDE = 35.7 * DEGREE;
/** A roof that faces south. */
const TILT = 30 * DEGREE;
/** When the sun is highest, by the clock in Japan. */
const SOLAR_NOON_H = 11.7;
/** What panels of some 4.5 kW give where the sun stands straight above them. */
const PEAK_W = 3680;
const DAYS_A_YEAR = 365.2422;
/** Of 1970. */
const SPRING_DAY = 79;

/** Streams of noise, apart from those of the appliances. */
const STREAMS = { weather: 20, cloud: 21, bank: 22 } as const;
const MINUTES = 24 * 60;

/** Where the year stands on this day since 1970, radians: 0 in spring, a quarter turn in June. */
export const yearAngle = (day: number): number => (2 * Math.PI * (day - SPRING_DAY)) / DAYS_A_YEAR;

/** What the panels give under a clear sky, W. @param hour of the day in Japan */
function clearSkyWatts(day: number, hour: number): number {
  const declination = 23.44 * DEGREE * Math.sin(yearAngle(day));
  const turned = (hour - SOLAR_NOON_H) * 15 * DEGREE;
  const towards = (tilt: number): number =>
    Math.sin(LATITUDE - tilt) * Math.sin(declination) +
    Math.cos(LATITUDE - tilt) * Math.cos(declination) * Math.cos(turned);
  const height = towards(0);
  if (height <= 0) return 0;
  const air = 1.353 * 0.7 ** ((1 / (height + 0.02)) ** 0.678);
  return PEAK_W * air * (0.9 * Math.max(0, towards(TILT)) + 0.1 * height);
}

/** From one whole index to the next in a straight line. */
export function smoothNoise(seed: number, stream: number, at: number): number {
  const index = Math.floor(at);
  const before = noise(seed, stream, index);
  return before + (noise(seed, stream, index + 1) - before) * (at - index);
}

/**
 * What the panels give at each minute of this day since 1970 in Japan, W: the season's sun behind clouds that pass in
 * minutes. No day is so dark that nothing is sold.
 */
export function sunOf(seed: number, day: number): Float32Array {
  const cloudy = 0.4 * noise(seed, STREAMS.weather, day);
  const watts = new Float32Array(MINUTES + 1);
  for (let minute = 0; minute <= MINUTES; minute++) {
    const clear = clearSkyWatts(day, minute / 60);
    if (clear === 0) continue;
    const at = day * MINUTES + minute;
    const cover = smoothNoise(seed, STREAMS.cloud, at / 2) * smoothNoise(seed, STREAMS.bank, at / 25);
    const shade = Math.min(1, Math.max(0, cover + cloudy - 0.3) * 2.5);
    watts[minute] = clear * (1 - 0.38 * shade);
  }
  return watts;
}
