/**
 * Which tools may be called twice without harm, as servers said it in the lists that passed through
 * (`annotations.readOnlyHint`, `idempotentHint`; MCP schema, ToolAnnotations). Asked only when a call
 * failed, and a tool never seen counts as harmful. Bounded in servers by the configuration and in
 * tools per server; a list longer than the relay collects is not learned from.
 */

const MAX_TOOLS_PER_SERVER = 5000;

interface Known {
  /** The list last learned from: clients ask for the same one again and again. */
  bytes: Buffer;
  readonly harmless: Map<string, boolean>;
}

export class ToolHints {
  readonly #servers = new Map<string, Known>();
  readonly #announced = new Map<string, ReadonlySet<string>>();

  /** `bytes`: a `tools/list` answer, as JSON or as an event stream. What is no list changes nothing. */
  learn(server: string, bytes: Buffer): void {
    let known = this.#servers.get(server);
    if (known?.bytes.equals(bytes) === true) return;
    if (known === undefined) {
      known = { bytes, harmless: new Map() };
      this.#servers.set(server, known);
    } else known.bytes = bytes;
    for (const tool of toolsIn(bytes)) {
      const { name, annotations } = tool;
      if (typeof name !== 'string') continue;
      if (known.harmless.size >= MAX_TOOLS_PER_SERVER && !known.harmless.has(name)) return;
      known.harmless.set(name, isHarmless(annotations));
    }
  }

  /** What a health check found listed. */
  announce(server: string, names: readonly string[]): void {
    this.#announced.set(server, new Set(names));
  }

  /** Whether a list that passed through here, or a health check, named it. */
  isKnown(server: string, tool: string): boolean {
    return (
      this.#announced.get(server)?.has(tool) === true ||
      this.#servers.get(server)?.harmless.has(tool) === true
    );
  }

  isIdempotent(server: string, tool: string): boolean {
    return this.#servers.get(server)?.harmless.get(tool) ?? false;
  }

  /** Another server has the name from now on. */
  forget(server: string): void {
    this.#servers.delete(server);
    this.#announced.delete(server);
  }

  /** Tools known, over all servers. */
  get size(): number {
    let size = 0;
    for (const { harmless } of this.#servers.values()) size += harmless.size;
    return size;
  }
}

function isHarmless(annotations: unknown): boolean {
  if (!isRecord(annotations)) return false;
  return annotations['readOnlyHint'] === true || annotations['idempotentHint'] === true;
}

function toolsIn(bytes: Buffer): readonly Record<string, unknown>[] {
  for (const text of messagesIn(bytes.toString())) {
    const message = parse(text);
    const result = isRecord(message) ? message['result'] : undefined;
    const tools = isRecord(result) ? result['tools'] : undefined;
    if (Array.isArray(tools)) return tools.filter(isRecord);
  }
  return [];
}

function messagesIn(text: string): readonly string[] {
  if (text.startsWith('{')) return [text];
  return text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // An event of several lines, or no JSON: nothing is learned from it.
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
