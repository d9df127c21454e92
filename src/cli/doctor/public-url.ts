/**
 * The way a client takes, from outside in: name, certificate, proxy. The gateway's own event stream tells whether
 * the proxy keeps events back (the most common fault of all), and whom the gateway takes the client for.
 */
import { connect } from 'node:tls';
import { monotonicMs, wallDate } from '../../kernel/clock.js';
import { EXIT } from '../../kernel/exit-codes.js';
import type { Patient, RunningGateway } from './check.js';
import { failure, fine, note, warning, type Finding } from './finding.js';
import { networkReason } from './servers.js';

const TIMEOUT_MS = 10_000;
const MAX_SKEW_SECONDS = 5;
const CERTIFICATE_DAYS = 14;
const DAY_MS = 86_400_000;
const TOKEN_SECONDS = 60;
/** The stream's events are 200 ms apart. */
const MIN_SPREAD_MS = 300;
const MAX_STREAM_CHARS = 65_536;
const CHECK = 'public url';
const NGINX = 'proxy_buffering off; proxy_http_version 1.1; (deploy/nginx.conf)';

export async function examinePublicUrl(patient: Patient): Promise<readonly Finding[]> {
  const { publicUrl, gateway } = patient;
  if (publicUrl === null) return [];
  const reached = await examineLiveness(publicUrl);
  if (reached.some(({ severity }) => severity === 'error')) return reached;
  const certificate = publicUrl.startsWith('https:') ? await examineCertificate(publicUrl) : [];
  return [...reached, ...certificate, ...(await examineStream(publicUrl, gateway))];
}

async function examineLiveness(url: string): Promise<readonly Finding[]> {
  let response: Response;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(`${url}/livez`, { redirect: 'manual', signal });
  } catch (thrown) {
    const message = `${url} cannot be reached: ${networkReason(thrown)}`;
    return [failure(CHECK, message, 'check DNS, firewall, proxy, certificate', EXIT.unavailable)];
  }
  const body = (await response.text()).slice(0, 200);
  if (response.status !== 200 || body.trim() !== 'ok') {
    const message = `${url}/livez answers ${response.status}, and not as the gateway does`;
    const fix =
      response.status === 403
        ? 'the proxy must pass Host on (proxy_set_header Host $host), and global.publicUrl name it'
        : 'let the proxy pass every path to the gateway (deploy/nginx.conf)';
    return [failure(CHECK, message, fix, EXIT.unavailable)];
  }
  return [fine(CHECK, `${url} reaches the gateway`), ...judgeSkew(response.headers.get('date'))];
}

/** `date`: the reply's header. */
export function judgeSkew(date: string | null, now = wallDate()): readonly Finding[] {
  const seconds = date === null ? Number.NaN : (Date.parse(date) - now.getTime()) / 1000;
  if (Number.isNaN(seconds) || Math.abs(seconds) <= MAX_SKEW_SECONDS) return [];
  const message = `the clocks here and there differ by ${Math.round(Math.abs(seconds))} s: tokens are refused early or late`;
  return [warning(CHECK, message, 'timedatectl set-ntp true, on both')];
}

async function examineCertificate(url: string): Promise<readonly Finding[]> {
  const { hostname, port } = new URL(url);
  const validTo = await new Promise<string | null>((resolve) => {
    const options = { host: hostname, port: Number(port || 443), servername: hostname };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().valid_to);
      socket.destroy();
    });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.once('error', () => {
      resolve(null);
    });
    socket.once('close', () => {
      resolve(null);
    });
  });
  return judgeCertificate(validTo === null ? null : new Date(validTo));
}

export function judgeCertificate(validTo: Date | null, now = wallDate()): readonly Finding[] {
  if (validTo === null) return [note('certificate', 'could not be read')];
  const days = Math.floor((validTo.getTime() - now.getTime()) / DAY_MS);
  const message = `the certificate is valid for ${days} more days`;
  if (days >= CERTIFICATE_DAYS) return [fine('certificate', message)];
  return [warning('certificate', message, 'renew it (certbot renew), and see why it was not')];
}

async function examineStream(
  url: string,
  gateway: RunningGateway | null,
): Promise<readonly Finding[]> {
  if (gateway === null) {
    const message = 'not checked for buffering: no gateway runs on this machine to make a token';
    return [note('event stream', message, 'run the command where the gateway runs')];
  }
  const minted = await gateway.ask('POST', '/tokens', {
    user: 'multi-mcp-doctor',
    // A server of no configuration: the token opens nothing but the stream.
    servers: ['multi-mcp-doctor'],
    expiresInSeconds: TOKEN_SECONDS,
  });
  const token =
    typeof minted === 'object' && minted !== null && 'token' in minted ? String(minted.token) : '';
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${url}/livez/stream`, {
    redirect: 'manual',
    signal,
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
  });
  if (response.status !== 200 || response.body === null) {
    const message = `${url}/livez/stream answers ${response.status}`;
    return [
      failure(
        'event stream',
        message,
        'the proxy must pass Authorization on, to the gateway of this machine',
        EXIT.unavailable,
      ),
    ];
  }
  const arrivals: number[] = [];
  let text = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    const events = text.split('\n\n').length - 1;
    while (arrivals.length < events) arrivals.push(monotonicMs());
    if (text.length > MAX_STREAM_CHARS) break;
  }
  await reader.cancel();
  return [...judgeStream(arrivals), ...judgeForwarding(url, text)];
}

/** `arrivals`: when each event came. */
export function judgeStream(arrivals: readonly number[]): readonly Finding[] {
  const [first = 0] = arrivals;
  const spreadMs = Math.round((arrivals.at(-1) ?? 0) - first);
  const check = 'event stream';
  if (arrivals.length < 2) {
    const message = `only ${arrivals.length} of 5 events came through`;
    return [failure(check, message, NGINX, EXIT.unavailable)];
  }
  if (spreadMs < MIN_SPREAD_MS) {
    const message = `the proxy keeps events back: ${arrivals.length} came within ${spreadMs} ms instead of 800`;
    return [failure(check, message, NGINX, EXIT.unavailable)];
  }
  return [fine(check, `events come one by one, ${arrivals.length} over ${spreadMs} ms`)];
}

/** `text`: the stream, in which the gateway tells what it knows of its client. */
export function judgeForwarding(url: string, text: string): readonly Finding[] {
  const { protocol, hostname } = new URL(url);
  if (['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return [];
  if (text.includes('"isLoopback":true')) {
    return [
      failure(
        'forwarding',
        'the gateway takes clients of this address for local ones: everyone sees /health and the dashboard',
        'let the proxy send X-Forwarded-For (proxy_set_header X-Forwarded-For $remote_addr), and set global.trustProxy',
        EXIT.config,
      ),
    ];
  }
  // The gateway speaks no TLS itself, so somebody stands before it.
  if (protocol === 'https:' && text.includes('"isForwarded":false')) {
    return [
      warning(
        'forwarding',
        'the gateway sees the proxy and not the client behind it',
        'set global.trustProxy to the address of the proxy, which must send X-Forwarded-For',
      ),
    ];
  }
  return [];
}
