import { describe, expect, test } from 'vitest';
import {
  ALL_CHANNELS_MASK,
  channelsOfMask,
  FIRST_CHANNEL,
  LAST_CHANNEL,
  maskOfChannel,
  ODD_CHANNELS_MASK,
} from '../../../src/model/scan-plan.ts';
import { scanDwellMs, scanTimeMs } from '../../../src/skstack/commands.ts';
import { hex } from '../../../src/kernel/bytes.ts';

describe('channel masks', () => {
  test('FFFFFFFF is the 28 channels 21h to 3Ch', () => {
    const channels = channelsOfMask(ALL_CHANNELS_MASK);
    expect(channels).toHaveLength(28);
    expect([channels[0], channels.at(-1)]).toEqual([FIRST_CHANNEL, LAST_CHANNEL]);
    expect([FIRST_CHANNEL, LAST_CHANNEL]).toEqual([0x21, 0x3c]);
  });

  test('05555555 is the fourteen odd ones, with every channel a meter was reported on', () => {
    const channels = channelsOfMask(ODD_CHANNELS_MASK);
    expect(channels).toEqual(Array.from({ length: 14 }, (_, index) => 33 + 2 * index));
    expect(channels).toEqual(expect.arrayContaining([0x21, 0x27, 0x2f, 0x31, 0x33, 0x39, 0x3b]));
  });

  test.each(channelsOfMask(ALL_CHANNELS_MASK))('channel %i has one bit, and that bit means it', (channel) => {
    expect(channelsOfMask(maskOfChannel(channel))).toEqual([channel]);
  });

  test('bit 0 is channel 33, bit 27 is channel 60', () => {
    expect([maskOfChannel(33), maskOfChannel(60)].map((mask) => hex(mask, 8))).toEqual(['00000001', '08000000']);
  });

  test('no bit is no channel, and the bits above 27 are none', () => {
    expect([channelsOfMask(0), channelsOfMask(0xf0000000)]).toEqual([[], []]);
  });
});

describe('scan time', () => {
  // Duration and the whole scan's formula value, which captures confirm: D 4 in 5.3 s, D 5 in 10.2 s, D 6 in 18.0 s.
  test.each([
    [3, 2.4],
    [4, 4.6],
    [5, 8.9],
    [6, 17.5],
    [7, 34.7],
    [8, 69.1],
  ])('duration %i takes %d s on all channels', (duration, seconds) => {
    expect(scanTimeMs(ALL_CHANNELS_MASK, duration) / 1000).toBeCloseTo(seconds, 1);
  });

  test('half the channels take half the time, one channel its dwell', () => {
    expect(scanTimeMs(ODD_CHANNELS_MASK, 6)).toBeCloseTo(scanTimeMs(ALL_CHANNELS_MASK, 6) / 2);
    expect(scanTimeMs(maskOfChannel(0x3b), 6)).toBe(scanDwellMs(6));
    expect(scanDwellMs(0)).toBeCloseTo(19.2);
  });
});
