/**
 * The upstream that all targets stand before: answers `tools/call` as fast as the machine allows, so
 * that what is measured is the hop. Started as a process of its own; prints its port.
 */
import uWS from 'uWebSockets.js';

const app = uWS.App();
app.post('/mcp', (res) => {
  let body = '';
  res.onAborted(() => undefined);
  res.onData((chunk, isLast) => {
    body += Buffer.from(chunk).toString();
    if (!isLast) return;
    const { id, params } = JSON.parse(body) as {
      id: unknown;
      params: { arguments: { text: string } };
    };
    const text = params.arguments.text;
    const answer = {
      jsonrpc: '2.0',
      id,
      result: { resultType: 'complete', content: [{ type: 'text', text }] },
    };
    res.cork(() => {
      res.writeHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
});
app.listen('127.0.0.1', Number(process.argv[2] ?? 0), (socket) => {
  if (socket === false) process.exit(1);
  process.stdout.write(`listening\n`);
});
