/** The dashboard in a real browser: it loads, lives, can be used by keyboard, asks strangers for a key, and is looked at. */
import { mkdir, stat } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { noChromium, openBrowser } from '../support/chromium.js';
import { repository } from '../support/repository.js';
import { startGateway, type Gateway } from '../support/start-gateway.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const PATIENCE = { timeout: 30_000 };
const PICTURES = join(repository, '.tap', 'dashboard');

/** A page that keeps what its console says; anything but silence is a fault. */
async function watchedPage(browser: Browser, colorScheme: 'light' | 'dark' = 'light') {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1380, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

async function picture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  const path = join(PICTURES, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  t.ok((await stat(path)).size > 5000, `${path} is there to be looked at`);
}

function call(gateway: Gateway, key: string): Promise<IncomingMessage> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const sent = request(gateway.endpoint('meerkats-table'), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
  });
  sent.end(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }),
  );
  return new Promise((resolve, reject) => {
    sent.once('response', (response) => {
      response.resume();
      resolve(response);
    });
    sent.once('error', reject);
  });
}

const config = {
  global: { workers: 1, trustProxy: ['127.0.0.1'] },
  servers: {
    'meerkats-table': {},
    secretive: { url: 'http://127.0.0.1:1/mcp', headers: { 'X-Key': 'hunter2' } },
  },
};

t.test('seen from the machine itself', { skip: noChromium }, async (t) => {
  const gateway = await startGateway({ config });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const browser = await openBrowser(t);

  t.test('it loads, and goes on by itself', async (t) => {
    const { page, complaints } = await watchedPage(browser);
    await page.goto(`${gateway.url}/dashboard`);
    await page.getByRole('row', { name: /meerkats-table/ }).waitFor(PATIENCE);
    const header = page.getByRole('banner');
    // A machine that is busy with other tests may be called degraded.
    t.match(await header.textContent(), /healthy|degraded/);
    const before = await header.textContent();
    await until(async () => (await header.textContent()) !== before, {
      timeoutMs: 30_000,
      what: 'another second of uptime',
    });
    // The slot of five seconds in which they fall has to end before they are a rate.
    await until(
      async () => {
        t.equal((await call(gateway, key)).statusCode, 200);
        const row = await page.getByRole('row', { name: /meerkats-table/ }).textContent();
        return /[\d.]+ \/s.* ms/.test(row ?? '');
      },
      { timeoutMs: 40_000, everyMs: 200, what: 'the calls in the row of the server' },
    );
    await picture(page, 'overview-light');
    t.strictSame(complaints, [], 'and nothing offends the console or the content security policy');
  });

  t.test('the keyboard reaches everything', async (t) => {
    const { page, complaints } = await watchedPage(browser, 'dark');
    await page.goto(`${gateway.url}/dashboard`);
    const server = page.getByRole('button', { name: 'meerkats-table' });
    await server.waitFor(PATIENCE);
    const reached: string[] = [];
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press('Tab');
      reached.push((await page.locator(':focus').textContent()) ?? '');
      if (reached.at(-1)?.includes('meerkats-table') === true) break;
    }
    t.match(reached.join('|'), /Overview\|Requests\|Configuration\|Connect\|.*meerkats-table/);
    await page.keyboard.press('Enter');
    t.equal(await server.getAttribute('aria-expanded'), 'true');
    await page.getByText('Latency of meerkats-table').first().waitFor(PATIENCE);
    await picture(page, 'overview-dark');

    await page.getByRole('link', { name: 'Connect' }).focus();
    await page.keyboard.press('Enter');
    const tab = page.getByRole('tab', { name: 'Claude Code' });
    await tab.focus();
    await page.keyboard.press('ArrowRight');
    t.equal(await page.locator(':focus').textContent(), 'Cursor');
    t.match(await page.getByRole('tabpanel').textContent(), /mcpServers.*meerkats-table\/mcp/s);
    t.strictSame(complaints, []);
  });

  t.test('requests come in as they end, and settings tell where they are from', async (t) => {
    const { page, complaints } = await watchedPage(browser);
    await page.goto(`${gateway.url}/dashboard#requests`);
    await call(gateway, key);
    await page.getByRole('cell', { name: 'ana' }).first().waitFor(PATIENCE);
    await picture(page, 'requests');

    await page.getByRole('link', { name: 'Configuration' }).click();
    const port = page.getByRole('row', { name: /^global\.port/ });
    await port.waitFor(PATIENCE);
    t.match(await port.textContent(), new RegExp(`${gateway.port}.*PORT$`));
    t.match(
      await page.getByRole('row', { name: /^global\.workers/ }).textContent(),
      /server-production\.json:\d+$/,
    );
    t.notMatch(await page.content(), /hunter2/);
    t.strictSame(complaints, []);
  });

  t.test('it fits a telephone, and the theme can be changed', async (t) => {
    const { page, complaints } = await watchedPage(browser);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${gateway.url}/dashboard`);
    await page.getByRole('row', { name: /meerkats-table/ }).waitFor(PATIENCE);
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    t.equal(overflow, 0, 'nothing scrolls sideways but tables');
    await page.getByRole('button', { name: /dark theme/ }).click();
    t.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    await page.reload();
    t.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark', 'and stays');
    await page.getByRole('row', { name: /meerkats-table/ }).waitFor(PATIENCE);
    await picture(page, 'narrow-dark');
    t.strictSame(complaints, []);
  });
});

/** What stands between the gateway and anyone who is not at its machine. */
async function forwardingProxy(t: Test, gateway: Gateway): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, 'x-forwarded-for': '203.0.113.7' };
    const sent = request(
      {
        host: '127.0.0.1',
        port: gateway.port,
        path: incoming.url,
        method: incoming.method,
        headers,
      },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      },
    );
    sent.on('error', () => outgoing.destroy());
    incoming.pipe(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('seen from elsewhere it asks for an admin key', { skip: noChromium }, async (t) => {
  const gateway = await startGateway({ config });
  t.teardown(() => gateway.destroy());
  const user = await gateway.makeKey('ana');
  const admin = await gateway.makeKey('ops', { isAdmin: true });
  const url = await forwardingProxy(t, gateway);
  const browser = await openBrowser(t);
  const { page } = await watchedPage(browser);
  const asked: string[] = [];
  page.on('request', (each) => asked.push(each.url()));

  await page.goto(`${url}/dashboard`);
  const field = page.getByLabel('Admin key');
  await field.waitFor(PATIENCE);
  await picture(page, 'login');
  for (const wrong of ['mmcp_wrong', user]) {
    await field.fill(wrong);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor(PATIENCE);
    t.equal(await page.getByRole('row').count(), 0, 'nothing is shown');
  }
  await field.fill(admin);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('row', { name: /meerkats-table/ }).waitFor(PATIENCE);
  await page.reload();
  await page.getByRole('row', { name: /meerkats-table/ }).waitFor(PATIENCE);
  t.notOk(
    asked.some((each) => each.includes('mmcp_')),
    'no key is in a URL',
  );
  t.strictSame(await page.context().cookies(), [], 'nor in a cookie');
  await page.getByRole('button', { name: 'Log out' }).click();
  await field.waitFor(PATIENCE);
  t.equal(await page.evaluate('sessionStorage.length'), 0);
});

t.test('its files are small, whole and say whose they are', async (t) => {
  const gateway = await startGateway({ config });
  t.teardown(() => gateway.destroy());
  const page = await fetch(`${gateway.url}/dashboard`);
  t.match(page.headers.get('content-security-policy'), /^default-src 'self';/);
  const html = await page.text();
  t.notMatch(html, /<style|<script>|\son\w+=|style=/, 'nothing inline');
  const names = new Set(
    [...html.matchAll(/(?:src|href)="(dashboard\/[^"]+)"/g)].map(([, name = '']) => name),
  );
  let bytes = html.length;
  for (const name of names) {
    const text = await (await fetch(`${gateway.url}/${name}`)).text();
    bytes += Buffer.byteLength(text);
    for (const [, inner = ''] of text.matchAll(/from '\.\/([\w./-]+)'/g))
      names.add(`dashboard/${inner}`);
  }
  t.ok(names.size > 10, [...names].join(' '));
  t.ok(bytes < 150_000, `${bytes} bytes in all`);
  for (const name of ['preact', 'htm', 'uplot']) {
    const licence = await fetch(`${gateway.url}/dashboard/vendor/${name}-licence.txt`);
    t.match(await licence.text(), /Licen[cs]e/);
  }
  const again = await fetch(`${gateway.url}/dashboard`, {
    headers: { 'if-none-match': page.headers.get('etag') ?? '' },
  });
  t.equal(again.status, 304);
  const slashed = await fetch(`${gateway.url}/dashboard/`, { redirect: 'manual' });
  t.match([slashed.status, slashed.headers.get('location')], [308, '../dashboard']);
});
