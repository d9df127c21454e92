/** Asks the running gateway over its admin socket, and tells "none runs" from "it refused". */
import { request } from 'node:http';
import { ACTOR_HEADER } from '../admin/actor-header.js';
import { EXIT } from '../kernel/exit-codes.js';
import { currentActor } from './actor.js';
import { CliError, exitCodeOfReason } from './cli-error.js';

export interface AdminCall {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** A list of 1000 keys is about 300 KB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Resolves with the answer's JSON, or null when no gateway runs here. Rejects with CliError. */
export async function askGateway(call: AdminCall): Promise<{ readonly json: unknown } | null> {
  const answer = await send(call);
  if (answer === null) return null;
  const json = parse(answer.text);
  if (answer.status < 300) return { json };
  throw refusal(answer.status, json);
}

/** As askGateway, for what only a running gateway can say. */
export async function askRunningGateway(call: AdminCall): Promise<unknown> {
  const answer = await askGateway(call);
  if (answer !== null) return answer.json;
  throw new CliError(
    EXIT.unavailable,
    `No gateway answers on ${call.socketPath}. Start one with: multi-mcp start`,
  );
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function send(call: AdminCall): Promise<Answer | null> {
  const { socketPath, method, path, body, timeoutMs = DEFAULT_TIMEOUT_MS } = call;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath,
        method,
        path,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          [ACTOR_HEADER]: currentActor().replace(/[^\x20-\x7e]/g, '?'),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) sent.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, text });
        });
        response.on('error', reject);
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
      else reject(cannotAsk(error, socketPath, timeoutMs));
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function cannotAsk(error: NodeJS.ErrnoException, socketPath: string, timeoutMs: number): CliError {
  const cause = error;
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new CliError(
      EXIT.permission,
      `${socketPath} belongs to another user. Run the command as the user that runs the gateway.`,
      { cause },
    );
  }
  const reason =
    error.name === 'AbortError' || error.name === 'TimeoutError'
      ? `did not answer within ${timeoutMs / 1000} s`
      : `broke off: ${error.message}`;
  return new CliError(EXIT.unavailable, `The gateway on ${socketPath} ${reason}.`, { cause });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError(EXIT.software, 'The gateway’s answer is not JSON.', { cause });
  }
}

/** An RFC 9457 problem as an error with the sentence the gateway wrote. */
function refusal(status: number, problem: unknown): CliError {
  const isProblem = typeof problem === 'object' && problem !== null;
  const detail = isProblem && 'detail' in problem ? String(problem.detail) : `status ${status}`;
  const reason = isProblem && 'reason' in problem ? String(problem.reason) : '';
  return new CliError(exitCodeOfReason(reason), detail);
}
