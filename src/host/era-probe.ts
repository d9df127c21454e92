/**
 * Finds out whether a server speaks modern revisions: `server/discover` on an instance of its own, which
 * is thrown away, because some legacy servers exit on any request before `initialize`. An answer that
 * only a modern server gives means modern; every other answer, an exit or silence means legacy. A server that
 * proved to be modern before and now ends or is silent is taken for ill, not for legacy: a crash must not
 * make clients believe that they speak the wrong version. One that cannot be started, or still loads, gets no verdict.
 * Source: MCP 2026-07-28 "Versioning", probing on stdio; SDK 2.4 client, `versionNegotiation: 'auto'`.
 */
import { GatewayError } from '../kernel/errors.js';
import { errorOf, memberOf } from '../mcp/message-members.js';
import type { ScannedMessage } from '../mcp/scan-message.js';
import { isLegacyVersion, isModernVersion, MODERN_VERSIONS, type Era } from '../mcp/versions.js';
import type { Channel, ChannelOwner, ChannelSource } from './channel.js';
import type { EndpointOptions } from './endpoint-options.js';
import { ownRequest, readServerMessage } from './server-message.js';

/** A verdict from silence or an exit may have been a bad moment; one from an answer holds longer. Chosen. */
const UNCERTAIN_MS = 60_000;
const CERTAIN_MS = 600_000;
/** When a client may ask a module again that did not load within the probe's time. Chosen. */
const LOADING_RETRY_MS = 1000;

const PROBE_ID = 1;

interface Finding {
  readonly era: Era;
  /** The modern versions it says it serves; empty for a legacy server. */
  readonly versions: readonly string[];
}

interface Verdict extends Finding {
  readonly validUntilMs: number;
}

interface Proof extends Finding {
  /** When an instance first ended without a word since; null: never. */
  readonly doubtedAtMs: number | null;
}

interface Probing {
  readonly promise: Promise<Era>;
  readonly deadlineAtMs: number;
  readonly conclude: (finding: Finding, validMs: number) => void;
  readonly fail: (error: GatewayError) => void;
}

export class EraProbe {
  readonly #source: ChannelSource;
  readonly #options: EndpointOptions;
  readonly #owner: Pick<ChannelOwner, 'user' | 'credential'>;
  #verdict: Verdict | null = null;
  /** The last answer of a modern server, until a legacy one answers. */
  #proof: Proof | null = null;
  #probing: Probing | null = null;

  constructor(
    source: ChannelSource,
    options: EndpointOptions,
    owner: Pick<ChannelOwner, 'user' | 'credential'>,
  ) {
    this.#source = source;
    this.#options = options;
    this.#owner = owner;
  }

  /** The server's era where it is pinned or known; null: ask `find`. */
  known(): Era | null {
    const { era, now } = this.#options;
    if (era !== 'auto') return era;
    if (this.#verdict === null || now() >= this.#verdict.validUntilMs) return null;
    return this.#verdict.era;
  }

  /** The versions that a modern server serves; ours where it was not asked. */
  versions(): readonly string[] {
    const versions = this.#verdict?.versions ?? [];
    return versions.length > 0 ? versions : MODERN_VERSIONS;
  }

  /** Asks the server, once for all who wait. Rejects when it cannot be started, or with what `source.open` throws. */
  async find(): Promise<Era> {
    const known = this.known();
    if (known !== null) return known;
    return (this.#probing ?? this.#start()).promise;
  }

  /** What was found may not hold any more. */
  forget(): void {
    this.#verdict = null;
    if (this.#proof === null) return;
    const { doubtedAtMs, ...finding } = this.#proof;
    this.#proof = { ...finding, doubtedAtMs: doubtedAtMs ?? this.#options.now() };
  }

  /** Gives up on a probe that is silent for too long. */
  sweep(nowMs: number): void {
    const probing = this.#probing;
    if (probing === null || nowMs < probing.deadlineAtMs) return;
    // Its silence is not the server's: a slow module would be taken for a legacy one.
    if (this.#source.isLoading === true) probing.fail(stillLoading());
    else probing.conclude(this.#unanswered(), UNCERTAIN_MS);
  }

  /** Ends a running probe. */
  close(): void {
    this.#probing?.conclude(LEGACY, 0);
  }

  /** What silence or an exit shows. An answer outweighs it for as long as one holds. */
  #unanswered(): Finding {
    const proof = this.#proof;
    if (proof === null) return LEGACY;
    const doubtedMs = this.#options.now() - (proof.doubtedAtMs ?? this.#options.now());
    return doubtedMs < CERTAIN_MS ? proof : LEGACY;
  }

  #start(): Probing {
    const { now, probeTimeoutMs } = this.#options;
    const { promise, resolve, reject } = promiseOf<Era>();
    const state: { channel: Channel | null; isOver: boolean } = { channel: null, isOver: false };
    const end = (): boolean => {
      if (state.isOver) return false;
      state.isOver = true;
      this.#probing = null;
      if (state.channel !== null) this.#dispose(state.channel);
      return true;
    };
    const probing: Probing = {
      promise,
      deadlineAtMs: now() + probeTimeoutMs,
      conclude: (finding, validMs) => {
        const { era, versions } = finding;
        if (!end()) return;
        this.#verdict = { era, versions, validUntilMs: now() + validMs };
        this.#options.log.info({ era }, 'the server was probed');
        resolve(era);
      },
      fail: (error) => {
        if (end()) reject(error);
      },
    };
    this.#probing = probing;
    try {
      state.channel = this.#source.open(
        { purpose: 'probe', ...this.#owner },
        {
          onMessage: (bytes) => {
            const finding = findingFrom(bytes);
            if (finding === null) return;
            const isModern = finding.era === 'modern';
            this.#proof = isModern ? { ...finding, doubtedAtMs: null } : null;
            // Modern is proven once for all; a legacy server may be upgraded behind our back.
            probing.conclude(finding, isModern ? Infinity : CERTAIN_MS);
          },
          onClose: (error) => {
            const didStart = error.options.log?.['sent'] !== false;
            if (didStart) probing.conclude(this.#unanswered(), UNCERTAIN_MS);
            else probing.fail(error);
          },
        },
      );
    } catch (thrown) {
      this.#probing = null;
      throw thrown;
    }
    // It may have said from inside `open` that it never came up.
    if (state.isOver) this.#dispose(state.channel);
    else state.channel.send(ownRequest(PROBE_ID, 'server/discover', {}), this.#owner);
    return probing;
  }

  #dispose(channel: Channel): void {
    channel.close().catch((err: unknown) => {
      this.#options.log.warn({ err }, 'a probe did not close');
    });
  }
}

const LEGACY: Finding = { era: 'legacy', versions: [] };

/** What an answer to the probe shows; null when it is no answer to it. */
function findingFrom(bytes: Buffer): Finding | null {
  const read = readServerMessage(bytes);
  if (read.kind === 'malformed') return read.id === PROBE_ID ? LEGACY : null;
  const { message } = read;
  if (message.kind !== 'response' || message.id !== PROBE_ID) return null;
  if (message.isError) return findingFromError(message);
  const body: unknown = JSON.parse(message.bytes.toString());
  const versions = textsOf(memberOf(memberOf(body, 'result'), 'supportedVersions'));
  return versions.some(isModernVersion) ? { era: 'modern', versions } : LEGACY;
}

/** Some codes only modern revisions define. */
function findingFromError(message: ScannedMessage): Finding {
  const error = errorOf(message);
  const code = memberOf(error, 'code');
  if (code !== -32020 && code !== -32021 && code !== -32022) return LEGACY;
  const supported = textsOf(memberOf(memberOf(error, 'data'), 'supported'));
  const versions = supported.filter((version) => !isLegacyVersion(version));
  if (supported.length > 0 && versions.length === 0) return LEGACY;
  return { era: 'modern', versions };
}

function textsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).filter((each) => typeof each === 'string');
}

function promiseOf<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: GatewayError) => void = () => undefined;
  const promise = new Promise<Value>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  return { promise, resolve, reject };
}

function stillLoading(): GatewayError {
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', {
    hint: 'It is still loading; the request was not sent.',
    retryAfterMs: LOADING_RETRY_MS,
    log: { sent: false },
  });
}
