import t from 'tap';
import {
  examinePublicUrl,
  judgeCertificate,
  judgeForwarding,
  judgeSkew,
  judgeStream,
} from '../../../src/cli/doctor/public-url.js';
import { freePort } from '../../support/free-port.js';

const now = new Date('2026-11-22T12:00:00Z');

t.test('events that come together were kept back', async (t) => {
  t.match(judgeStream([0, 200, 401, 603, 800]), [{ severity: 'ok', message: /over 800 ms/ }]);
  t.match(judgeStream([5, 5, 6, 6, 6]), [
    { severity: 'error', message: /5 came within 1 ms/, fix: /proxy_buffering off/ },
  ]);
  t.match(judgeStream([0]), [{ severity: 'error', message: /only 1 of 5/ }]);
  t.match(judgeStream([]), [{ severity: 'error' }]);
});

t.test('a client from outside must not look like one from inside', async (t) => {
  const url = 'https://mcp.example.com';
  const event = (isLoopback: boolean, isForwarded: boolean) =>
    `data: ${JSON.stringify({ isLoopback, isForwarded })}\n\n`;
  t.match(judgeForwarding(url, event(true, false)), [
    { severity: 'error', fix: /X-Forwarded-For/ },
  ]);
  t.match(judgeForwarding(url, event(false, false)), [{ severity: 'warning', fix: /trustProxy/ }]);
  t.strictSame(judgeForwarding(url, event(false, true)), []);
  t.strictSame(judgeForwarding('http://10.0.0.1:8080', event(false, false)), [], 'no proxy');
  t.strictSame(judgeForwarding('http://127.0.0.1:8080', event(true, false)), [], 'from inside');
});

t.test('clocks may differ by a few seconds', async (t) => {
  t.strictSame(judgeSkew('Sun, 22 Nov 2026 12:00:04 GMT', now), []);
  t.strictSame(judgeSkew(null, now), []);
  t.match(judgeSkew('Sun, 22 Nov 2026 11:59:00 GMT', now), [
    { severity: 'warning', message: /60 s/ },
  ]);
});

t.test('a certificate is renewed before it ends', async (t) => {
  t.match(judgeCertificate(new Date('2027-01-22T12:00:00Z'), now), [{ severity: 'ok' }]);
  t.match(judgeCertificate(new Date('2026-11-25T12:00:00Z'), now), [
    { severity: 'warning', message: /3 more days/ },
  ]);
});

t.test('an address where nobody is', async (t) => {
  const publicUrl = `http://127.0.0.1:${await freePort()}`;
  t.match(await examinePublicUrl({ inspection: null, gateway: null, publicUrl }), [
    { severity: 'error', exitCode: 69, message: /ECONNREFUSED/ },
  ]);
});
