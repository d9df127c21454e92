/**
 * The tools of the conformance fixture that answer by themselves: content kinds, logging, progress,
 * errors, polling, schemas and the list-change triggers. Names and texts are those the suite's
 * server scenarios ask for (@modelcontextprotocol/conformance, `conformance list --server`).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fromJsonSchema } from '@modelcontextprotocol/server';
import { SILENT_WAV, image, text, textResult } from './samples.mjs';

/** Long enough for a client to see separate messages, short enough for a suite of a hundred scenarios. */
const BETWEEN_MESSAGES_MS = 50;

const noArguments = fromJsonSchema({ type: 'object', properties: {}, additionalProperties: false });

/** Schema of SEP-1613 and SEP-2106: every keyword must survive `tools/list` on its way to the client. */
const schema202012 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/**
 * @param {import('@modelcontextprotocol/server').McpServer} server
 * @param {{ toolsChanged(): void, promptsChanged(): void }} announce
 */
export function registerTools(server, announce) {
  const tool = (name, description, handler, inputSchema = noArguments) =>
    server.registerTool(name, { description, inputSchema }, handler);

  tool('test_simple_text', 'Returns one text block', () =>
    textResult('This is a simple text response for testing.'),
  );
  tool('test_image_content', 'Returns one image block', () => ({ content: [image] }));
  tool('test_audio_content', 'Returns one audio block', () => ({
    content: [{ type: 'audio', data: SILENT_WAV, mimeType: 'audio/wav' }],
  }));
  tool('test_embedded_resource', 'Returns one embedded resource', () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }));
  tool('test_multiple_content_types', 'Returns text, image and resource', () => ({
    content: [
      text('Multiple content types test:'),
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  }));
  tool('test_error_handling', 'Always fails', () => {
    throw new Error('This tool intentionally returns an error for testing');
  });

  tool('test_tool_with_logging', 'Sends three log messages', async (_args, ctx) => {
    for (const message of [
      'Tool execution started',
      'Tool processing data',
      'Tool execution completed',
    ]) {
      await ctx.mcpReq.log('info', message);
      await pause(BETWEEN_MESSAGES_MS);
    }
    return textResult('Tool with logging executed successfully');
  });
  tool('test_logging_tool', 'Logs only when the request asks for logs', async (_args, ctx) => {
    await ctx.mcpReq.log('info', 'A message for those who asked');
    return textResult('Logging tool executed successfully');
  });
  tool('test_tool_with_progress', 'Reports 0, 50 and 100 of 100', async (_args, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: {
            progressToken,
            progress,
            total: 100,
            message: `Completed step ${progress} of 100`,
          },
        });
      }
      await pause(BETWEEN_MESSAGES_MS);
    }
    return textResult('Tool with progress executed successfully');
  });

  // Where the transport can close one request's stream (streamable HTTP with an event store) the
  // client must come back with Last-Event-ID for the answer (SEP-1699); elsewhere it just waits.
  tool('test_reconnection', 'Closes its stream before answering', async (_args, ctx) => {
    ctx.http?.closeSSE?.();
    await pause(2 * BETWEEN_MESSAGES_MS);
    return textResult('Reconnection test completed');
  });

  tool('test_trigger_tool_change', 'Announces a changed tool list', () => {
    announce.toolsChanged();
    return textResult('Tool list change announced');
  });
  tool('test_trigger_prompt_change', 'Announces a changed prompt list', () => {
    announce.promptsChanged();
    return textResult('Prompt list change announced');
  });

  tool(
    'test_header_param',
    'Takes its region as a header too',
    ({ region, attempts }) => textResult(`region=${region} attempts=${attempts ?? 0}`),
    fromJsonSchema({
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        attempts: { type: 'integer', 'x-mcp-header': 'Attempts' },
      },
      required: ['region'],
    }),
  );
  tool(
    'json_schema_2020_12_tool',
    'Tool with JSON Schema 2020-12 features',
    (args) => textResult(`JSON Schema 2020-12 tool called with: ${JSON.stringify(args)}`),
    fromJsonSchema(schema202012),
  );
}
