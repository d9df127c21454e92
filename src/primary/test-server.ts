/**
 * `servers test NAME`: asks one server for its tools the way a client would, through the gateway's own
 * port, and times each step. Uses the official client, so that what passes here passes for users.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { ServerTestStep } from '../admin/operations.js';
import { monotonicMs } from '../kernel/clock.js';
import { memberOf } from '../mcp/message-members.js';
import { counted } from './words.js';

const STEP_TIMEOUT_MS = 15_000;
/** Of a step, for a rate limit: `doctor` tests many servers at once, and all as one user. */
const MAX_RATE_WAIT_MS = 10_000;
const MIN_RATE_WAIT_MS = 50;
/** The client repeats the whole body of a refusal, of which its code and words are told. */
const REFUSAL_BODY = /:? \{"jsonrpc".*\}$/s;
/** A chain of causes can be a ring. */
const MAX_CAUSES = 8;

/** Never rejects: a failed step is the last one. `token` must be allowed to use the server. */
export async function testServer(url: string, token: string): Promise<readonly ServerTestStep[]> {
  const steps: ServerTestStep[] = [];
  const client = new Client(
    { name: 'multi-mcp-servers-test', version: '1' },
    { versionNegotiation: { mode: 'auto' } },
  );
  // The client tells the status of a refusal, and not always why.
  let refusal: string | null = null;
  let waitedMs = 0;
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
    fetch: async (input, init) => {
      let response = await fetch(input, init);
      // The stream of a GET is opened beside the steps, and none of them needs it.
      while (init?.method !== 'GET' && response.status === 429) {
        const waitMs = Math.max(MIN_RATE_WAIT_MS, retryAfterMs(response));
        if (waitedMs + waitMs > MAX_RATE_WAIT_MS) break;
        await response.body?.cancel();
        await sleep(waitMs, undefined, init?.signal ? { signal: init.signal } : {});
        waitedMs += waitMs;
        response = await fetch(input, init);
      }
      refusal = response.ok ? null : await reasonIn(response.clone());
      return response;
    },
  });
  const step = async (name: string, run: () => Promise<string | null>): Promise<boolean> => {
    waitedMs = 0;
    const startedAtMs = monotonicMs();
    const took = (): number => Math.max(0, Math.round(monotonicMs() - startedAtMs - waitedMs));
    try {
      const detail = await run();
      steps.push({ step: name, ok: true, durationMs: took(), detail });
      return true;
    } catch (thrown) {
      const said = withCause(thrown);
      const detail =
        refusal === null || said.includes(refusal)
          ? said
          : `${said.replace(REFUSAL_BODY, '')} (${refusal})`;
      steps.push({ step: name, ok: false, durationMs: took(), detail: detail.slice(0, 1000) });
      return false;
    }
  };
  const options = { timeout: STEP_TIMEOUT_MS };
  const isConnected = await step('connect', async () => {
    await client.connect(transport, options);
    const { name = '', version = '' } = client.getServerVersion() ?? {};
    const said = [`${name} ${version}`.trim(), client.getProtocolEra() ?? ''];
    return said.filter((text) => text !== '').join(', ');
  });
  if (isConnected && client.getServerCapabilities()?.tools !== undefined) {
    await step('tools/list', async () => {
      const { tools } = await client.listTools({}, options);
      return counted(tools.length, 'tool');
    });
  }
  await transport.terminateSession().catch(() => undefined); // A server may not offer DELETE.
  await client.close();
  return steps;
}

/** Infinity where the reply does not say. */
function retryAfterMs(response: Response): number {
  const header = response.headers.get('retry-after');
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : Infinity;
}

/** `CODE: message` of the gateway's own error; null for another answer. */
async function reasonIn(response: Response): Promise<string | null> {
  try {
    const body: unknown = await response.json();
    const error = memberOf(body, 'error');
    const [code, message] = [
      memberOf(memberOf(error, 'data'), 'reason'),
      memberOf(error, 'message'),
    ];
    return typeof code === 'string' && typeof message === 'string' ? `${code}: ${message}` : null;
  } catch {
    return null; // No JSON: what the client makes of it has to do.
  }
}

/** `fetch failed` alone helps nobody; what made it fail is its cause, or that one's. */
function withCause(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  let root: Error = thrown;
  for (let depth = 0; depth < MAX_CAUSES && root.cause instanceof Error; depth += 1) {
    root = root.cause;
  }
  const { message } = root;
  return thrown.message.includes(message) ? thrown.message : `${thrown.message} (${message})`;
}
