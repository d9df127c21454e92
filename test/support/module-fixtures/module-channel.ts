/** A tool module of a test behind its channel, and how to ask it as a legacy or a modern client does. */
import { createMemoryStore } from '../memory-store.js';
import type { ToolModule } from '../../../src/servers/module-api.js';
import { moduleStorage } from '../../../src/host/module-storage.js';
import { serveModule } from '../../../src/host/served-module.js';
import { ToolModuleChannel } from '../../../src/host/tool-module-channel.js';
import { RecordingListener, recordingLog } from '../stdio-fixtures/stdio-fixture.js';

export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

export interface OpenModule {
  readonly channel: ToolModuleChannel;
  readonly listener: RecordingListener;
  readonly entries: Record<string, unknown>[];
  readonly gone: () => number;
  /** Sends a request and resolves with its response. */
  readonly ask: (method: string, params?: object, user?: string) => Promise<Answer>;
  readonly askModern: (method: string, params?: object, meta?: object) => Promise<Answer>;
  readonly send: (message: object, user?: string) => void;
}

export interface Answer {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export function moduleOf(parts: Partial<ToolModule> = {}): ToolModule {
  return { name: 'test-module', version: '1.2.3', ...parts };
}

export function openModule(
  parts: Partial<ToolModule>,
  credentialOf: (user: string) => string | null = () => null,
): OpenModule {
  const listener = new RecordingListener();
  const { log, entries } = recordingLog();
  const { documents } = createMemoryStore();
  let gone = 0;
  const channel = new ToolModuleChannel({
    serverName: 'srv',
    served: serveModule(moduleOf(parts)),
    listener,
    storageOf: (user) => moduleStorage(documents, { server: 'srv', user }),
    log,
    onGone: () => {
      gone += 1;
    },
  });
  let lastId = 0;
  const send = (message: object, user = 'alice'): void => {
    channel.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })), {
      user,
      credential: credentialOf(user),
    });
  };
  const ask = async (method: string, params: object = {}, user = 'alice'): Promise<Answer> => {
    lastId += 1;
    const id = lastId;
    send({ id, method, params }, user);
    return listener.response(id);
  };
  return {
    channel,
    listener,
    entries,
    gone: () => gone,
    send,
    ask,
    askModern: (method, params = {}, meta = {}) =>
      ask(method, { ...params, _meta: { ...MODERN_META, ...meta } }),
  };
}
