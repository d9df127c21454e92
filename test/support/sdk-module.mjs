/**
 * A module that brings a ready server of the SDK: the first generation where it is served as `first`, else
 * the second. `token` returns the caller's own credential, `user` the caller, `pid` its process.
 */
import { McpServer as FirstGeneration } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as SecondGeneration } from '@modelcontextprotocol/server';

const INFO = { name: 'sdk-module', version: '1.0.0' };
const text = (value) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });

export default function sdkModule({ serverName }) {
  const isFirst = serverName === 'first';
  return {
    createServer() {
      const server = isFirst ? new FirstGeneration(INFO) : new SecondGeneration(INFO);
      const authInfoOf = (extra) => (isFirst ? extra.authInfo : extra.http?.authInfo);
      server.registerTool('token', {}, async (extra) => text(authInfoOf(extra)?.token));
      server.registerTool('user', {}, async (extra) => text(authInfoOf(extra)?.clientId));
      server.registerTool('pid', {}, async () => text(process.pid));
      return server;
    },
  };
}
