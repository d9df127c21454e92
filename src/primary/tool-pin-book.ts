/**
 * Which tool definitions are approved, for all workers and across restarts. A tool is pinned as it is first
 * seen; when it changes, the server's policy decides: `allow` pins the new definition, `warn` tells operators,
 * `quarantine` also hides the tool until it is approved. One writer, so that workers who see different lists at the same
 * time are judged one after the other.
 */
import type { Logger } from 'pino';
import type { PinningPolicy } from '../../config/config.js';
import type { SeenTool, ToolPins } from '../ipc/tool-pin-messages.js';
import { definitionDiff } from '../mcp/tool-definition.js';
import type { DocumentStore } from '../store/store.js';
import type { AlertRaiser } from './alerts.js';

export interface ToolPinBookOptions {
  /** As configured now. */
  readonly policyOf: (server: string) => 'off' | PinningPolicy;
  readonly documents: Pick<DocumentStore, 'list' | 'put'>;
  readonly alerts: AlertRaiser;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly broadcast: (server: string, pins: ToolPins) => void;
}

interface Definition {
  readonly hash: string;
  readonly text: string;
}

interface Pin {
  readonly approved: Definition;
  /** Seen since, and not approved. */
  readonly changed: Definition | null;
}

/** No server can have this name, so no module can reach these documents. */
const SCOPE = '@tool-pins';
const PAGE = 1000;
const MAX_TOOLS = 5000;
/** A store's key holds 1024 bytes; longer names are no tool's. */
const MAX_NAME_BYTES = 1024;
/** Messages of workers that wait for the store. */
const MAX_WAITING = 1000;

export class ToolPinBook {
  readonly #options: ToolPinBookOptions;
  readonly #servers = new Map<string, Map<string, Pin>>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ToolPinBookOptions) {
    this.#options = options;
  }

  /** Reads what is kept of the pinned ones among these. Rejects when it cannot: unknown pins would approve anything. */
  async load(servers: readonly string[]): Promise<void> {
    for (const server of servers) {
      if (this.#options.policyOf(server) !== 'off') await this.#pinsOf(server);
    }
  }

  /** By server, for those whose tools are pinned. */
  states(): Record<string, ToolPins> {
    return Object.fromEntries(
      [...this.#servers].map(([server, pins]) => [server, this.#stateOf(server, pins)]),
    );
  }

  /** What a worker saw that it did not know. Never rejects. */
  async seen(server: string, tools: readonly SeenTool[]): Promise<void> {
    const { log } = this.#options;
    if (this.#waiting >= MAX_WAITING) return; // It is told again when the list is seen again.
    this.#waiting += 1;
    try {
      await this.#inTurn(() => this.#judge(server, tools));
    } catch (cause) {
      log.error({ err: cause, server }, 'tool definitions could not be pinned');
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Approves changed tools as they are now: one, or (null) all of the server. Returns their names. */
  approve(server: string, tool: string | null): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      const pins = await this.#pinsOf(server);
      const approved: string[] = [];
      for (const [name, { changed }] of pins) {
        if (changed === null || (tool !== null && tool !== name)) continue;
        await this.#put(server, name, { approved: changed, changed: null });
        approved.push(name);
      }
      if (approved.length > 0) this.#announce(server, pins);
      return approved;
    });
  }

  async #judge(server: string, tools: readonly SeenTool[]): Promise<void> {
    const policy = this.#options.policyOf(server);
    if (policy === 'off') return;
    const pins = await this.#pinsOf(server);
    let changes = 0;
    try {
      for (const { name, hash, text } of tools) {
        const pin = pins.get(name);
        if (pin === undefined) {
          if (pins.size >= MAX_TOOLS || !isNameable(name)) continue;
          changes += 1;
          await this.#put(server, name, { approved: { hash, text }, changed: null });
        } else if (pin.approved.hash !== hash && pin.changed?.hash !== hash) {
          changes += 1;
          await this.#change(server, name, { pin, now: { hash, text }, policy });
        }
      }
    } finally {
      // Also when the store failed: what is in memory holds for the workers too.
      if (changes > 0) this.#announce(server, pins);
    }
  }

  async #change(
    server: string,
    name: string,
    { pin, now, policy }: { pin: Pin; now: Definition; policy: PinningPolicy },
  ): Promise<void> {
    const { log } = this.#options;
    const diff = definitionDiff(pin.approved.text, now.text);
    const facts = { server, tool: name, policy, diff };
    if (policy === 'allow') {
      log.info(facts, 'a server changed a tool');
      await this.#put(server, name, { approved: now, changed: null });
      return;
    }
    log.warn(facts, 'a server changed a tool that was approved');
    await this.#put(server, name, { ...pin, changed: now });
  }

  /** Read from the store when the server is first pinned, at the start or by a reload. */
  async #pinsOf(server: string): Promise<Map<string, Pin>> {
    const known = this.#servers.get(server);
    if (known !== undefined) return known;
    const pins = new Map<string, Pin>();
    let afterKey: string | undefined;
    for (;;) {
      const page = await this.#options.documents.list(
        { server: SCOPE, user: server },
        { prefix: '', limit: PAGE, ...(afterKey !== undefined && { afterKey }) },
      );
      for (const { key, value } of page) if (isPin(value)) pins.set(key, value);
      afterKey = page.at(-1)?.key;
      if (page.length < PAGE) break;
    }
    this.#servers.set(server, pins);
    this.#tellState(server, pins);
    return pins;
  }

  async #put(server: string, name: string, pin: Pin): Promise<void> {
    // In memory first: while the store is away a change must not pass for approved.
    this.#servers.get(server)?.set(name, pin);
    await this.#options.documents.put({ server: SCOPE, user: server }, name, pin);
  }

  #announce(server: string, pins: ReadonlyMap<string, Pin>): void {
    this.#options.broadcast(server, this.#stateOf(server, pins));
    this.#tellState(server, pins);
  }

  #stateOf(server: string, pins: ReadonlyMap<string, Pin>): ToolPins {
    const hides = this.#options.policyOf(server) === 'quarantine';
    return {
      pins: Object.fromEntries([...pins].map(([name, { approved }]) => [name, approved.hash])),
      quarantined: hides ? changedTools(pins) : [],
    };
  }

  #tellState(server: string, pins: ReadonlyMap<string, Pin>): void {
    const { alerts, policyOf } = this.#options;
    const changed = changedTools(pins);
    if (changed.length === 0) {
      alerts.clear('tool-definition-changed', server);
      return;
    }
    const names = changed.slice(0, 5).join(', ') + (changed.length > 5 ? ', …' : '');
    const effect = policyOf(server) === 'quarantine' ? 'hidden' : 'still served';
    const message = `${server} changed ${names} (${effect}). The log shows how; approve with: multi-mcp servers approve ${server}`;
    alerts.raise('tool-definition-changed', server, message);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function changedTools(pins: ReadonlyMap<string, Pin>): string[] {
  return [...pins].filter(([, { changed }]) => changed !== null).map(([name]) => name);
}

function isNameable(name: string): boolean {
  return (
    name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES && !/[\0\p{Surrogate}]/u.test(name)
  );
}

function isPin(value: unknown): value is Pin {
  if (typeof value !== 'object' || value === null) return false;
  if (!('approved' in value) || !('changed' in value)) return false;
  return isDefinition(value.approved) && (value.changed === null || isDefinition(value.changed));
}

function isDefinition(value: unknown): value is Definition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'hash' in value &&
    typeof value.hash === 'string' &&
    'text' in value &&
    typeof value.text === 'string'
  );
}
