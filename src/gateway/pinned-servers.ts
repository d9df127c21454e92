/**
 * The pinned tools of every server that one worker serves, by the policies of the present configuration. What
 * the primary tells is kept whether or not a server is pinned now, so that a reload begins with what is known.
 */
import type { SeenTool, ToolPins } from '../ipc/tool-pin-messages.js';
import { PinnedTools } from './pinned-tools.js';

const NO_PINS: ToolPins = { pins: {}, quarantined: [] };

export class PinnedServers {
  readonly #report: (server: string, tools: readonly SeenTool[]) => void;
  /** As told by the primary; bounded by the servers that were ever configured. */
  readonly #states: Map<string, ToolPins>;
  readonly #tools = new Map<string, PinnedTools>();

  constructor(
    states: Readonly<Record<string, ToolPins>>,
    report: (server: string, tools: readonly SeenTool[]) => void,
  ) {
    this.#states = new Map(Object.entries(states));
    this.#report = report;
  }

  /** In place of the one before, because the policy may be another. Null where nobody looks. */
  of(server: string, policy: 'off' | 'allow' | 'warn' | 'quarantine'): PinnedTools | null {
    this.#tools.delete(server);
    if (policy === 'off') return null;
    const tools = new PinnedTools({
      hidesChanges: policy === 'quarantine',
      pins: this.#states.get(server) ?? NO_PINS,
      report: (seen) => {
        this.#report(server, seen);
      },
    });
    this.#tools.set(server, tools);
    return tools;
  }

  receive(server: string, pins: ToolPins): void {
    this.#states.set(server, pins);
    this.#tools.get(server)?.receive(pins);
  }
}
