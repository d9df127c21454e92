/**
 * The whole conformance run: the fixture directly, then behind the gateway as HTTP, stdio and module
 * upstream, at every revision; the same must be said of it each time (design, "Acceptance rule").
 */
import { startAddHeaderProxy } from '../add-header-proxy.js';
import { startGateway } from '../start-gateway.js';
import { compare, type Comparison, type Way } from './compare.js';
import { fixtureModule, fixtureStdioProgram, startFixture } from './fixture.js';
import { REVISIONS, runSuite, type Revision, type SuiteResult } from './suite.js';

/** One run takes 1-3 s directly; a child process a session costs the rest. */
const SUITE_DEADLINE_MS = 240_000;

export interface ConformanceOptions {
  /** Default: all. */
  readonly revisions?: readonly Revision[];
  /** Through the gateway; default: all. Empty: the fixture directly, without a gateway. */
  readonly ways?: readonly Exclude<Way, 'direct'>[];
  /** The Node.js that runs fixture and gateway; the suite has its own. Default: the present one. */
  readonly node?: string;
  /** Default: the one the gateway chooses by itself. */
  readonly front?: 'uws' | 'node';
  readonly onProgress?: (line: string) => void;
}

export async function runConformance(options: ConformanceOptions = {}): Promise<Comparison[]> {
  const { revisions = REVISIONS, ways = ['http', 'stdio', 'module'], onProgress } = options;
  const node = options.node ?? process.execPath;
  const cleanups: (() => Promise<void>)[] = [];
  try {
    const fixture = await startFixture(node);
    cleanups.push(() => fixture.program.destroy());
    const urls = new Map<Way, string>([['direct', fixture.url]]);
    if (ways.length > 0) {
      const gateway = await startGateway({
        config: conformanceConfig(fixture.url, node, options.front),
        node,
      });
      cleanups.push(() => gateway.destroy());
      const key = await gateway.makeKey('conformance');
      const proxy = await startAddHeaderProxy(gateway.port, `Authorization: Bearer ${key}`);
      cleanups.push(() => proxy.close());
      for (const way of ways) urls.set(way, `http://127.0.0.1:${proxy.port}/fixture-${way}/mcp`);
    }
    const comparisons: Comparison[] = [];
    for (const revision of revisions) {
      const results: Partial<Record<Way, SuiteResult>> = {};
      for (const [way, url] of urls) {
        onProgress?.(`${revision} ${way}`);
        results[way] = await runSuite(url, revision, SUITE_DEADLINE_MS);
      }
      comparisons.push(compare(revision, results));
    }
    return comparisons;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

function conformanceConfig(
  fixtureUrl: string,
  node: string,
  front = 'auto',
): Record<string, unknown> {
  return {
    global: { workers: 2, maxConcurrentRequestsPerUser: 100, front },
    // The suite does not end every session it opens, and each stdio session is a process.
    servers: {
      'fixture-http': { url: fixtureUrl },
      'fixture-stdio': {
        command: node,
        args: [fixtureStdioProgram],
        maxProcesses: 200,
      },
      'fixture-module': { module: fixtureModule },
    },
  };
}
