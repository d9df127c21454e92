/**
 * A worker's eye on the tools of one server: compares every list that passes with what is pinned, tells the
 * primary what is new or changed, and hides what is in quarantine. Under `quarantine` a changed tool is gone from
 * the very list that shows the change.
 */
import { hash as digest } from 'node:crypto';
import type { SeenTool, ToolPins } from '../ipc/tool-pin-messages.js';
import { toolDefinitions, type ToolDefinition } from '../mcp/tool-definition.js';
import type { NameJudge } from '../policy/name-filter.js';

export interface PinnedToolsOptions {
  readonly hidesChanges: boolean;
  readonly pins: ToolPins;
  readonly report: (tools: readonly SeenTool[]) => void;
}

/** Of lists that were compared; clients ask for the same ones again and again. */
const MAX_KNOWN_LISTS = 64;
const MAX_REPORTED = 5000;
/** Longer definitions are pinned by their hash; only this much of them is shown. */
const MAX_TEXT_CHARS = 32_768;

export class PinnedTools implements NameJudge {
  readonly #options: PinnedToolsOptions;
  readonly #pins = new Map<string, string>();
  readonly #quarantined = new Set<string>();
  readonly #knownLists = new Set<string>();
  /** Name and hash of what was told already. */
  readonly #reported = new Set<string>();

  constructor(options: PinnedToolsOptions) {
    this.#options = options;
    this.receive(options.pins);
  }

  admits(name: string): boolean {
    return !this.#quarantined.has(name);
  }

  /** The primary's word replaces what was believed. */
  receive({ pins, quarantined }: ToolPins): void {
    this.#pins.clear();
    this.#quarantined.clear();
    this.#knownLists.clear();
    this.#reported.clear();
    for (const [name, hash] of Object.entries(pins)) this.#pins.set(name, hash);
    for (const name of quarantined) this.#quarantined.add(name);
  }

  /** Any message of the server; what is no list of tools changes nothing. */
  inspect(message: Buffer): void {
    if (!message.includes('"tools"')) return;
    const list = digest('sha256', message, 'base64');
    if (this.#knownLists.has(list)) return;
    if (this.#knownLists.size >= MAX_KNOWN_LISTS) this.#knownLists.clear();
    this.#knownLists.add(list);
    const news = definitionsIn(message).filter(({ name, hash }) => this.#isNews(name, hash));
    if (news.length === 0) return;
    this.#options.report(
      news.map(({ name, hash, text }) => ({ name, hash, text: text.slice(0, MAX_TEXT_CHARS) })),
    );
  }

  #isNews(name: string, hash: string): boolean {
    const pinned = this.#pins.get(name);
    if (pinned === hash) return false;
    if (pinned !== undefined && this.#options.hidesChanges) this.#quarantined.add(name);
    const key = `${hash} ${name}`;
    if (this.#reported.has(key)) return false;
    if (this.#reported.size >= MAX_REPORTED) this.#reported.clear();
    this.#reported.add(key);
    return true;
  }
}

/** What is not JSON is refused where the list is filtered. */
function definitionsIn(message: Buffer): readonly ToolDefinition[] {
  try {
    return toolDefinitions(message);
  } catch {
    return [];
  }
}
