import t from 'tap';
import { sourceOf } from '../../src/gateway/source.js';

t.test('IPv4 addresses stand for themselves, IPv6 addresses for their /64', (t) => {
  for (const [address, expected] of [
    ['10.0.0.1', '10.0.0.1'],
    ['', ''],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['fe80::1', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['2001:db8::', '2001:db8:0:0'],
  ] as const) {
    t.equal(sourceOf(address), expected, address);
  }
  t.end();
});
