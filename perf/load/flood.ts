/**
 * A flood of requests by wrk (Debian's package), which makes one for a tenth of what it costs in Node: on a
 * machine that has to carry gateway and load, the load must not be what is measured. Bounded in connections
 * and time; only ever to 127.0.0.1.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Flood {
  readonly port: number;
  readonly path: string;
  /** Aimed at: each connection pauses between requests. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly headers: readonly string[];
  readonly body: string;
  /** Used in turn. */
  readonly credentials: readonly string[];
}

export interface FloodResult {
  readonly perSecond: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Connections refused or broken, answers that never came. */
  readonly lost: number;
}

/** Of one connection: its request, the answer and the pause. */
const CYCLE_MS = 10;
const PAUSE_MS = 8;

export const hasWrk = (): boolean => spawnSync('wrk', ['-v']).error === undefined;

export const NO_WRK = 'Not measured: the flood needs wrk (apt-get install wrk).';

export async function flood(options: Flood): Promise<FloodResult> {
  const { port, path, perSecond, seconds } = options;
  const dir = mkdtempSync(join(tmpdir(), 'multi-mcp-flood-'));
  try {
    const script = join(dir, 'flood.lua');
    writeFileSync(join(dir, 'credentials'), options.credentials.join('\n'));
    writeFileSync(script, scriptOf(options, join(dir, 'credentials')));
    const connections = Math.max(1, Math.round((perSecond * CYCLE_MS) / 1000));
    const { stdout } = await promisify(execFile)('wrk', [
      ...['--threads', '1', '--connections', String(connections)],
      ...['--duration', `${seconds}s`, '--script', script],
      `http://127.0.0.1:${port}${path}`,
    ]);
    const printed = stdout.slice(stdout.indexOf(RESULT) + RESULT.length);
    return JSON.parse(printed) as FloodResult;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const RESULT = 'RESULT';

function scriptOf({ headers, body }: Flood, credentials: string): string {
  const fields = headers.map((line) => {
    const [name = '', value = ''] = line.split(/: */, 2);
    return `wrk.headers[${luaString(name)}] = ${luaString(value)}`;
  });
  // A pause of random length, or all connections would send in step.
  return `${fields.join('\n')}
local credentials = {}
for line in io.lines(${luaString(credentials)}) do credentials[#credentials + 1] = line end
local sent = 0
counts = {}
request = function()
  sent = sent + 1
  wrk.headers["Authorization"] = "Bearer " .. credentials[(sent - 1) % #credentials + 1]
  return wrk.format("POST", nil, nil, ${luaString(body)})
end
response = function(status) counts[status] = (counts[status] or 0) + 1 end
delay = function() return math.random(1, ${2 * PAUSE_MS - 1}) end
setup = function(thread) flooding = thread end
done = function(summary)
  local byStatus = {}
  for status, count in pairs(flooding:get("counts")) do
    byStatus[#byStatus + 1] = string.format('"%d":%d', status, count)
  end
  local errors = summary.errors
  io.write(string.format('${RESULT}{"perSecond":%f,"byStatus":{%s},"lost":%d}',
    summary.requests * 1e6 / summary.duration, table.concat(byStatus, ","),
    errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}

const luaString = (text: string): string => JSON.stringify(text);
