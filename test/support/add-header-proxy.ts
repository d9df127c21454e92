/**
 * A TCP pass-through that adds one header line to every HTTP/1.1 request and touches no other byte,
 * in either direction. The conformance suite cannot send an Authorization header, and a proxy that
 * parsed and rewrote HTTP would hide from the gateway what the suite tests (spaces around values,
 * case, Host).
 */
import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 65_536;

export interface AddHeaderProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Finds the request heads in a byte stream; `headerLine` goes after each request line. */
class HeadEditor {
  readonly #headerLine: Buffer;
  #head: Buffer = Buffer.alloc(0);
  #bodyBytesLeft = 0;

  constructor(headerLine: string) {
    this.#headerLine = Buffer.from(`${headerLine}\r\n`, 'latin1');
  }

  /** The bytes to pass on. Throws on a head it cannot frame. */
  push(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#bodyBytesLeft > 0) {
        const body = rest.subarray(0, this.#bodyBytesLeft);
        this.#bodyBytesLeft -= body.length;
        out.push(body);
        rest = rest.subarray(body.length);
        continue;
      }
      this.#head = Buffer.concat([this.#head, rest]);
      const end = this.#head.indexOf(END_OF_HEAD);
      if (end === -1) {
        if (this.#head.length > MAX_HEAD_BYTES) throw new Error('request head too long');
        break;
      }
      const head = this.#head.subarray(0, end + END_OF_HEAD.length);
      rest = this.#head.subarray(head.length);
      this.#head = Buffer.alloc(0);
      this.#bodyBytesLeft = bodyLength(head.toString('latin1'));
      const afterRequestLine = head.indexOf('\r\n') + 2;
      out.push(head.subarray(0, afterRequestLine), this.#headerLine);
      out.push(head.subarray(afterRequestLine));
    }
    return Buffer.concat(out);
  }
}

function bodyLength(head: string): number {
  if (/^transfer-encoding:/im.test(head)) throw new Error('chunked requests are not passed on');
  return Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
}

/** Listens on any port of 127.0.0.1. */
export async function startAddHeaderProxy(
  targetPort: number,
  header: string,
): Promise<AddHeaderProxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    const editor = new HeadEditor(header);
    const end = (): void => {
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end); // A reset on one side is passed on as one on the other.
      socket.on('close', () => {
        open.delete(socket);
        end();
      });
    }
    client.on('data', (chunk: Buffer) => {
      try {
        if (!target.write(editor.push(chunk))) {
          client.pause();
          target.once('drain', () => client.resume());
        }
      } catch {
        end();
      }
    });
    client.on('end', () => target.end());
    target.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
