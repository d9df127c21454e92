import t from 'tap';
import type { Channel } from '../../src/host/channel.js';
import { LoadingChannel } from '../../src/host/loading-channel.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { RecordingListener } from '../support/stdio-fixtures/stdio-fixture.js';

function loading() {
  let finish: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const calls: string[] = [];
  const target: Channel = {
    send: (message, { user }) => {
      calls.push(`${user}: ${Buffer.from(message).toString()}`);
      return true;
    },
    writable: () => Promise.resolve(),
    cancel: (id) => {
      calls.push(`cancel ${id}`);
    },
    close: () => {
      calls.push('close');
      return Promise.resolve();
    },
  };
  const listener = new RecordingListener();
  let gone = 0;
  let opened = 0;
  let failure: Error | null = null;
  const channel = new LoadingChannel(
    ready,
    () => {
      if (failure !== null) throw failure;
      opened += 1;
      return target;
    },
    {
      listener,
      onGone: () => {
        gone += 1;
      },
    },
  );
  return {
    channel,
    listener,
    calls,
    finish: async () => {
      finish();
      await ready;
    },
    fail: (error: Error) => {
      failure = error;
    },
    gone: () => gone,
    opened: () => opened,
  };
}
const A = { user: 'a', credential: null };

t.test('what was sent while loading arrives in order, and later things directly', async (t) => {
  const { channel, calls, finish } = loading();
  channel.send(Buffer.from('1'), A);
  channel.cancel(1);
  channel.send(Buffer.from('2'), { user: 'b', credential: null });
  await channel.writable();
  t.strictSame(calls, []);
  await finish();
  t.strictSame(calls, ['a: 1', 'cancel 1', 'b: 2']);
  channel.send(Buffer.from('3'), A);
  await channel.close();
  t.strictSame(calls.slice(3), ['a: 3', 'close']);
});

t.test('a module that did not load is told once', async (t) => {
  const { channel, listener, finish, fail, gone } = loading();
  fail(new GatewayError('GW_UPSTREAM_UNREACHABLE'));
  channel.send(Buffer.from('1'), A);
  await finish();
  t.equal(listener.closes[0]?.code, 'GW_UPSTREAM_UNREACHABLE');
  channel.send(Buffer.from('2'), A);
  await channel.close();
  t.equal(listener.closes.length, 1);
  t.equal(gone(), 1);
});

t.test('a channel closed while loading opens nothing', async (t) => {
  const { channel, listener, finish, opened, gone } = loading();
  await channel.close();
  await finish();
  t.equal(opened(), 0);
  t.equal(listener.closes.length, 1);
  t.equal(gone(), 1);
});

t.test('only so many messages wait', (t) => {
  const { channel, listener } = loading();
  for (let sent = 0; sent <= 1000; sent += 1) channel.send(Buffer.from('x'), A);
  t.equal(listener.closes[0]?.code, 'GW_SHED');
  t.end();
});
