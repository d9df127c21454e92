/**
 * Opens connections to one in-process module. The module is imported and made once, when the host
 * starts, and serves every user and session; a channel opened while it still loads waits with its
 * messages, and one opened after it failed is told why at once. ES modules cannot be imported anew,
 * so a module that failed stays failed until the host is replaced.
 */
import type { Logger } from 'pino';
import { GatewayError } from '../kernel/errors.js';
import type { ModuleFactory, SdkServerModule, ToolModule } from '../servers/module-api.js';
import type { DocumentStore } from '../store/store.js';
import type { Channel, ChannelListener, ChannelOwner, ChannelSource } from './channel.js';
import { LoadingChannel } from './loading-channel.js';
import { moduleLog } from './module-log.js';
import { moduleStorage } from './module-storage.js';
import { SdkServerChannel } from './sdk-server-channel.js';
import { serveModule, type ServedModule } from './served-module.js';
import type { SourceStatus, StatusSource } from './source-status.js';
import { ToolModuleChannel } from './tool-module-channel.js';

export interface ModuleSourceOptions {
  readonly serverName: string;
  /** Imports the module's file and returns its exports. */
  readonly load: () => Promise<unknown>;
  readonly documents: DocumentStore;
  readonly maxChannels: number;
  readonly loadTimeoutMs?: number;
  readonly log: Logger;
}

/** Modules may open files and connections at their start; more than this is a hang. Chosen. */
const DEFAULT_LOAD_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5000;

type Loaded =
  | { readonly kind: 'tools'; readonly served: ServedModule; readonly close: () => Promise<void> }
  | { readonly kind: 'sdk'; readonly module: SdkServerModule; readonly close: () => Promise<void> };

export class ModuleSource implements ChannelSource, StatusSource {
  readonly #options: ModuleSourceOptions;
  readonly #channels = new Set<Channel>();
  #loaded: Loaded | null = null;
  #failure: GatewayError | null = null;
  #isClosed = false;
  /** Settles when the module is ready or failed; never rejects. */
  readonly ready: Promise<void>;

  /** Starts loading. */
  constructor(options: ModuleSourceOptions) {
    this.#options = options;
    this.ready = this.#load();
  }

  get openCount(): number {
    return this.#channels.size;
  }

  get isFull(): boolean {
    return this.#channels.size >= this.#options.maxChannels;
  }

  get isLoading(): boolean {
    return this.#loaded === null && this.#failure === null;
  }

  /** Throws GW_DRAINING, GW_BULKHEAD_FULL, or GW_UPSTREAM_UNREACHABLE when the module did not load. */
  open(owner: ChannelOwner, listener: ChannelListener): Channel {
    if (this.#isClosed) throw new GatewayError('GW_DRAINING');
    if (this.#failure !== null) throw this.#failure;
    if (this.isFull) {
      throw new GatewayError('GW_BULKHEAD_FULL', { log: { sent: false } });
    }
    const onGone = (): void => {
      this.#channels.delete(channel);
    };
    const channel: Channel =
      this.#loaded === null
        ? new LoadingChannel(this.ready, () => this.#openLoaded(owner, listener, onGone), {
            listener,
            onGone,
          })
        : this.#openLoaded(owner, listener, onGone);
    this.#channels.add(channel);
    return channel;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    if (this.#loaded !== null) await this.#closeModule(this.#loaded);
  }

  status(): SourceStatus {
    const failure = this.#failure;
    return {
      kind: 'module',
      state: failure !== null ? 'failing' : this.#loaded === null ? 'loading' : 'ready',
      reason: failure === null ? null : reasonOf(failure),
      openCount: this.#channels.size,
      restarts: 0,
      droppedLines: 0,
    };
  }

  #openLoaded(owner: ChannelOwner, listener: ChannelListener, onGone: () => void): Channel {
    const loaded = this.#loaded;
    if (loaded === null) throw this.#failure ?? new GatewayError('GW_DRAINING');
    const { serverName, documents, log } = this.#options;
    if (loaded.kind === 'sdk') {
      const { createServer } = loaded.module;
      return new SdkServerChannel({ createServer, owner, listener, log, onGone });
    }
    return new ToolModuleChannel({
      serverName,
      served: loaded.served,
      listener,
      storageOf: (user) => moduleStorage(documents, { server: serverName, user }),
      log,
      onGone,
    });
  }

  async #load(): Promise<void> {
    const { log, loadTimeoutMs = DEFAULT_LOAD_TIMEOUT_MS } = this.#options;
    const making = this.#make();
    try {
      const loaded = await withDeadline(making, loadTimeoutMs);
      if (this.#isClosed) await this.#closeModule(loaded);
      else this.#loaded = loaded;
    } catch (cause) {
      // Whatever it opened until then would stay open: it is given up, but it may still arrive.
      making.then(
        (late) => this.#closeModule(late),
        () => undefined,
      );
      log.error({ err: cause }, 'module did not load');
      this.#failure = new GatewayError('GW_UPSTREAM_UNREACHABLE', {
        hint: 'Its module did not load; the log says why.',
        log: { sent: false },
        cause,
      });
    }
  }

  /** Never rejects. */
  async #closeModule(loaded: Loaded): Promise<void> {
    // Called inside a promise: a module may throw at once.
    const closed = Promise.resolve().then(() => loaded.close());
    await withDeadline(closed, CLOSE_TIMEOUT_MS).catch((cause: unknown) => {
      this.#options.log.warn({ err: cause }, 'module did not close in order');
    });
  }

  async #make(): Promise<Loaded> {
    const { load, serverName, log } = this.#options;
    const made: unknown = await factoryOf(await load())({ serverName, log: moduleLog(log) });
    if (isSdkServerModule(made)) {
      return { kind: 'sdk', module: made, close: () => made.close?.() ?? Promise.resolve() };
    }
    if (isToolModule(made)) {
      return {
        kind: 'tools',
        served: serveModule(made),
        close: () => made.close?.() ?? Promise.resolve(),
      };
    }
    throw new TypeError('the module factory must return { name, version, … } or { createServer }');
  }
}

function factoryOf(exports: unknown): ModuleFactory {
  const factory = isObject(exports) ? exports['default'] : undefined;
  if (isFactory(factory)) return factory;
  throw new TypeError('the default export of a module must be a function (ModuleFactory)');
}

function isFactory(value: unknown): value is ModuleFactory {
  return typeof value === 'function';
}

function isSdkServerModule(value: unknown): value is SdkServerModule {
  return isObject(value) && typeof value['createServer'] === 'function';
}

function isToolModule(value: unknown): value is ToolModule {
  return (
    isObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string'
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function reasonOf(failure: GatewayError): string {
  const { cause } = failure;
  return cause instanceof Error ? cause.message : failure.message;
}

async function withDeadline<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not done within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
