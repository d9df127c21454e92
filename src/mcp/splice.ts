/**
 * Replaces values inside a scanned message and leaves every other byte as it came, so that big
 * integers, number spellings and key order survive (the ranges are scan-message.ts's).
 */
import type { ByteRange } from './scan-message.js';

export interface Edit {
  /** As the scanner gave it: counted from the start of the message. */
  readonly range: ByteRange;
  /** Takes its place as JSON; must not be undefined. */
  readonly value: unknown;
}

/** A copy of `bytes` with every edit made; the ranges must not overlap, their order is free. */
export function spliceValues(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const ordered = edits.length > 1 ? edits.toSorted(byStart) : edits;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { range, value } of ordered) {
    pieces.push(bytes.subarray(at, range.start), Buffer.from(JSON.stringify(value)));
    at = range.end;
  }
  pieces.push(bytes.subarray(at));
  return Buffer.concat(pieces);
}

function byStart(a: Edit, b: Edit): number {
  return a.range.start - b.range.start;
}

/**
 * The same JSON on one line. Only white space between tokens can be a raw line break (JSON forbids
 * control characters in strings), so a space in its place changes nothing. Returns `bytes` itself when
 * there is no break.
 */
export function onOneLine(bytes: Buffer): Buffer {
  if (!bytes.includes(LF) && !bytes.includes(CR)) return bytes;
  const copy = Buffer.from(bytes);
  for (let at = 0; at < copy.length; at += 1) {
    if (copy[at] === LF || copy[at] === CR) copy[at] = SPACE;
  }
  return copy;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
