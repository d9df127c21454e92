import { MongoServerError } from 'mongodb';
import { createServer } from 'node:net';
import t from 'tap';
import { asGatewayError } from '../../src/kernel/errors.js';
import { mongoAdvice } from '../../src/store/mongo-advice.js';
import { openMongoStore } from '../../src/store/mongo-store.js';

function refused(code: number): Error {
  return new MongoServerError({ message: 'refused', code });
}

/** As the driver tells what its connections met. */
function notReached(cause: Error): Error {
  return new Error('not reached', { cause: new Error('no server selected', { cause }) });
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

for (const { name, error, advice } of [
  { name: 'a wrong password', error: refused(18), advice: /user and password.*authSource/ },
  { name: 'no user at all', error: refused(13), advice: /Name a user/ },
  {
    name: 'an issuer nobody knows',
    error: notReached(systemError('SELF_SIGNED_CERT_IN_CHAIN')),
    advice: /tlsCAFile=/,
  },
  {
    name: 'a certificate for another host',
    error: notReached(systemError('ERR_TLS_CERT_ALTNAME_INVALID')),
    advice: /a host name that the server’s certificate holds/,
  },
  {
    name: 'a certificate that is out of date',
    error: notReached(systemError('CERT_HAS_EXPIRED')),
    advice: /Renew/,
  },
  {
    name: 'TLS to a server without',
    error: notReached(systemError('ERR_SSL_WRONG_VERSION_NUMBER')),
    advice: /Remove tls=true/,
  },
  {
    name: 'a connection that nobody takes',
    error: notReached(systemError('ECONNREFUSED')),
    advice: /host and port/,
  },
  { name: 'anything else', error: 'no error at all', advice: /host and port/ },
]) {
  t.test(`for ${name} it says what to change`, (t) => {
    t.match(mongoAdvice(error), advice);
    t.end();
  });
}

t.test('causes that go round in a ring are read once', (t) => {
  const ring: Error = new Error('outer');
  ring.cause = new Error('inner', { cause: ring });
  t.match(mongoAdvice(ring), /host and port/);
  t.end();
});

t.test('a server that hangs up on whoever does not speak TLS', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const thrown: unknown = await openMongoStore({ uri: `mongodb://127.0.0.1:${port}/x` }).catch(
    (error: unknown) => error,
  );
  t.match(asGatewayError(thrown).options.hint, /closed\. Add tls=true to MONGODB_URI/);
});

t.test('a file of certificates that is not there', async (t) => {
  const uri = `mongodb://127.0.0.1:1/x?tls=true&tlsCAFile=${t.testdir()}/no.pem`;
  const thrown: unknown = await openMongoStore({ uri }).catch((error: unknown) => error);
  t.match(asGatewayError(thrown).options.hint, /no\.pem'\. Make that file, .* readable/);
});
