import fc from 'fast-check';
import t from 'tap';
import { PeerAddresses } from '../../src/http/peer-addresses.js';

const buffer = (bytes: readonly number[]): ArrayBuffer => Uint8Array.from(bytes).buffer;
const byte = fc.nat(255);

t.test('IPv4 is dotted, whether it comes in 4 bytes or mapped into 16', (t) => {
  const peers = new PeerAddresses();
  fc.assert(
    fc.property(byte, byte, byte, byte, (...bytes) => {
      const mapped = [...new Array<number>(10).fill(0), 255, 255, ...bytes];
      return (
        peers.text(buffer(bytes)) === bytes.join('.') &&
        peers.text(buffer(mapped)) === bytes.join('.')
      );
    }),
    { numRuns: 6_000 },
  );
  t.equal(peers.text(buffer([255, 255, 255, 255])), '255.255.255.255');
  t.equal(peers.text(buffer([])), '', 'the socket is gone');
  t.end();
});

t.test('IPv6 is written in its shortest form (RFC 5952), as URL writes it', (t) => {
  const peers = new PeerAddresses();
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8, size: 'max' }), (groups) => {
      fc.pre(groups.slice(0, 5).some((value) => value !== 0));
      const bytes = groups.flatMap((value) => [value >> 8, value & 255]);
      const full = groups.map((value) => value.toString(16)).join(':');
      return `[${peers.text(buffer(bytes))}]` === new URL(`http://[${full}]/`).hostname;
    }),
    { numRuns: 2_000 },
  );
  t.equal(peers.text(buffer([...new Array<number>(15).fill(0), 1])), '::1');
  t.equal(peers.text(buffer(new Array<number>(16).fill(0))), '::');
  t.end();
});
