/**
 * What the wire does with a `res` where the real library cannot be steered: a socket that fills up
 * silently. Everything else about it is the front contract, on real sockets.
 */
import t from 'tap';
import type { ReplyHead } from '../../src/http/reply-head.js';
import type { UwsResponse } from '../../src/http/uws-module.js';
import { UwsWire } from '../../src/http/uws-wire.js';
import type { WireEvents } from '../../src/http/wire.js';

/** As the pinned build: with a writable listener, only a later write or cork sends what was kept. */
class FakeResponse implements UwsResponse {
  readonly sent: string[] = [];
  kept: string[] = [];
  hasRoom = true;
  aborts = 0;
  #pendingBytes = 0;
  #listener: ((offset: number) => boolean) | undefined;

  #send(text: string): boolean {
    if (this.hasRoom) this.sent.push(...this.kept.splice(0), text);
    else this.kept.push(text);
    return this.hasRoom;
  }

  writeStatus(status: string): void {
    this.#send(status);
  }

  writeHeader(name: string, value: string | Uint8Array): void {
    this.#send(`${name}: ${value.toString()}`);
  }

  write(chunk: string | Uint8Array): boolean {
    return this.#send(chunk.toString());
  }

  end(body = '', closeConnection = false): void {
    this.#send(`end ${body}${closeConnection ? ' close' : ''}`);
  }

  endWithoutBody(): void {
    this.#send('end');
  }

  tryEnd(rest: string | Uint8Array): [boolean, boolean] {
    if (!this.hasRoom) return [false, false];
    const taken = Math.min(rest.length, 100_000);
    this.#pendingBytes += taken;
    return [taken === rest.length, taken === rest.length];
  }

  getWriteOffset(): number {
    return this.#pendingBytes;
  }

  close(): void {
    this.aborts += 1;
  }

  cork(work: () => void): void {
    work();
    if (this.hasRoom) this.sent.push(...this.kept.splice(0));
  }

  onWritable(listener: (offset: number) => boolean): void {
    this.#listener = listener;
  }

  onAborted(): void {
    this.aborts = 0;
  }

  onData(): void {
    this.aborts = 0;
  }

  getRemoteAddress(): ArrayBuffer {
    return new ArrayBuffer(4);
  }

  /** The socket has room again, and says so. */
  makeWritable(): boolean | undefined {
    this.hasRoom = true;
    return this.#listener?.(this.#pendingBytes);
  }
}

const head: ReplyHead = {
  status: 200,
  headers: { flat: [], isAscii: true },
  connection: 'keep-alive',
};

function attached(res: FakeResponse): { wire: UwsWire; log: string[] } {
  const wire = new UwsWire(res, false);
  const log: string[] = [];
  const events: WireEvents = {
    onBody: () => log.push('body'),
    onWritable: () => log.push('writable'),
    hasSent: () => log.push('sent'),
    wasAborted: () => log.push('aborted'),
  };
  wire.attach(events);
  return { wire, log };
}

t.test('what a full socket kept of a stream is sent although nothing follows it', (t) => {
  const res = new FakeResponse();
  const { wire, log } = attached(res);
  wire.batch(() => {
    wire.beginStream(head);
    wire.push('one');
  });
  res.hasRoom = false;
  t.equal(wire.push('two'), false);
  t.same(res.sent, ['one']);
  t.equal(res.makeWritable(), true);
  t.same(res.sent, ['one', 'two']);
  t.same(log, ['writable']);
  t.end();
});

t.test('a large reply is sent as the socket takes it, and reported once it is whole', (t) => {
  const res = new FakeResponse();
  const { wire, log } = attached(res);
  t.equal(wire.send(head, Buffer.alloc(350_000)), false);
  t.equal(res.getWriteOffset(), 100_000);
  res.hasRoom = false;
  wire.keepWaiting();
  t.equal(res.getWriteOffset(), 100_000);
  t.equal(res.makeWritable(), false);
  wire.keepWaiting();
  t.equal(res.getWriteOffset(), 300_000, 'waiting goes on from where it stopped');
  t.equal(res.makeWritable(), true);
  t.same(log, ['writable', 'writable', 'sent']);
  t.end();
});

t.test('the length of an answer to HEAD is a field, so that no body is awaited', (t) => {
  const res = new FakeResponse();
  new UwsWire(res, true).send(head, 'hello');
  t.same(res.sent, ['Content-Length: 5', 'end']);
  t.end();
});
