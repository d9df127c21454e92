import t from 'tap';
import { lostWithServer } from '../../src/host/lost-with-server.js';
import { GatewayError } from '../../src/kernel/errors.js';

t.test('a call that was in flight learns that its server went away', (t) => {
  const cause = new GatewayError('GW_UPSTREAM_UNREACHABLE', { hint: 'Its process ended.' });
  const error = lostWithServer(cause);
  t.equal(error.code, 'GW_UPSTREAM_UNREACHABLE');
  t.match(error.message, /went away .*whether it was carried out is unknown/);
  t.match(error.options, { cause, log: { sent: true } });
  t.end();
});

t.test('where the server was ended for what it sent, the call learns for what', (t) => {
  const hint = 'A message is longer than 4194304 bytes; "maxLineBytes" is the limit.';
  const cause = new GatewayError('GW_UPSTREAM_PROTOCOL', { hint });
  const error = lostWithServer(cause);
  t.equal(error.code, 'GW_UPSTREAM_PROTOCOL');
  t.equal(
    error.message,
    `The server broke the protocol. ${hint} Whether this request was carried out is unknown.`,
  );
  t.match(error.options, { cause, log: { sent: true } });
  t.end();
});
