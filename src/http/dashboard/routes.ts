/**
 * `/dashboard`: the page, and the data behind it. The page's files are for everyone, the data for operators. An admin
 * key travels in the Authorization header of each question, never in a URL or a cookie (docs/decisions).
 */
import { clientSnippets } from '../../admin/client-snippets.js';
import { problemReply } from '../../gateway/error-reply.js';
import type { HttpExchange } from '../../gateway/exchange.js';
import { GatewayError } from '../../kernel/errors.js';
import { monotonicMs } from '../../kernel/clock.js';
import { nextRequestId } from '../../kernel/ids.js';
import type { PrimaryAnswer, PrimaryLink } from '../primary-link.js';
import type { OperationsRoute } from '../routes.js';
import { readRequestTail } from './request-tail.js';
import { staticRoutes } from './static-files.js';

export interface DashboardOptions {
  /** Where the built page is. */
  readonly directory: string;
  readonly primary: Pick<PrimaryLink, 'ask'>;
  readonly isOperator: (exchange: HttpExchange) => Promise<boolean>;
  /** Null: requests are not logged. */
  readonly requestLogFile: string | null;
  /** Null: the address the page was asked at. */
  readonly publicUrl: string | null;
  /** Names of the servers that are switched on, at present. */
  readonly servers: () => readonly string[];
}

export const DASHBOARD_PATH = '/dashboard';
/** Many viewers of one worker cost the primary two questions a second. */
const FRESH_MS = 500;
const MAX_REMEMBERED = 16;
const MAX_TAILS = 4;
/** What stands in the snippets in place of a key. */
const KEY_PLACE = 'YOUR_KEY';

export function createDashboardRoutes(
  options: DashboardOptions,
): ReadonlyMap<string, OperationsRoute> {
  const { directory, primary, requestLogFile } = options;
  const guarded =
    (answer: (exchange: HttpExchange) => Promise<PrimaryAnswer | null>): OperationsRoute =>
    async (exchange) => {
      if (!(await options.isOperator(exchange))) {
        refuse(
          exchange,
          new GatewayError('GW_UNAUTHENTICATED', { hint: 'Log in with an admin key.' }),
        );
        return;
      }
      const given = await answer(exchange);
      if (given === null) refuse(exchange, new GatewayError('GW_SHED', { retryAfterMs: 1000 }));
      else {
        const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
        exchange.reply({ status: given.status, headers, body: given.body });
      }
    };
  const live = rememberBriefly((since) => primary.ask('dashboard', true, since));
  let openTails = 0;
  const tail = async ({ query }: HttpExchange): Promise<PrimaryAnswer | null> => {
    if (requestLogFile === null) return json({ isLogged: false, offset: 0, lines: [] });
    if (openTails >= MAX_TAILS) return null;
    openTails += 1;
    try {
      const after = Number(parameter(query, 'after') ?? Number.NaN);
      return json({ isLogged: true, ...(await readRequestTail(requestLogFile, after)) });
    } catch {
      // Between two files of a rotation, or not made yet.
      return json({ isLogged: true, offset: 0, lines: [], hasGap: false });
    } finally {
      openTails -= 1;
    }
  };
  const connect = (exchange: HttpExchange): PrimaryAnswer => {
    const url = options.publicUrl ?? `http://${exchange.header('host') ?? 'localhost'}`;
    const facts = { url, servers: options.servers(), key: KEY_PLACE };
    return json({ ...facts, snippets: clientSnippets(facts) });
  };
  return new Map<string, OperationsRoute>([
    ...staticRoutes(directory, DASHBOARD_PATH),
    [`${DASHBOARD_PATH}/`, redirect],
    [`${DASHBOARD_PATH}/data`, guarded(({ query }) => live(parameter(query, 'since') ?? ''))],
    [`${DASHBOARD_PATH}/requests`, guarded(tail)],
    [`${DASHBOARD_PATH}/settings`, guarded(() => primary.ask('dashboard-settings', true))],
    [`${DASHBOARD_PATH}/connect`, guarded((exchange) => Promise.resolve(connect(exchange)))],
  ]);
}

/** Relative, so that it holds behind a proxy that serves the gateway below a path. */
function redirect(exchange: HttpExchange): void {
  exchange.reply({ status: 308, headers: { location: '../dashboard' } });
}

type Ask = (argument: string) => Promise<PrimaryAnswer | null>;

/** One question under way, or just answered, serves all who ask the same. */
function rememberBriefly(ask: Ask): Ask {
  const answers = new Map<string, { readonly atMs: number; readonly answer: ReturnType<Ask> }>();
  return (argument) => {
    const nowMs = monotonicMs();
    const known = answers.get(argument);
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return known.answer;
    if (answers.size >= MAX_REMEMBERED) answers.clear();
    const answer = ask(argument);
    answers.set(argument, { atMs: nowMs, answer });
    return answer;
  };
}

function parameter(query: string, name: string): string | null {
  return new URLSearchParams(query).get(name);
}

function json(document: object): PrimaryAnswer {
  return { status: 200, body: JSON.stringify(document) };
}

function refuse(exchange: HttpExchange, error: GatewayError): void {
  exchange.reply(problemReply(error, nextRequestId()));
}
