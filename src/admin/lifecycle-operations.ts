/** What an operator does to the running gateway as a whole. JSON-serialisable: it crosses the admin socket. */

export interface RestartReport {
  /** Whether every worker was replaced; false when a new one did not start, or the gateway stops. */
  readonly ok: boolean;
  readonly replaced: number;
  readonly workers: number;
  readonly durationMs: number;
  /** Whether connections in an accept queue survive; null where the kernel does not say. */
  readonly tcpMigrateReq: boolean | null;
}

export interface RestartState {
  /** How far the present one is; null when there is none. */
  readonly running: { readonly replaced: number; readonly workers: number } | null;
  /** The last that came to its end; null when there was none since the start. */
  readonly last: RestartReport | null;
}

export interface ReloadReport {
  readonly ok: boolean;
  /** The one in force now. */
  readonly version: number;
  /** One line for people: what changed, or the first problem. */
  readonly summary: string;
  /** Settings for which the workers are being replaced, as the file names them. */
  readonly workersReplacedFor: readonly string[];
  /** Settings that keep their old value until the gateway is started anew. */
  readonly restartNeededFor: readonly string[];
  /** One line each, with file, line and column. */
  readonly problems: readonly string[];
  readonly durationMs: number;
}

export interface LifecycleOperations {
  /** Reads the configuration again and applies what changed; resolves when every process runs by it. */
  reload(): Promise<ReloadReport>;
  /** Begins to replace the workers one after the other; resolves at once. */
  restartWorkers(): Promise<RestartState>;
  restartState(): Promise<RestartState>;
  /**
   * Ends the children or the module of a server that an upstream host runs, and begins anew; its sessions
   * end. Rejects with GW_SERVER_UNKNOWN; false for one that the workers reach by HTTP, which has none.
   */
  restartServer(name: string): Promise<boolean>;
}
