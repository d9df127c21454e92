/**
 * Clients that call one server without a pause between calls, each over a keep-alive connection of its
 * own, and keep what became of every call: an answer with the right content, a clean refusal, or lost.
 */
import { Agent } from 'node:http';
import { modernCall, rpc } from './json-rpc.js';

export interface SteadyClientsOptions {
  readonly url: string;
  readonly key: string;
  readonly clients: number;
}

export interface SteadyClients {
  readonly answered: number;
  readonly refused: number;
  /** What the calls that got neither met instead. */
  readonly lost: readonly string[];
  /** Ends after the calls under way. */
  stop(): Promise<void>;
}

export function startSteadyClients(options: SteadyClientsOptions): SteadyClients {
  const { url, key, clients } = options;
  const lost: string[] = [];
  const counts = { answered: 0, refused: 0 };
  let isStopping = false;

  const call = async (client: number, number: number, agent: Agent): Promise<void> => {
    const value = `${client}:${number}`;
    try {
      const reply = await rpc({ url, key, agent, ...modernCall(number, 'echo', { value }) });
      const text = reply.message?.result?.content?.[0]?.text;
      if (text === JSON.stringify(value)) counts.answered += 1;
      else if (reply.status === 429 || reply.status === 503) counts.refused += 1;
      else lost.push(`${value}: ${reply.status} ${reply.text.slice(0, 200)}`);
    } catch (thrown) {
      lost.push(`${value}: ${String(thrown)}`);
    }
  };
  const running = Array.from({ length: clients }, async (_, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let number = 1; !isStopping; number += 1) await call(client, number, agent);
    agent.destroy();
  });
  return {
    get answered() {
      return counts.answered;
    },
    get refused() {
      return counts.refused;
    },
    lost,
    stop: async () => {
      isStopping = true;
      await Promise.all(running);
    },
  };
}
