/**
 * A server's answer breaks off in the middle. Whatever the client has got of it by then, it must not take it for
 * a whole answer: it gets an error in the answer's place, or a connection that ends in the middle too.
 */
import t, { type Test } from 'tap';
import { startFakeUpstream, type Behaviour } from '../support/fake-upstream.js';
import { modernCall } from '../support/json-rpc.js';
import { RawClient } from '../support/raw-client.js';
import { rawMessage } from '../support/raw-http.js';
import { startGateway, type Gateway } from '../support/start-gateway.js';
import { uwsSkip } from '../support/uws-skip.js';

t.setTimeout(240_000);

type Broken = Extract<Behaviour, { kind: 'broken' }>;

const SHORT_BYTES = 20_000;
const LONG_BYTES = 1_000_000;
const WAIT_MS = 30_000;

const rows: Broken[] = (['json', 'sse'] as const).flatMap((as) =>
  (['chunked', 'length', 'until-close'] as const).flatMap((framing) =>
    [SHORT_BYTES, LONG_BYTES].map((bytes) => ({ kind: 'broken', bytes, framing, as }) as const),
  ),
);

/** `refused`, `error event`, or `cut off`; anything else passes for a whole answer. */
async function judgement(client: RawClient): Promise<string> {
  const reply = await client.reply({ waitMs: WAIT_MS }).catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith('closed without')) return null;
    throw error;
  });
  if (reply === null) return 'cut off';
  if (reply.status === 502 && reply.body.includes('"id":7')) return 'refused';
  const lastEvent = /\ndata: (\{[^\n]*\})\n\n$/.exec(reply.body)?.[1];
  if (lastEvent === undefined) return 'passes for whole';
  const message = JSON.parse(lastEvent) as { id?: unknown; error?: unknown };
  return message.id === 7 && message.error !== undefined ? 'error event' : 'passes for whole';
}

async function launch(t: Test, front: 'uws' | 'node', url: string): Promise<Gateway> {
  const gateway = await startGateway({
    config: {
      global: { workers: 1, front },
      servers: {
        http: { url },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  return gateway;
}

for (const front of ['uws', 'node'] as const) {
  t.test(
    `${front}: no half of an answer passes for a whole one`,
    { skip: front === 'uws' && uwsSkip },
    async (t) => {
      const upstream = await startFakeUpstream();
      t.teardown(() => upstream.close());
      const gateway = await launch(t, front, upstream.url);
      const key = await gateway.makeKey('ana');
      for (const row of rows) {
        upstream.onCall(() => row);
        const client = await RawClient.connect(gateway.port);
        t.teardown(() => {
          client.destroy();
        });
        client.send(rawMessage('http', key, modernCall(7, 'echo', {})));
        // What is short is still in our hands when it breaks; of what is long the beginning has gone.
        const expected =
          row.bytes === LONG_BYTES ? 'cut off' : row.as === 'json' ? 'refused' : 'error event';
        const name = `${row.framing} ${row.as} of ${row.bytes} bytes`;
        t.equal(await judgement(client), expected, name);
      }
      t.equal((await fetch(`${gateway.url}/livez`)).status, 200, 'the gateway goes on');
    },
  );
}
