import t from 'tap';
import {
  ClientAddress,
  isLoopbackAddress,
  normaliseAddress,
} from '../../src/http/client-address.js';

t.test('an IPv4 peer of a dual-stack socket is shown in dotted form', (t) => {
  t.equal(normaliseAddress('::ffff:10.0.0.1'), '10.0.0.1');
  t.equal(normaliseAddress('::FFFF:10.0.0.1'), '10.0.0.1');
  t.equal(normaliseAddress('10.0.0.1'), '10.0.0.1');
  t.equal(normaliseAddress('fe80::1'), 'fe80::1');
  t.same(['127.0.0.1', '127.9.9.9', '::1', '10.0.0.1', '1.127.0.1'].map(isLoopbackAddress), [
    true,
    true,
    true,
    false,
    false,
  ]);
  t.end();
});

t.test('addresses and blocks of both families are trusted, nothing else', (t) => {
  const addresses = new ClientAddress(['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '::1']);
  for (const peer of ['10.9.8.7', '192.0.2.1', 'fd12::1', '::1']) t.ok(addresses.isTrusted(peer));
  for (const peer of ['11.0.0.1', '192.0.2.2', 'fe80::1', '::2'])
    t.notOk(addresses.isTrusted(peer));
  t.ok(addresses.isTrusted('10.9.8.7'), 'also the second time');
  t.notOk(new ClientAddress([]).isTrusted('127.0.0.1'));
  t.throws(() => new ClientAddress(['proxy.example']));
  t.throws(() => new ClientAddress(['10.0.0.0/99']));
  t.end();
});

t.test('the client is the nearest address that no trusted proxy vouches past', (t) => {
  const addresses = new ClientAddress(['10.0.0.0/8']);
  const client = (header: string | undefined): string => addresses.behindProxy('10.0.0.1', header);
  t.equal(client('203.0.113.7'), '203.0.113.7');
  t.equal(client('203.0.113.7, 10.0.0.2'), '203.0.113.7');
  t.equal(
    client('1.1.1.1, 203.0.113.7, 10.0.0.2'),
    '203.0.113.7',
    'what a client claims is behind',
  );
  t.equal(client('10.0.0.3, 10.0.0.2'), '10.0.0.3', 'all trusted: the farthest');
  t.equal(client('203.0.113.7:4711'), '203.0.113.7');
  t.equal(client('[2001:db8::1]:4711'), '2001:db8::1');
  t.equal(client('2001:db8::1'), '2001:db8::1');
  t.equal(client('::ffff:203.0.113.7'), '203.0.113.7');
  t.equal(client('203.0.113.7, unknown, 10.0.0.2'), '10.0.0.2', 'not past what cannot be read');
  t.equal(client(undefined), '10.0.0.1');
  t.equal(client(''), '10.0.0.1');
  t.end();
});

t.test('ever new peers do not grow the table without end', (t) => {
  const addresses = new ClientAddress(['10.0.0.0/8']);
  for (let i = 0; i < 3_000; i += 1) {
    const low = `${i >> 8}.${i & 255}`;
    if (!addresses.isTrusted(`10.1.${low}`) || addresses.isTrusted(`11.1.${low}`)) t.fail(low);
  }
  t.ok(addresses.isTrusted('10.1.0.0'));
  t.end();
});
