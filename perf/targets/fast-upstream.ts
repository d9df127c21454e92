/**
 * The upstream that all targets stand before: answers `tools/call` as fast as the machine allows, so
 * that what is measured is the hop. The call's arguments say how: `text` comes back, padded to
 * `answerBytes`, after `delayMs`, as JSON or as an event stream. Started as a process of its own.
 */
import { randomUUID } from 'node:crypto';
import uWS from 'uWebSockets.js';

interface EchoRequest {
  readonly id: unknown;
  readonly method: string;
  readonly params: {
    readonly arguments?: {
      readonly text: string;
      readonly answerBytes?: number;
      readonly delayMs?: number;
      readonly isEvents?: boolean;
    };
  };
}

const UNCACHED = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };

const app = uWS.App();
app.post('/mcp', (res) => {
  let body = '';
  let isGone = false;
  res.onAborted(() => {
    isGone = true;
  });
  res.onData((chunk, isLast) => {
    body += Buffer.from(chunk).toString();
    if (!isLast) return;
    const { id, method, params } = JSON.parse(body) as EchoRequest;
    if (method === 'initialize') {
      const result = {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'fast-upstream', version: '1.0.0' },
      };
      res.cork(() => {
        res.writeHeader('content-type', 'application/json');
        res.writeHeader('mcp-session-id', randomUUID());
        res.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
      });
      return;
    }
    if (params.arguments === undefined) {
      // The gateway's health check.
      const result = {
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        ...UNCACHED,
      };
      const discovered = method === 'tools/list' ? { tools: [], ...UNCACHED } : result;
      res.cork(() => {
        res.writeHeader('content-type', 'application/json');
        res.end(JSON.stringify({ jsonrpc: '2.0', id, result: discovered }));
      });
      return;
    }
    const { text, answerBytes = 0, delayMs = 0, isEvents = false } = params.arguments;
    const message = JSON.stringify({
      jsonrpc: '2.0',
      id,
      result: {
        resultType: 'complete',
        content: [{ type: 'text', text: text.padEnd(answerBytes, 'x') }],
      },
    });
    const answer = (): void => {
      if (isGone) return;
      res.cork(() => {
        res.writeHeader('content-type', isEvents ? 'text/event-stream' : 'application/json');
        res.end(isEvents ? `event: message\ndata: ${message}\n\n` : message);
      });
    };
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
});
/** A listening stream on which nothing ever happens. */
app.get('/mcp', (res) => {
  res.onAborted(() => undefined);
  res.cork(() => {
    res.writeHeader('content-type', 'text/event-stream').write(': open\n\n');
  });
});
app.listen('127.0.0.1', Number(process.argv[2] ?? 0), (socket) => {
  if (socket === false) process.exit(1);
  process.stdout.write(`listening\n`);
});
