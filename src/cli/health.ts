/**
 * `multi-mcp health`: does the gateway of this configuration answer on its port? For Docker's HEALTHCHECK,
 * which knows only exit codes 0 and 1, and for images without curl. The running gateway says where it serves: its
 * port may come from an environment that this command does not have, and the file may have changed since.
 */
import { request } from 'node:http';
import { printJson, type CliContext } from './context.js';
import { runningView } from './running-view.js';
import { loadSettings, loopbackUrl } from './settings.js';

const TIMEOUT_MS = 3000;
/** Docker's word for unhealthy; 2 and above are reserved. */
const EXIT_UNHEALTHY = 1;

export async function health(context: CliContext): Promise<number> {
  const { socketPath, config } = loadSettings(context);
  const url = `${(await runningView(socketPath))?.url ?? loopbackUrl(config)}/livez`;
  const problem = await probe(url);
  const ok = problem === null;
  if (context.json) printJson(context, { ok, url, problem });
  else if (ok) context.out('ok\n');
  else context.err(`${url}: ${problem}\n`);
  return ok ? 0 : EXIT_UNHEALTHY;
}

/** Null when it answers 200, else why not. */
function probe(url: string): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const sent = request(url, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? null : `answers ${response.statusCode ?? 0}`);
    });
    sent.on('error', (error) => {
      resolve(error.name === 'AbortError' ? `no answer within ${TIMEOUT_MS} ms` : error.message);
    });
    sent.end();
  });
}
