import t from 'tap';
import { AlertSinkError } from '../../src/telemetry/alert-sink.js';
import { createAlertWebhook } from '../../src/telemetry/alert-webhook.js';
import { alertNotice } from '../support/alert-notice.js';
import { startAlertReceiver } from '../support/alert-receiver.js';
import { freePort } from '../support/free-port.js';

const NOTICE = alertNotice({ message: '<!channel> & 60 % failed.', suppressed: 2 });
const SECRET = 'T000-B000-XXXXsecretXXXX';

async function failure(promise: Promise<void>): Promise<AlertSinkError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof AlertSinkError) return thrown;
    throw thrown;
  }
  throw new Error('it was delivered');
}

t.test('chat programs get a text that cannot command them, programs the facts', async (t) => {
  const receiver = await startAlertReceiver(`/services/${SECRET}`);
  t.teardown(() => receiver.close());
  const options = { url: receiver.url, headers: { 'x-token': 'abc' }, timeoutMs: 5000 };
  await createAlertWebhook(options).deliver(NOTICE);
  const [got] = receiver.received;
  t.equal(got?.path, `/services/${SECRET}`);
  t.match(got?.headers, { 'content-type': 'application/json', 'x-token': 'abc' });
  t.equal(
    got?.body.text,
    'CRITICAL circuit-open github: &lt;!channel&gt; &amp; 60 % failed. (suppressed 2 repeats) [box:8080]',
  );
  t.same(got?.body.alert, NOTICE);
});

t.test('what fails says whether to try again, and nothing of the URL', async (t) => {
  const receiver = await startAlertReceiver(`/services/${SECRET}`);
  const url = `${receiver.url}?token=${SECRET}`;
  const sink = createAlertWebhook({ url, headers: { authorization: SECRET }, timeoutMs: 200 });
  const failures: AlertSinkError[] = [];
  for (const status of [500, 429, 404, 302, 'never'] as const) {
    receiver.answer(status);
    failures.push(await failure(sink.deliver(NOTICE)));
  }
  await receiver.close();
  const away = `http://127.0.0.1:${await freePort()}/${SECRET}`;
  const nobody = createAlertWebhook({ url: away, headers: {}, timeoutMs: 5000 });
  failures.push(await failure(nobody.deliver(NOTICE)));
  t.same(
    failures.map(({ message, isTemporary }) => [message, isTemporary]),
    [
      ['it answered 500', true],
      ['it answered 429', true],
      ['it answered 404', false],
      ['it answered 302', false],
      ['no answer within 200 ms', true],
      ['it cannot be reached (ECONNREFUSED)', true],
    ],
  );
});
