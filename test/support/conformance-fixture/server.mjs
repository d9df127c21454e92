/**
 * One instance of the conformance fixture: an MCP server with the tools, prompts and resources that
 * the conformance suite's server scenarios name. It knows no transport: http.mjs, stdio.mjs and
 * module.mjs serve the same instance definition, for 2025 sessions and for 2026-07-28 alike.
 */
import { McpServer } from '@modelcontextprotocol/server';
import { registerAskingTools, requestState } from './asking-tools.mjs';
import { registerPrompts, registerResources } from './prompts-and-resources.mjs';
import { registerTools } from './tools.mjs';

/**
 * @param {{ announce?: { toolsChanged(): void, promptsChanged(): void }, era?: 'legacy' | 'modern' }} [options]
 *   `announce`: where list changes go, when this instance does not live as long as its subscribers.
 */
export function createFixtureServer({ announce, era = 'legacy' } = {}) {
  const server = new McpServer(
    { name: 'conformance-fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
      instructions: 'Serves the names that the MCP conformance suite asks for.',
      requestState: { verify: requestState.verify },
      cacheHints: { 'tools/list': { ttlMs: 5000, cacheScope: 'public' } },
    },
  );
  registerTools(
    server,
    announce ?? {
      toolsChanged: () => server.sendToolListChanged(),
      promptsChanged: () => server.sendPromptListChanged(),
    },
  );
  registerAskingTools(server);
  registerPrompts(server);
  registerResources(server);
  if (era === 'legacy') {
    const nothing = () => ({});
    server.server.setRequestHandler('resources/subscribe', nothing);
    server.server.setRequestHandler('resources/unsubscribe', nothing);
  }
  return server;
}
