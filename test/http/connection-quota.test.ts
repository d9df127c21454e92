import t from 'tap';
import { ConnectionQuota } from '../../src/http/connection-quota.js';

function quotaOf(maxConnections: number) {
  const kept: number[] = [];
  const quota = new ConnectionQuota({
    workers: 2,
    maxConnections: () => maxConnections,
    keep: (_server, count) => kept.push(count),
  });
  const sweep = (held: number): number | undefined => {
    quota.sweep('s', held);
    return kept.at(-1);
  };
  const leaving = (left: number): number | undefined => {
    quota.leaving('s', left);
    return kept.at(-1);
  };
  return { sweep, leaving };
}

t.test('before slots go back only as many connections stay, and a few to spare', (t) => {
  const { leaving } = quotaOf(48);
  t.equal(leaving(10), 13, 'an eighth of the limit, over two workers');
  t.equal(leaving(0), 3);
  t.equal(quotaOf(15).leaving(4), 4, 'none to spare where the limit is small');
  t.equal(quotaOf(0).leaving(4), 4);
  t.end();
});

t.test('spare connections that nobody needs for half a second are closed', (t) => {
  const { sweep } = quotaOf(48);
  t.equal(sweep(10), 10, 'never more than were held');
  t.equal(sweep(2), 5);
  t.equal(sweep(0), 3);
  t.equal(sweep(0), 3);
  t.equal(sweep(0), 2, 'what was held half a second ago is no reason any more');
  t.equal(sweep(0), 0);
  t.end();
});
