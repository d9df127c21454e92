/**
 * `multi-mcp credentials`: users' own credentials for upstream servers. A value comes from standard input and
 * from nowhere else, because arguments stand in process lists and shell histories; it is never shown again.
 */
import type {
  CredentialOperations,
  CredentialView,
  RotatedCredentials,
} from '../admin/credential-operations.js';
import { MAX_CREDENTIAL_BYTES } from '../gateway/credential-seal.js';
import { EXIT } from '../kernel/exit-codes.js';
import { askGateway, type AdminCall } from './admin-client.js';
import { expect, listOf } from './admin-replies.js';
import { CliError } from './cli-error.js';
import { printJson, type CliContext } from './context.js';
import { loadSettings, type CliSettings } from './settings.js';
import { formatTable } from './table.js';

export interface CredentialsOptions {
  readonly user: string;
}

/** What `credentials set` reads from: the process's standard input, or a test's text. */
export type CredentialInput = AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean };

export async function credentialsSet(
  context: CliContext,
  server: string,
  { user }: CredentialsOptions,
  input: CredentialInput,
): Promise<void> {
  const settings = loadSettings(context);
  if (input.isTTY === true) {
    context.err(`Type or paste the credential of ${user}, then Enter and Ctrl-D:\n`);
  }
  const body = { user, server, value: await readValue(input) };
  const view = await either(settings, {
    call: { method: 'POST', path: '/credentials', body },
    read: (json) => expect(isCredentialView, json),
    direct: (operations) => operations.setCredential(body),
  });
  if (context.json) printJson(context, view);
  else context.out(`The credential of ${user} for ${server} is set.\n`);
}

export async function credentialsList(
  context: CliContext,
  { user }: Partial<CredentialsOptions>,
): Promise<void> {
  const all = await everyCredential(loadSettings(context));
  const shown = user === undefined ? all : all.filter((each) => each.user === user);
  if (context.json) printJson(context, shown);
  else context.out(credentialTable(shown));
}

export async function credentialsRemove(
  context: CliContext,
  server: string,
  { user }: CredentialsOptions,
): Promise<void> {
  const query = new URLSearchParams({ user, server });
  const removed = await either(loadSettings(context), {
    call: { method: 'DELETE', path: `/credentials?${query.toString()}` },
    read: (json) => expect(isRemoval, json).removed,
    direct: (operations) => operations.removeCredential({ user, server }),
  });
  if (!removed) {
    const list = 'multi-mcp credentials list';
    throw new CliError(EXIT.usage, `${user} has no credential for ${server}. See: ${list}`);
  }
  if (context.json) printJson(context, { user, server, removed });
  else context.out(`The credential of ${user} for ${server} is removed.\n`);
}

/** Seals under the present master key what a former one sealed. */
export async function credentialsRotate(context: CliContext): Promise<void> {
  const report = await either(loadSettings(context), {
    call: { method: 'POST', path: '/credentials/rotate' },
    read: (json) => expect(isRotation, json),
    direct: (operations) => operations.rotateCredentials(),
  });
  if (context.json) printJson(context, report);
  else {
    const { rotated, upToDate, servers } = report;
    context.out(`credentials: ${rotated} sealed anew, ${upToDate} were up to date\n`);
    context.out(`servers: ${servers.rotated} sealed anew, ${servers.upToDate} were up to date\n`);
  }
  const lost = [
    ...report.unreadable.map(({ user, server }) => `the credential of ${user} for ${server}`),
    ...report.servers.unreadable.map((server) => `the server ${server}`),
  ];
  if (lost.length === 0) return;
  throw new CliError(
    EXIT.unavailable,
    `No known master key opens: ${lost.join(', ')}. Set MULTI_MCP_MASTER_KEY_PREVIOUS, or set them again.`,
  );
}

async function everyCredential(settings: CliSettings): Promise<readonly CredentialView[]> {
  const all: CredentialView[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? undefined : { user: last.user, server: last.server };
    const query =
      after === undefined
        ? ''
        : `?${new URLSearchParams({ afterUser: after.user, afterServer: after.server }).toString()}`;
    const page = await either(settings, {
      call: { method: 'GET', path: `/credentials${query}` },
      read: (json) => expect(listOf(isCredentialView), json),
      direct: (operations) => operations.listCredentials({ after }),
    });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

const PAGE = 1000;

function credentialTable(credentials: readonly CredentialView[]): string {
  if (credentials.length === 0) return 'No credentials are stored.\n';
  return formatTable(
    ['USER', 'SERVER', 'SET', ''],
    credentials.map(({ user, server, updatedAt, isCurrentKey }) => [
      user,
      server,
      updatedAt,
      isCurrentKey ? '' : 'sealed under a former master key',
    ]),
  );
}

/** One line end at its end is the keyboard's or `echo`'s, not the credential's. */
async function readValue(input: CredentialInput): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > MAX_CREDENTIAL_BYTES + 2) {
      const message = `The credential is longer than ${MAX_CREDENTIAL_BYTES} bytes.`;
      throw new CliError(EXIT.usage, message);
    }
    chunks.push(piece);
  }
  const value = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (value !== '') return value;
  throw new CliError(EXIT.usage, 'Nothing came on standard input. Pipe the credential in.');
}

interface Either<Result> {
  readonly call: Omit<AdminCall, 'socketPath'>;
  readonly read: (json: unknown) => Result;
  readonly direct: (operations: CredentialOperations) => Promise<Result>;
}

/** Through the running gateway, so that its workers hear of it; without one, directly. */
async function either<Result>(
  settings: CliSettings,
  { call, read, direct }: Either<Result>,
): Promise<Result> {
  const answer = await askGateway({ ...call, socketPath: settings.socketPath });
  if (answer !== null) return read(answer.json);
  const config = settings.checkedConfig();
  const { withLocalIdentity } = await import('./compose.js');
  return withLocalIdentity(config, call.method, direct);
}

function isCredentialView(value: unknown): value is CredentialView {
  return (
    isRecord(value) &&
    typeof value['user'] === 'string' &&
    typeof value['server'] === 'string' &&
    typeof value['updatedAt'] === 'string' &&
    typeof value['isCurrentKey'] === 'boolean'
  );
}

function isRemoval(value: unknown): value is { readonly removed: boolean } {
  return isRecord(value) && typeof value['removed'] === 'boolean';
}

function isRotation(value: unknown): value is RotatedCredentials {
  return (
    isRecord(value) &&
    typeof value['rotated'] === 'number' &&
    typeof value['upToDate'] === 'number' &&
    Array.isArray(value['unreadable']) &&
    isRecord(value['servers']) &&
    Array.isArray(value['servers']['unreadable'])
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
