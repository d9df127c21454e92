import t from 'tap';
import { createHostLink } from '../../src/upstream/host-link.js';
import type { HostExchange } from '../../src/host/host-exchange.js';
import { hostPair, startedServer } from '../support/host-pair.js';
import { recordingHandler, upstreamRequest } from '../support/recording-handler.js';
import { socketPath } from '../support/socket-path.js';

const echo = ({ request, reply }: HostExchange): void => {
  reply.head(200, ['content-type', 'application/json', 'x-user', request.user]);
  reply.write(request.body ?? Buffer.alloc(0));
  reply.end();
};
const silent = (): void => undefined;

t.test('a request reaches its server whole and the reply comes back in order', async (t) => {
  const seen: HostExchange['request'][] = [];
  const { link } = await hostPair(t, {
    files: (exchange) => {
      seen.push(exchange.request);
      echo(exchange);
    },
  });
  const handler = recordingHandler();
  link.transport('files').dispatch(upstreamRequest({ user: 'bob' }), handler);
  t.equal(await handler.ended, null);
  t.strictSame(handler.events, ['head', 'data', 'end']);
  t.equal(handler.status, 200);
  t.strictSame(handler.headers, ['content-type', 'application/json', 'x-user', 'bob']);
  t.equal(handler.body(), '{"jsonrpc":"2.0","id":1,"method":"ping"}');
  t.match(seen, [{ method: 'POST', user: 'bob', headers: ['content-type', 'application/json'] }]);
  t.equal(link.inFlight, 0);
});

t.test('replies of many exchanges never mix, in whatever order they come', async (t) => {
  const parked: HostExchange[] = [];
  const count = 500;
  const { link } = await hostPair(t, {
    srv: (exchange) => {
      parked.push(exchange);
      if (parked.length < count) return;
      for (const each of parked.reverse()) echo(each);
    },
  });
  const transport = link.transport('srv');
  const handlers = Array.from({ length: count }, (_, index) => {
    const handler = recordingHandler();
    transport.dispatch(upstreamRequest({ body: Buffer.from(`"call ${index}"`) }), handler);
    return handler;
  });
  await Promise.all(handlers.map((handler) => handler.ended));
  t.strictSame(
    handlers.map((handler) => handler.body()),
    handlers.map((_, index) => `"call ${index}"`),
  );
});

t.test('a request without a body arrives without one', async (t) => {
  let body: Uint8Array | null | undefined;
  const { link } = await hostPair(t, {
    srv: (exchange) => {
      ({ body } = exchange.request);
      echo(exchange);
    },
  });
  const handler = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest({ method: 'DELETE', body: null }), handler);
  await handler.ended;
  t.equal(body, null);
});

t.test('a head that does not come in time is a timeout, and the host is told', async (t) => {
  let aborted: () => void = () => undefined;
  const wasAborted = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const { link } = await hostPair(t, {
    srv: (exchange) => {
      exchange.onAbort(aborted);
    },
  });
  const handler = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest({ headTimeoutMs: 60 }), handler);
  const error = await handler.ended;
  t.equal(error?.code, 'GW_UPSTREAM_TIMEOUT');
  t.equal(error?.options.log?.['sent'], true);
  await wasAborted;
  t.equal(link.inFlight, 0);
});

t.test('silence inside a body is a timeout, but not while the client holds the body', async (t) => {
  const exchanges: HostExchange[] = [];
  const { link } = await hostPair(t, {
    srv: (exchange) => {
      exchanges.push(exchange);
      exchange.reply.head(200, []);
      exchange.reply.write(Buffer.from('data'));
    },
  });
  const transport = link.transport('srv');
  const request = upstreamRequest({ idleTimeoutMs: 60 });
  const paused = recordingHandler();
  paused.wantsMore = false;
  const exchange = transport.dispatch(request, paused);
  const reading = recordingHandler();
  transport.dispatch(request, reading);
  t.equal((await reading.ended)?.code, 'GW_UPSTREAM_TIMEOUT');
  t.strictSame(paused.events, ['head', 'data'], 'the paused one lives on');
  exchange.resume();
  t.equal((await paused.ended)?.code, 'GW_UPSTREAM_TIMEOUT');
});

t.test('a paused handler gets nothing more until it resumes, and then all of it', async (t) => {
  const { link } = await hostPair(t, {
    srv: ({ reply }) => {
      reply.head(200, []);
      for (let i = 0; i < 50; i += 1) reply.write(Buffer.alloc(1000, 0x61));
      reply.end();
    },
  });
  const handler = recordingHandler();
  handler.wantsMore = false;
  const probe = recordingHandler();
  const transport = link.transport('srv');
  const exchange = transport.dispatch(upstreamRequest(), handler);
  transport.dispatch(upstreamRequest(), probe);
  // The probe was asked later, so all of the paused reply has arrived when the probe's ends.
  await probe.ended;
  t.equal(handler.bytes, 1000);
  exchange.resume();
  t.equal(handler.bytes, 2000, 'one chunk a resume while the handler wants no more');
  handler.wantsMore = true;
  exchange.resume();
  t.equal(await handler.ended, null);
  t.equal(handler.bytes, 50_000);
});

t.test('a reply larger than the credit window arrives whole', async (t) => {
  const size = 5 * 1024 * 1024;
  const { link } = await hostPair(t, {
    srv: ({ reply }) => {
      reply.head(200, []);
      reply.write(Buffer.alloc(size, 0x62));
      reply.end();
    },
  });
  const handler = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), handler);
  t.equal(await handler.ended, null);
  t.equal(handler.bytes, size);
});

t.test(
  'a reader that pauses at every piece gets a reply larger than the credit window',
  async (t) => {
    const size = 5 * 1024 * 1024;
    const { link } = await hostPair(
      t,
      {
        srv: ({ reply }) => {
          reply.head(200, []);
          reply.write(Buffer.alloc(size, 0x62));
          reply.end();
        },
      },
      { streamBufferBytes: size },
    );
    const handler = recordingHandler();
    handler.wantsMore = false;
    const onData = handler.onData.bind(handler);
    handler.onData = (chunk) => {
      // As a front does: the bytes leave within the turn, and then it takes more.
      setImmediate(() => {
        exchange.resume();
      });
      return onData(chunk);
    };
    const exchange = link
      .transport('srv')
      .dispatch(upstreamRequest({ idleTimeoutMs: 2000 }), handler);
    t.equal(await handler.ended, null);
    t.equal(handler.bytes, size);
  },
);

t.test('a reader that stopped does not stop the others', async (t) => {
  const { link } = await hostPair(
    t,
    {
      large: ({ reply }) => {
        reply.head(200, []);
        reply.write(Buffer.alloc(8 * 1024 * 1024));
        reply.end();
      },
      small: echo,
    },
    { streamBufferBytes: 1024 * 1024 },
  );
  const stuck = recordingHandler();
  stuck.wantsMore = false;
  const exchange = link.transport('large').dispatch(upstreamRequest(), stuck);
  await stuck.headed;
  for (let turn = 0; turn < 20; turn += 1) {
    const handler = recordingHandler();
    link.transport('small').dispatch(upstreamRequest(), handler);
    t.equal(await handler.ended, null);
  }
  t.ok(stuck.bytes <= 64 * 1024);
  exchange.abort();
});

t.test('an aborted exchange hears nothing more, and the host stops', async (t) => {
  let aborts = 0;
  let reply: HostExchange['reply'] | undefined;
  const { link } = await hostPair(t, {
    srv: (exchange) => {
      ({ reply } = exchange);
      exchange.onAbort(() => {
        aborts += 1;
      });
      exchange.reply.head(200, []);
    },
    other: echo,
  });
  const handler = recordingHandler();
  const exchange = link.transport('srv').dispatch(upstreamRequest(), handler);
  await handler.headed;
  exchange.abort();
  exchange.abort();
  const probe = recordingHandler();
  link.transport('other').dispatch(upstreamRequest(), probe);
  await probe.ended;
  t.equal(aborts, 1);
  reply?.write(Buffer.from('late'));
  reply?.end();
  t.strictSame(handler.events, ['head']);
  t.equal(link.inFlight, 0);
});

t.test('a handler may abort from inside its own callback', async (t) => {
  const { link } = await hostPair(t, {
    srv: ({ reply }) => {
      reply.head(200, []);
      reply.write(Buffer.from('a'));
      reply.write(Buffer.from('b'));
      reply.end();
    },
  });
  const events: string[] = [];
  await new Promise<void>((resolve) => {
    const exchange = link.transport('srv').dispatch(upstreamRequest(), {
      onHead: () => events.push('head'),
      onData: () => {
        events.push('data');
        exchange.abort();
        setImmediate(resolve);
        return true;
      },
      onEnd: () => events.push('end'),
      onError: () => events.push('error'),
    });
  });
  t.strictSame(events, ['head', 'data']);
});

t.test('when the host goes, what was sent fails as unknown and the link comes back', async (t) => {
  const { link, path, server } = await hostPair(t, { srv: silent });
  const handler = recordingHandler();
  const second = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), handler);
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  await server.close();
  const error = await handler.ended;
  t.ok(error?.code === 'GW_DRAINING' || error?.code === 'GW_UPSTREAM_UNREACHABLE');
  link.transport('srv').dispatch(upstreamRequest(), second);
  const replacement = startedServer(path, { srv: echo });
  t.teardown(() => replacement.close());
  await replacement.listen();
  t.equal(await second.ended, null, 'a request that came in between waited');
});

t.test('a host that dies without a word fails what is in flight, once, as sent', async (t) => {
  const { createServer } = await import('node:net');
  const path = socketPath(t);
  const server = createServer((socket) => {
    socket.once('data', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  const link = createHostLink({ socketPath: path });
  t.teardown(() => link.close());
  const handler = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), handler);
  const error = await handler.ended;
  t.equal(error?.code, 'GW_UPSTREAM_UNREACHABLE');
  t.equal(error?.options.log?.['sent'], true);
  t.strictSame(handler.events, ['error']);
});

t.test('without a host a request fails after a moment, as not sent', async (t) => {
  const link = createHostLink({ socketPath: socketPath(t), connectWaitMs: 30 });
  t.teardown(() => link.close());
  const handler = recordingHandler();
  link.transport('srv').dispatch(upstreamRequest(), handler);
  const error = await handler.ended;
  t.equal(error?.code, 'GW_UPSTREAM_UNREACHABLE');
  t.equal(error?.options.log?.['sent'], false);
});

t.test('only so many requests wait for a host', async (t) => {
  const link = createHostLink({ socketPath: socketPath(t), connectWaitMs: 5000, maxWaiting: 2 });
  t.teardown(() => link.close());
  const handlers = [recordingHandler(), recordingHandler(), recordingHandler()];
  for (const handler of handlers) link.transport('srv').dispatch(upstreamRequest(), handler);
  t.equal((await handlers[2]?.ended)?.options.log?.['sent'], false);
  t.equal(link.inFlight, 2);
});

t.test('closing one transport leaves the other servers of the link alone', async (t) => {
  const { link } = await hostPair(t, { a: silent, b: silent });
  const ofA = recordingHandler();
  const ofB = recordingHandler();
  link.transport('a').dispatch(upstreamRequest(), ofA);
  link.transport('b').dispatch(upstreamRequest(), ofB);
  await link.transport('a').close();
  t.equal((await ofA.ended)?.code, 'GW_UPSTREAM_UNREACHABLE');
  t.strictSame(ofB.events, []);
  t.equal(link.inFlight, 1);
});

t.test('a peer that does not speak frames is cut off', async (t) => {
  const { createServer } = await import('node:net');
  const path = socketPath(t);
  const server = createServer((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  const cause = await new Promise<Error | null>((resolve) => {
    const link = createHostLink({
      socketPath: path,
      onStateChange: (isConnected, cause) => {
        if (!isConnected) resolve(cause);
      },
    });
    t.teardown(() => link.close());
  });
  t.match(cause, { code: 'GW_INTERNAL' });
});
