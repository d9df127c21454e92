import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createDashboardRoutes } from '../../../src/http/dashboard/routes.js';
import { FakeExchange, type FakeRequest } from '../../support/fake-exchange.js';

function dashboard(t: Test, change: { isOperator?: boolean; isAway?: boolean; log?: string } = {}) {
  const directory = t.testdir({ 'index.html': 'page' });
  const file = join(directory, 'requests.log');
  if (change.log !== undefined) writeFileSync(file, change.log);
  const asked: unknown[] = [];
  const routes = createDashboardRoutes({
    directory,
    primary: {
      ask: async (kind, _isTrusted, argument) => {
        asked.push([kind, argument]);
        return change.isAway === true ? null : { status: 200, body: '{"x":1}' };
      },
    },
    isOperator: async () => change.isOperator ?? true,
    requestLogFile: change.log === undefined ? null : file,
    publicUrl: null,
    servers: () => ['files'],
  });
  const get = async (path: string, request: FakeRequest = {}) => {
    const exchange = new FakeExchange({ method: 'GET', ...request });
    await routes.get(path)?.(exchange);
    return exchange;
  };
  return { get, asked, paths: [...routes.keys()] };
}

t.test('the page is for everyone, what it shows for operators', async (t) => {
  const { get, asked, paths } = dashboard(t, { isOperator: false, log: '{"user":"ana"}\n' });
  t.match(await get('/dashboard'), { status: 200, text: 'page' });
  for (const path of paths.filter((each) => /\/dashboard\/./.test(each))) {
    t.match(await get(path), { status: 401, text: /admin key/ }, path);
  }
  t.strictSame(asked, []);
});

t.test('many viewers cost one question', async (t) => {
  const { get, asked } = dashboard(t);
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => get('/dashboard/data', { query: 'since=7' })),
  );
  t.ok(replies.every(({ text }) => text === '{"x":1}'));
  await get('/dashboard/data', { query: 'since=8' });
  t.strictSame(asked, [
    ['dashboard', '7'],
    ['dashboard', '8'],
  ]);
});

t.test('a primary that does not answer is 503, to be asked again', async (t) => {
  const { get } = dashboard(t, { isAway: true });
  t.match(await get('/dashboard/data'), { status: 503, replyHeaders: { 'retry-after': '1' } });
});

t.test('the tail of the request log, or why there is none', async (t) => {
  const logged = await dashboard(t, { log: '{"user":"ana"}\n' }).get('/dashboard/requests');
  t.match(logged.json, { isLogged: true, lines: [{ user: 'ana' }], offset: 15 });
  const unlogged = await dashboard(t).get('/dashboard/requests');
  t.match(unlogged.json, { isLogged: false, lines: [] });
});

t.test('snippets are for the address that was asked', async (t) => {
  const headers = { host: 'gateway.lan:8080' };
  const { json } = await dashboard(t).get('/dashboard/connect', { headers });
  t.match(json, { url: 'http://gateway.lan:8080', servers: ['files'], key: 'YOUR_KEY' });
  t.match(JSON.stringify(json), /gateway\.lan:8080\/files\/mcp/);
});

t.test('a slash at the end is corrected', async (t) => {
  t.match(await dashboard(t).get('/dashboard/'), {
    status: 308,
    replyHeaders: { location: '../dashboard' },
  });
});
