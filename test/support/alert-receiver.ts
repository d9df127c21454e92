/** An HTTP endpoint that takes alerts, and answers each as the test says. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedAlert {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As parsed. */
  readonly body: { readonly text: string; readonly alert: Readonly<Record<string, unknown>> };
}

export interface AlertReceiver {
  readonly url: string;
  readonly received: ReceivedAlert[];
  /** Status of the answers from now on; `never` leaves them out. Default 200. */
  answer(status: number | 'never'): void;
  close(): Promise<void>;
}

/** `path`: where it takes them, such as a chat program's secret one. */
export async function startAlertReceiver(path = '/hook'): Promise<AlertReceiver> {
  const received: ReceivedAlert[] = [];
  let status: number | 'never' = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ReceivedAlert['body'];
      received.push({ path: request.url ?? '', headers: request.headers, body });
      if (status !== 'never') response.writeHead(status).end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    received,
    answer: (next) => {
      status = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
