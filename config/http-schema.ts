/** The `http` group: what clients may send, and how long their streams live. */
import { z } from 'zod';
import { bytes, count, milliseconds } from './value-kinds.js';

export const httpGroup = z.strictObject({
  maxHeaderBytes: bytes(4096, 65_536).default(16_384).describe('Largest request head; else 431.'),
  maxBodyBytes: bytes(1024, 67_108_864)
    .default(1_048_576)
    .describe('Largest request body; else 413.'),
  bodyTimeout: milliseconds(100)
    .default(20_000)
    .describe('Longest time a body may take; else 408.'),
  chunkedRequests: z
    .boolean()
    .default(true)
    .describe('Read bodies that come without Content-Length; if false they get 411.'),
  maxConnections: count(1, 10_000_000)
    .optional()
    .describe('Open sockets of one worker; half of its file descriptor limit if absent.'),
  maxJsonDepth: count(4, 512).default(64).describe('Deepest nesting of a body.'),
  maxJsonTokens: count(100, 10_000_000)
    .default(100_000)
    .describe('Most values and punctuation marks in a body.'),
  sseHeartbeat: milliseconds(100)
    .default(15_000)
    .describe('A comment goes down every event stream this often, so that proxies keep it open.'),
  streamStallTimeout: milliseconds(100)
    .default(30_000)
    .describe('A client that reads nothing for this long is disconnected.'),
  streamBufferBytes: bytes(16_384, 67_108_864)
    .default(1_048_576)
    .describe('Most bytes waiting for one slow reader.'),
  maxStreamsPerUser: count(1, 1_000_000)
    .default(20)
    .describe('Open listening streams of any one user.'),
  maxStreams: count(1, 10_000_000)
    .default(10_000)
    .describe('Open listening streams in the whole gateway.'),
  drainTimeout: milliseconds(0)
    .default(30_000)
    .describe('At a stop, how long calls in flight may still take.'),
});
