/**
 * One line a request in `requests.log`, put together by hand and written in batches: a log call per
 * request was a peer's ceiling (Kuadrant mcp-gateway #797). A full or slow disk drops lines and counts
 * them; it never blocks a request.
 */
import { wallMs } from '../kernel/clock.js';
import { printableJson } from '../kernel/visible-text.js';
import { LineFile } from './line-file.js';
import type { RequestRecord } from './request-record.js';

export interface RequestLog {
  write(record: RequestRecord): void;
  /** Lines lost since the start, to a full disk or a queue past its bound. */
  dropped(): number;
  /** After a rotation: further lines go to a new file of the same name. */
  reopen(): void;
  flush(): void;
}

const MAX_FIELD_CHARS = 1024;

/** Throws the system's error when the file cannot be opened. */
export function openRequestLog(file: string): RequestLog {
  const lines = new LineFile(file);
  return {
    write: (record) => {
      lines.write(requestLine(record));
    },
    dropped: () => lines.dropped(),
    reopen: () => {
      lines.reopen();
    },
    flush: () => {
      lines.flushSync();
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
  const nowMs = wallMs();
  if (nowMs !== stampedAtMs) {
    stampedAtMs = nowMs;
    stamp = new Date(nowMs).toISOString();
  }
  return stamp;
}

const HUNDREDTHS = Array.from({ length: 100 }, (_, n) => `.${String(n).padStart(2, '0')}`);

/** Two decimals from two integers: printing a fraction costs four times as much (measured). */
function hundredths(ms: number): string {
  const total = Math.round(ms * 100);
  const whole = Math.floor(total / 100);
  return `${whole}${HUNDREDTHS[total - whole * 100] ?? ''}`;
}

const PLAIN = /^[\w./: -]*$/;

function text(value: string | null): string {
  if (value === null) return 'null';
  const short = value.length > MAX_FIELD_CHARS ? value.slice(0, MAX_FIELD_CHARS) : value;
  return PLAIN.test(short) ? `"${short}"` : printableJson(JSON.stringify(short));
}
