/**
 * One line a request in `requests.log`, put together by hand and written in batches: a log call per
 * request was a peer's ceiling (Kuadrant mcp-gateway #797). A full or slow disk drops lines and counts
 * them; it never blocks a request.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { wallDate } from '../kernel/clock.js';
import type { RequestRecord } from './request-record.js';

export interface RequestLog {
  write(record: RequestRecord): void;
  /** Lines lost since the start, to a full disk or a queue past its bound. */
  dropped(): number;
  /** After a rotation: further lines go to a new file of the same name. */
  reopen(): void;
  flush(): void;
}

const BUFFER_BYTES = 8 * 1024;
const FLUSH_PERIOD_MS = 500;
/** Past this much unwritten text a line is dropped. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
const MAX_FIELD_CHARS = 1024;

/** Resolves when the file is open; rejects with the system's error when it cannot be. */
export async function openRequestLog(file: string): Promise<RequestLog> {
  mkdirSync(dirname(file), { recursive: true });
  const destination = pino.destination({
    dest: file,
    append: true,
    sync: false,
    minLength: BUFFER_BYTES,
    maxLength: MAX_QUEUED_BYTES,
    periodicFlush: FLUSH_PERIOD_MS,
  });
  // Until it is open, an exit would throw in the flush.
  await once(destination, 'ready');
  let dropped = 0;
  destination.on('drop', () => {
    dropped += 1;
  });
  destination.on('error', () => {
    dropped += 1;
  });
  return {
    write: (record) => {
      destination.write(requestLine(record));
    },
    dropped: () => dropped,
    reopen: () => {
      destination.reopen();
    },
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // Not opened yet, or the disk is full: there is no later.
      }
    },
  };
}

/** Fixed member order; strings from outside are escaped and cut. */
export function requestLine(record: RequestRecord): string {
  return (
    `{"time":"${timestamp()}","id":"${record.requestId}"` +
    `,"user":${text(record.user)},"server":${text(record.server)}` +
    `,"http":"${record.httpMethod}","method":${text(record.method)},"target":${text(record.target)}` +
    `,"status":${record.status},"reason":"${record.reason}","bytes":${record.bytes}` +
    `,"totalMs":${hundredths(record.totalMs)},"queueMs":${hundredths(record.queueMs)}` +
    `,"upstreamMs":${hundredths(record.upstreamMs)},"client":${text(record.clientAddress)}}\n`
  );
}

let stampedAtMs = 0;
let stamp = '';

/** Many requests share a millisecond; its text is made once. */
function timestamp(): string {
  const now = wallDate();
  const nowMs = now.getTime();
  if (nowMs !== stampedAtMs) {
    stampedAtMs = nowMs;
    stamp = now.toISOString();
  }
  return stamp;
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}

const PLAIN = /^[\w./: -]*$/;

function text(value: string | null): string {
  if (value === null) return 'null';
  const short = value.length > MAX_FIELD_CHARS ? value.slice(0, MAX_FIELD_CHARS) : value;
  return PLAIN.test(short) ? `"${short}"` : JSON.stringify(short);
}
