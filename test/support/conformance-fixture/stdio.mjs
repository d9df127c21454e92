/** The conformance fixture as a stdio server: `node stdio.mjs`. Ends when its standard input ends. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createFixtureServer } from './server.mjs';

serveStdio(({ era }) => createFixtureServer({ era }));
