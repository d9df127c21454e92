/**
 * Which Host and Origin values are answered: the defence against DNS rebinding, where a web page
 * makes its own name resolve to our address (MCP 2025-11-25 transports, "Security Warning";
 * CVE-2025-66414 and its kin). A name can be rebound, a literal address cannot.
 */
import { isIP } from 'node:net';

export interface HostRulesOptions {
  /** The address we listen on. */
  readonly host: string;
  /** Names without port; `*` admits every name. */
  readonly allowedHosts: readonly string[];
  /** Whole origins, for example `https://app.example.org`; `*` admits every origin but `null`. */
  readonly allowedOrigins: readonly string[];
}

// Underscores are no part of host names, but container networks hand them out.
const HOST = /^(?:([A-Za-z0-9._-]{1,253})|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{1,5}))?$/;
const WEB_ORIGIN = /^(https?):\/\/([^/?#@]+)$/;
const DEFAULT_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' };

export interface Authority {
  /** Lower case, IPv6 without brackets. */
  readonly name: string;
  readonly port: string | undefined;
}

/** Name and port of a Host header, or undefined when it is not a valid one. */
export function parseHost(value: string): Authority | undefined {
  const match = HOST.exec(value);
  if (match === null) return undefined;
  const name = (match[1] ?? match[2] ?? '').toLowerCase();
  return { name: name.endsWith('.') ? name.slice(0, -1) : name, port: match[3] };
}

/** True for the names and addresses by which a machine reaches only itself. */
export function isLoopbackName(name: string): boolean {
  if (name === 'localhost' || name === '::1') return true;
  return name.startsWith('127.') && isIP(name) === 4;
}

export class HostRules {
  readonly #checksHost: boolean;
  readonly #allowsAnyHost: boolean;
  readonly #allowsLoopbackNames: boolean;
  readonly #allowedHosts: ReadonlySet<string>;
  readonly #allowedOrigins: ReadonlySet<string>;

  constructor({ host, allowedHosts, allowedOrigins }: HostRulesOptions) {
    const bind = host.toLowerCase();
    const isWildcardBind = bind === '' || bind === '0.0.0.0' || bind === '::';
    const isLoopbackBind = isLoopbackName(bind);
    // A loopback bind is the one that browsers on this machine can be led to: checked by default.
    this.#checksHost = isLoopbackBind || allowedHosts.length > 0;
    this.#allowsAnyHost = allowedHosts.includes('*');
    this.#allowsLoopbackNames = isLoopbackBind || isWildcardBind;
    this.#allowedHosts = new Set([...allowedHosts.map((name) => name.toLowerCase()), bind]);
    this.#allowedOrigins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  }

  isHostAllowed({ name }: Authority): boolean {
    return !this.#checksHost || this.#allowsAnyHost || this.#isHostKnown(name);
  }

  /** Whether no web page can have led a browser here under this name: `*` admits names, and knows none. */
  isHostTrusted({ name }: Authority): boolean {
    return isIP(name) !== 0 || isLoopbackName(name) || this.#allowedHosts.has(name);
  }

  /** `host` is the request's own, already allowed. */
  isOriginAllowed(origin: string, host: Authority): boolean {
    const asked = origin.toLowerCase();
    // Sandboxed frames and local files share this one value: it names nobody.
    if (asked === 'null') return false;
    if (this.#allowedOrigins.has(asked) || this.#allowedOrigins.has('*')) return true;
    const match = WEB_ORIGIN.exec(asked);
    const from = match === null ? undefined : parseHost(match[2] ?? '');
    if (from === undefined) return false;
    if (isLoopbackName(from.name)) return true;
    const scheme = match?.[1] ?? '';
    return (
      from.name === host.name &&
      (from.port ?? DEFAULT_PORT[scheme]) === (host.port ?? DEFAULT_PORT[scheme]) &&
      // A rebound name equals its own Host: sameness proves nothing for a name we do not know.
      (isIP(from.name) !== 0 || this.#isHostKnown(from.name))
    );
  }

  #isHostKnown(name: string): boolean {
    return this.#allowedHosts.has(name) || (this.#allowsLoopbackNames && isLoopbackName(name));
  }
}
