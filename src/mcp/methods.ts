/**
 * The method table: for each MCP request, where `Mcp-Name` takes its value from and whether running it
 * twice does no harm. Unlisted methods are forwarded with the careful defaults.
 * Sources: MCP 2026-07-28 basic/transports (standard headers), tasks extension SEP-2663.
 */

export interface MethodRow {
  /** The member of `params` that `Mcp-Name` must repeat; null where the header is not required. */
  readonly nameSource: 'name' | 'uri' | 'taskId' | null;
  /** A repetition is harmless whatever the server does; a `tools/call` needs the tool's annotations. */
  readonly isIdempotent: boolean;
  /** The answer is a stream that lives until someone ends it: capped apart, never holds a slot. */
  readonly isListening: boolean;
  /** Bounded word for metrics and logs. */
  readonly metricsClass: string;
}

const row = (
  metricsClass: string,
  isIdempotent: boolean,
  nameSource: MethodRow['nameSource'] = null,
  isListening = false,
): MethodRow => ({ metricsClass, isIdempotent, nameSource, isListening });

const METHODS: ReadonlyMap<string, MethodRow> = new Map([
  ['initialize', row('initialize', false)],
  ['ping', row('ping', true)],
  ['server/discover', row('server/discover', true)],
  ['tools/list', row('tools/list', true)],
  ['tools/call', row('tools/call', false, 'name')],
  ['prompts/list', row('prompts/list', true)],
  ['prompts/get', row('prompts/get', true, 'name')],
  ['resources/list', row('resources/list', true)],
  ['resources/templates/list', row('resources/templates/list', true)],
  ['resources/read', row('resources/read', true, 'uri')],
  ['resources/subscribe', row('resources/subscribe', true)],
  ['resources/unsubscribe', row('resources/unsubscribe', true)],
  ['subscriptions/listen', row('subscriptions/listen', true, null, true)],
  ['completion/complete', row('completion/complete', true)],
  ['logging/setLevel', row('logging/setLevel', true)],
  ['tasks/get', row('tasks/get', true, 'taskId')],
  ['tasks/update', row('tasks/update', false, 'taskId')],
  ['tasks/cancel', row('tasks/cancel', true, 'taskId')],
]);

const NOTIFICATION = row('notification', false);
const OTHER = row('other', false);

export function methodRow(method: string): MethodRow {
  return METHODS.get(method) ?? (method.startsWith('notifications/') ? NOTIFICATION : OTHER);
}
