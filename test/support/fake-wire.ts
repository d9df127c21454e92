/** A connection without a socket: records what would be sent, takes as much as a test allows. */
import type { ReplyHead } from '../../src/http/reply-head.js';
import type { Wire, WireEvents } from '../../src/http/wire.js';

/** More than tests compare: five graphemes alone may be thirty. */
const MAX_SHOWN_CHARS = 1000;

export class FakeWire implements Wire {
  /** In order: `head`, `text` of each push or body, `end`; batches in brackets. */
  readonly log: string[] = [];
  readonly heads: ReplyHead[] = [];
  readonly pieceBytes: number[] = [];
  events: WireEvents | undefined;
  isLast = false;
  isDestroyed = false;
  isBehindAnother = false;
  waits = 0;
  /** Pushes that succeed before the connection buffers; then each answers false. */
  room = Number.POSITIVE_INFINITY;
  /** Whether whole replies and ends count as handed over at once. */
  sendsAtOnce = true;

  attach(events: WireEvents, isLast: boolean): void {
    this.events = events;
    this.isLast = isLast;
  }

  begin(_hasBody: boolean, handler: () => void): void {
    handler();
  }

  send(head: ReplyHead, body: string | Uint8Array | undefined): boolean {
    this.heads.push(head);
    this.log.push(`reply ${head.status} ${head.connection} ${text(body)}`);
    return this.sendsAtOnce;
  }

  batch(work: () => void): void {
    this.log.push('[');
    work();
    this.log.push(']');
  }

  beginStream(head: ReplyHead): void {
    this.heads.push(head);
    this.log.push('head');
  }

  push(bytes: Uint8Array | string): boolean {
    this.pieceBytes.push(Buffer.byteLength(bytes));
    this.log.push(text(bytes));
    this.room -= 1;
    return this.room >= 0;
  }

  endStream(): boolean {
    this.log.push('end');
    return this.sendsAtOnce;
  }

  keepWaiting(): void {
    this.waits += 1;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.events?.wasAborted();
  }

  /** The log as one line, then empty. */
  take(): string {
    return this.log.splice(0).join(' ');
  }
}

function text(bytes: Uint8Array | string | undefined): string {
  return bytes === undefined ? '-' : Buffer.from(bytes).toString().slice(0, MAX_SHOWN_CHARS);
}

/** After every microtask that is due now. */
export function microtasks(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

/** After everything that is due now, and every setImmediate and timer of no time which that asked for. */
export async function nextTurn(): Promise<void> {
  await microtasks();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
