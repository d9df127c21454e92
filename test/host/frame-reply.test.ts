import t from 'tap';
import type { HostExchange } from '../../src/host/host-exchange.js';
import { INITIAL_CREDIT_BYTES } from '../../src/ipc/frames.js';
import { hostPair } from '../support/host-pair.js';
import { recordingHandler, upstreamRequest } from '../support/recording-handler.js';

const STREAM_BUFFER_BYTES = 10_000;

async function opened(t: { teardown(release: () => unknown): void }): Promise<{
  reply: HostExchange['reply'];
  handler: ReturnType<typeof recordingHandler>;
  resume: () => void;
  aborts: () => number;
}> {
  let accept: (exchange: HostExchange) => void = () => undefined;
  const accepted = new Promise<HostExchange>((resolve) => {
    accept = resolve;
  });
  let aborts = 0;
  const { link } = await hostPair(
    t,
    {
      srv: (exchange) => {
        exchange.onAbort(() => {
          aborts += 1;
        });
        accept(exchange);
      },
    },
    { streamBufferBytes: STREAM_BUFFER_BYTES },
  );
  const handler = recordingHandler();
  const exchange = link.transport('srv').dispatch(upstreamRequest(), handler);
  const { reply } = await accepted;
  return {
    reply,
    handler,
    resume: () => {
      exchange.resume();
    },
    aborts: () => aborts,
  };
}

t.test('an end without a head is an error, not an empty reply', async (t) => {
  const { reply, handler } = await opened(t);
  reply.end();
  t.equal((await handler.ended)?.code, 'GW_INTERNAL');
});

t.test(
  'which error the reply told is told with its end, also to a reader that paused',
  async (t) => {
    for (const isPaused of [false, true]) {
      const { reply, handler, resume } = await opened(t);
      handler.wantsMore = !isPaused;
      reply.head(504, []);
      reply.write(Buffer.from('late'));
      reply.end('GW_UPSTREAM_TIMEOUT');
      if (isPaused) {
        await handler.nextData();
        resume();
      }
      t.equal(await handler.ended, null);
      t.equal(handler.told, 'GW_UPSTREAM_TIMEOUT');
      t.equal(handler.body(), 'late');
    }
  },
);

t.test('a second head and anything after the end is ignored', async (t) => {
  const { reply, handler } = await opened(t);
  reply.write(Buffer.from('too early'));
  reply.head(201, []);
  reply.head(500, []);
  reply.write(Buffer.from('x'));
  reply.end();
  reply.end();
  reply.write(Buffer.from('y'));
  t.equal(await handler.ended, null);
  t.equal(handler.status, 201);
  t.equal(handler.body(), 'x');
});

t.test('write says no when the reader gave no more credit, and drain follows', async (t) => {
  const { reply, handler, resume } = await opened(t);
  handler.wantsMore = false;
  reply.head(200, []);
  t.equal(reply.write(Buffer.alloc(INITIAL_CREDIT_BYTES)), true);
  t.equal(reply.write(Buffer.from('more')), false);
  const drained = new Promise<void>((resolve) => {
    reply.onDrain(resolve);
  });
  await handler.nextData();
  handler.wantsMore = true;
  resume();
  await drained;
  reply.end();
  t.equal(await handler.ended, null);
  t.equal(handler.bytes, INITIAL_CREDIT_BYTES + 4);
});

t.test('one message above the bound passes, writing on above it ends the exchange', async (t) => {
  const { reply, handler, aborts } = await opened(t);
  handler.wantsMore = false;
  reply.head(200, []);
  t.equal(reply.write(Buffer.alloc(INITIAL_CREDIT_BYTES)), true);
  t.equal(reply.write(Buffer.alloc(10 * STREAM_BUFFER_BYTES)), false);
  t.equal(aborts(), 0);
  t.equal(reply.write(Buffer.from('x')), false);
  t.equal(aborts(), 1);
  t.strictSame(handler.error, null, 'the reader hears of it once it reads on');
});

t.test('an end waits for what is held back', async (t) => {
  const { reply, handler, resume } = await opened(t);
  handler.wantsMore = false;
  reply.head(200, []);
  reply.write(Buffer.alloc(INITIAL_CREDIT_BYTES + 5000, 0x63));
  reply.end();
  await handler.nextData();
  handler.wantsMore = true;
  resume();
  t.equal(await handler.ended, null);
  t.equal(handler.bytes, INITIAL_CREDIT_BYTES + 5000);
});
