/** The admin socket's requests, as one table: method and path → operation. */
import { GatewayError } from '../kernel/errors.js';
import {
  readCredentialBinding,
  readCredentialInput,
  readCredentialPage,
} from './credential-operations.js';
import { readKeyChange, readKeyInput, readListInput, readTokenInput } from './identity-input.js';
import {
  readAuditPage,
  readGrantBinding,
  readGrantInput,
  readGrantPage,
} from './grant-operations.js';
import { readLogLevelInput } from './log-level-input.js';
import { membersOf, textIn } from './input-members.js';
import type { AdminOperations } from './operations.js';
import { readServerInput, readServerSwitch } from './server-operations.js';

export interface AdminRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Undefined when the request had no body. */
  readonly body: unknown;
}

type Handler = (
  operations: AdminOperations,
  request: AdminRequest,
  name: string,
) => Promise<unknown>;

/** `{name}` stands for one path segment. */
const ROUTES: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ['POST', '/keys', (operations, { body }) => operations.createKey(readKeyInput(body))],
  ['GET', '/keys', (operations, { query }) => operations.listKeys(readListInput(query))],
  [
    'PATCH',
    '/keys/{name}',
    async (operations, { body }, id) => ({
      key: await operations.updateKey(id, readKeyChange(body)),
    }),
  ],
  [
    'DELETE',
    '/keys/{name}',
    async (operations, _request, id) => ({ revoked: await operations.revokeKey(id) }),
  ],
  ['PUT', '/grants', (operations, { body }) => operations.setGrant(readGrantInput(body))],
  ['GET', '/grants', (operations, { query }) => operations.listGrants(readGrantPage(query))],
  [
    'DELETE',
    '/grants',
    async (operations, { query }) => {
      const { user, server } = readGrantBinding(query);
      return { removed: await operations.removeGrant(user, server) };
    },
  ],
  ['GET', '/audit', (operations, { query }) => operations.listAudit(readAuditPage(query))],
  [
    'POST',
    '/credentials',
    (operations, { body }) => operations.setCredential(readCredentialInput(body)),
  ],
  [
    'GET',
    '/credentials',
    (operations, { query }) => operations.listCredentials(readCredentialPage(query)),
  ],
  [
    'DELETE',
    '/credentials',
    async (operations, { query }) => ({
      removed: await operations.removeCredential(readCredentialBinding(query)),
    }),
  ],
  ['POST', '/credentials/rotate', (operations) => operations.rotateCredentials()],
  ['POST', '/tokens', (operations, { body }) => operations.mintToken(readTokenInput(body))],
  ['POST', '/reload', (operations) => operations.reload()],
  ['POST', '/restart', (operations) => operations.restartWorkers()],
  ['GET', '/restart', (operations) => operations.restartState()],
  ['GET', '/status', (operations) => operations.status()],
  ['GET', '/health', (operations) => operations.health()],
  ['GET', '/servers', (operations) => operations.listServers()],
  [
    'PUT',
    '/servers/{name}',
    (operations, { body }, name) => operations.addServer(readServerInput(name, body)),
  ],
  [
    'PATCH',
    '/servers/{name}',
    async (operations, { body }, name) => {
      const enabled = readServerSwitch(body);
      return { enabled, changed: await operations.switchServer(name, enabled) };
    },
  ],
  [
    'DELETE',
    '/servers/{name}',
    async (operations, _request, name) => {
      await operations.removeServer(name);
      return { removed: true };
    },
  ],
  [
    'POST',
    '/servers/{name}/restart',
    async (operations, _request, name) => ({ restarted: await operations.restartServer(name) }),
  ],
  [
    'POST',
    '/servers/{name}/approve',
    (operations, { body }, name) => operations.approveTools(name, readApproval(body)),
  ],
  ['POST', '/servers/{name}/test', (operations, _request, name) => operations.testServer(name)],
  ['GET', '/log-level', (operations) => operations.logLevel()],
  ['POST', '/log-level', (operations, { body }) => operations.setLogLevel(readLogLevelInput(body))],
  ['GET', '/alerts', (operations, { query }) => operations.listAlerts(query.get('all') === 'true')],
  ['POST', '/alerts/test', (operations) => operations.testAlerts()],
];

/** The one tool, or null for all. */
function readApproval(body: unknown): string | null {
  const members = membersOf(body, ['tool']);
  return members['tool'] === undefined ? null : textIn(members, 'tool');
}

const MATCHERS = ROUTES.map(([method, path, handler]) => ({
  method,
  pattern: new RegExp(`^${path.replace('{name}', '([^/]+)')}$`),
  handler,
}));

/** Resolves with what is to be sent as JSON; rejects with GW_ROUTE_UNKNOWN, GW_METHOD_NOT_ALLOWED or the operation's error. */
export async function answerAdminRequest(
  operations: AdminOperations,
  request: AdminRequest,
): Promise<unknown> {
  const here = MATCHERS.filter(({ pattern }) => pattern.test(request.path));
  const route = here.find(({ method }) => method === request.method);
  if (route === undefined) {
    if (here.length === 0) throw new GatewayError('GW_ROUTE_UNKNOWN');
    const allow = here.map(({ method }) => method).join(', ');
    throw new GatewayError('GW_METHOD_NOT_ALLOWED', { headers: { allow } });
  }
  const segment = route.pattern.exec(request.path)?.[1] ?? '';
  return route.handler(operations, request, decodeSegment(segment));
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new GatewayError('GW_BAD_REQUEST', { cause });
  }
}
