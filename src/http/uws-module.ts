/**
 * The part of uWebSockets.js that we use, as it is found in the pinned build: written down here so
 * that a build without it (or a changed one) is refused when it is loaded, not when it is called.
 */

export interface UwsResponse {
  writeStatus(status: string): unknown;
  writeHeader(name: string, value: string | Uint8Array): unknown;
  write(chunk: string | Uint8Array): boolean;
  end(body?: string | Uint8Array, closeConnection?: boolean): unknown;
  endWithoutBody(): unknown;
  /** Hands over what the socket takes and buffers nothing: [everything so far, the whole reply]. */
  tryEnd(rest: string | Uint8Array, totalBytes: number): [boolean, boolean];
  /** Body bytes handed over so far. */
  getWriteOffset(): number;
  close(): unknown;
  cork(work: () => void): unknown;
  /** The listener gets the count of body bytes handed over so far. */
  onWritable(listener: (offset: number) => boolean): unknown;
  onAborted(listener: () => void): unknown;
  /** The chunk's memory is taken back when the listener returns. */
  onData(listener: (chunk: ArrayBuffer, isLast: boolean) => void): unknown;
  /** 4 or 16 bytes. */
  getRemoteAddress(): ArrayBuffer;
}

/** Usable only until the route handler returns. */
export interface UwsRequest {
  getCaseSensitiveMethod(): string;
  getUrl(): string;
  getQuery(): string | undefined;
  forEach(visit: (name: string, value: string) => void): void;
}

export interface UwsApp {
  any(pattern: string, handler: (res: UwsResponse, req: UwsRequest) => void): unknown;
  /** Told of every socket: +1 when it opens, -1 when it closes. */
  filter(listener: (res: UwsResponse, change: number) => void): unknown;
  listen(host: string, port: number, done: (token: unknown) => void): unknown;
  close(): unknown;
}

export interface UwsModule {
  App(): UwsApp;
  us_listen_socket_close(token: unknown): void;
  us_socket_local_port(token: unknown): number;
  /** Undocumented; `silent` leaves out the `uWebSockets` reply header. */
  readonly _cfg?: (setting: string) => void;
}

/** True when everything above is there, `App.filter` included (older builds lack it). */
export function isUwsModule(candidate: unknown): candidate is UwsModule {
  if (typeof candidate !== 'object' || candidate === null) return false;
  const hasFunctions = ['App', 'us_listen_socket_close', 'us_socket_local_port'].every(
    (name) => typeof Reflect.get(candidate, name) === 'function',
  );
  if (!hasFunctions) return false;
  const module = candidate as UwsModule;
  return typeof Reflect.get(Object(module.App()), 'filter') === 'function';
}
