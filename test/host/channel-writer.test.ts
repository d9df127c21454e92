import t from 'tap';
import { ChannelWriter } from '../../src/host/channel-writer.js';
import { FakeChannel } from '../support/fake-channel.js';
import { settle } from '../support/endpoint-rig.js';

const nobody = { onMessage: () => undefined, onClose: () => undefined };
const open = (): { channel: FakeChannel; writer: ChannelWriter } => {
  const channel = new FakeChannel({ purpose: 'shared', user: '', credential: null }, nobody);
  return { channel, writer: new ChannelWriter(channel) };
};
const message = (id: number): Buffer => Buffer.from(JSON.stringify({ id }));
const ada = { user: 'ada', credential: null };

t.test('messages wait in order while the server takes none', async (t) => {
  const { channel, writer } = open();
  channel.takesMessages = false;
  for (const id of [1, 2, 3]) writer.send(message(id), ada, id);
  t.same(
    channel.sent.map((each) => each.id),
    [1],
  );
  channel.becomeWritable();
  await settle();
  t.same(
    channel.sent.map((each) => each.id),
    [1, 2, 3],
  );
});

t.test('back-pressure in the middle of the queue stops it again', async (t) => {
  const { channel, writer } = open();
  channel.takesMessages = false;
  for (const id of [1, 2, 3]) writer.send(message(id), ada, id);
  channel.becomeWritable();
  channel.takesMessages = false;
  await settle();
  t.same(
    channel.sent.map((each) => each.id),
    [1, 2],
  );
  channel.becomeWritable();
  await settle();
  t.same(
    channel.sent.map((each) => each.id),
    [1, 2, 3],
  );
});

t.test('a request that was not sent yet can be taken back, a sent one cannot', async (t) => {
  const { channel, writer } = open();
  channel.takesMessages = false;
  for (const id of [1, 2, 3]) writer.send(message(id), ada, id);
  t.equal(writer.withdraw(1), false);
  t.equal(writer.withdraw(2), true);
  t.equal(writer.withdraw(2), false);
  channel.becomeWritable();
  await settle();
  t.same(
    channel.sent.map((each) => each.id),
    [1, 3],
  );
});

t.test('it is full by number and by bytes, and empty again when the server took all', async (t) => {
  for (const [count, size] of [
    [1001, 0],
    [6, 1024 * 1024],
  ] as const) {
    const { channel, writer } = open();
    channel.takesMessages = false;
    const text = Buffer.from(JSON.stringify({ text: 'x'.repeat(size) }));
    for (let i = 0; i < count; i += 1) writer.send(text, ada);
    t.equal(writer.isFull, true);
    channel.becomeWritable();
    await settle();
    t.equal(writer.isFull, false);
  }
});

t.test('a message on several lines is sent as one line', (t) => {
  const { channel, writer } = open();
  writer.send(Buffer.from('{\n"id":1\r\n}'), ada);
  t.equal(channel.lines[0], '{ "id":1  }');
  t.end();
});

t.test('after the end nothing is sent, not even what waited', async (t) => {
  const { channel, writer } = open();
  channel.takesMessages = false;
  writer.send(message(1), ada);
  writer.send(message(2), ada);
  writer.close();
  channel.becomeWritable();
  await settle();
  writer.send(message(3), ada);
  t.same(
    channel.sent.map((each) => each.id),
    [1],
  );
});
