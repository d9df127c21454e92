/**
 * What workers and the primary tell each other about pinned tools: workers what they saw in lists, the primary
 * what is approved and what is in quarantine. Rare: only what is new or changed is told.
 */

/** What is approved of one server's tools. */
export interface ToolPins {
  /** Name → hash of the approved definition. */
  readonly pins: Readonly<Record<string, string>>;
  /** Tools that nobody sees until they are approved anew. */
  readonly quarantined: readonly string[];
}

export interface SeenTool {
  readonly name: string;
  readonly hash: string;
  readonly text: string;
}

export interface ToolsSeenMessage {
  readonly type: 'tools-seen';
  readonly server: string;
  readonly tools: readonly SeenTool[];
}

export interface ToolPinsMessage extends ToolPins {
  readonly type: 'tool-pins';
  readonly server: string;
}

export function isToolsSeen(message: Readonly<Record<string, unknown>>): boolean {
  const { server, tools } = message;
  return typeof server === 'string' && Array.isArray(tools) && tools.every(isSeenTool);
}

export function isToolPins(message: Readonly<Record<string, unknown>>): boolean {
  const { server, pins, quarantined } = message;
  return (
    typeof server === 'string' &&
    typeof pins === 'object' &&
    pins !== null &&
    Array.isArray(quarantined)
  );
}

function isSeenTool(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'hash' in value &&
    typeof value.hash === 'string' &&
    'text' in value &&
    typeof value.text === 'string'
  );
}
