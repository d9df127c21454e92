/**
 * Load that does not wait for answers: calls start at their instants, whatever became of those before,
 * and a latency counts from that instant, so that a stall is felt by all it delays.
 */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CALL_HEADERS, type Call } from '../hop-cost.js';

export interface OpenLoopOptions {
  readonly port: number;
  readonly path: string;
  readonly call: Call;
  /** Of the n-th call. */
  readonly credential: (n: number) => string;
  readonly perSecond: number;
  readonly forMs: number;
}

export interface Answered {
  /** 0: the connection broke. */
  readonly status: number;
  readonly latencyMs: number;
  /** Since the start of the load. */
  readonly endedAtMs: number;
}

const MAX_SOCKETS = 2000;

export async function openLoop(options: OpenLoopOptions): Promise<readonly Answered[]> {
  const { perSecond, forMs } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' });
  const startedAtMs = performance.now();
  const calls: Promise<Answered>[] = [];
  for (let n = 0; (n * 1000) / perSecond < forMs; n += 1) {
    const dueAtMs = startedAtMs + (n * 1000) / perSecond;
    const waitMs = dueAtMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    calls.push(
      send(options, n, agent).then((status) => {
        const nowMs = performance.now();
        return { status, latencyMs: nowMs - dueAtMs, endedAtMs: nowMs - startedAtMs };
      }),
    );
  }
  const answered = await Promise.all(calls);
  agent.destroy();
  return answered;
}

/** Of those answered with 200. */
export function servedQuantileMs(answered: readonly Answered[], q: number): number {
  const latencies = answered
    .filter(({ status }) => status === 200)
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b);
  return latencies[Math.floor(latencies.length * q)] ?? NaN;
}

export function countOf(answered: readonly Answered[], wanted: number): number {
  return answered.filter(({ status }) => status === wanted).length;
}

function send(options: OpenLoopOptions, n: number, agent: Agent): Promise<number> {
  const { port, path, call, credential } = options;
  const lines = [...CALL_HEADERS, `Authorization: Bearer ${credential(n)}`];
  const headers = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
  return new Promise((resolve) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', agent, headers },
      (incoming) => {
        incoming.resume();
        incoming.once('close', () => {
          resolve(incoming.complete ? (incoming.statusCode ?? 0) : 0);
        });
      },
    );
    sent.once('error', () => {
      resolve(0);
    });
    sent.end(call.body(n));
  });
}
