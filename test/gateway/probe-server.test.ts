import t from 'tap';
import { probeServer } from '../../src/gateway/probe-server.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { FakeTransport } from '../support/fake-transport.js';

t.test('whatever is no 5xx is a sign of life', async (t) => {
  for (const [status, isAlive] of [
    [200, true],
    [400, true],
    [404, true],
    [500, false],
    [503, false],
  ] as const) {
    const transport = new FakeTransport();
    const probed = probeServer(transport);
    const call = await transport.call();
    t.match(JSON.parse(Buffer.from(call.request.body ?? '').toString()), {
      method: 'server/discover',
    });
    call.answer({}, status);
    t.equal(await probed, isAlive, String(status));
  }
});

t.test('a server that cannot be reached is not well', async (t) => {
  const transport = new FakeTransport();
  const probed = probeServer(transport);
  (await transport.call()).handler.onError(new GatewayError('GW_UPSTREAM_UNREACHABLE'));
  t.equal(await probed, false);
  const broken = {
    dispatch: () => {
      throw new Error('no such host');
    },
    close: () => Promise.resolve(),
  };
  t.equal(await probeServer(broken), false);
});

t.test('a server that answers as events and keeps the stream open is alive', async (t) => {
  const transport = new FakeTransport();
  const probed = probeServer(transport);
  const call = await transport.call();
  call.beginEvents();
  call.event({ jsonrpc: '2.0', id: 'probe', result: { supportedVersions: ['2026-07-28'] } });
  t.equal(await probed, true);
});
