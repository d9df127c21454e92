/**
 * What knowing costs: counting a request and writing its line, in process and per request; and what the
 * whole gateway uses when nobody calls it (health checks, sampling, reports, merging).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nextRequestId } from '../../src/kernel/ids.js';
import { DeltaWriter } from '../../src/telemetry/metric-delta.js';
import { openRequestLog } from '../../src/telemetry/request-log.js';
import { RequestMetrics } from '../../src/telemetry/request-metrics.js';
import type { RequestRecord } from '../../src/telemetry/request-record.js';
import { median } from '../hop-cost.js';
import type { Cell, Part } from '../part.js';
import { treeCpuMicros } from '../process-tree.js';
import { openBench } from '../targets/bench.js';

/** As many as a worker may see between two reports. */
const RECORDS_A_REPORT = 10_000;
const IDLE_SECONDS = 30;

export const telemetry: Part = {
  name: 'telemetry',
  about: 'CPU of metrics and request log for each request, and of an idle gateway',
  run: async ({ isQuick, workers }) => {
    const rounds = isQuick ? 3 : 9;
    const reports = isQuick ? 10 : 40;
    const metrics: number[] = [];
    const log: number[] = [];
    for (let round = -1; round < rounds; round += 1) {
      const counted = await metricsMicros(reports);
      const written = await logMicros(reports);
      if (round < 0) continue; // Compilers.
      metrics.push(counted);
      log.push(written);
    }
    return [
      {
        title: 'Metrics and request log for each request',
        method: `In process, ${RECORDS_A_REPORT * reports} records a round, medians of ${rounds} rounds: CPU of all threads, the report of each ${RECORDS_A_REPORT} records and the writes to a file included.`,
        columns: ['what', 'CPU µs/request'],
        rows: [
          ['metrics', median(metrics)],
          ['request log', median(log)],
          ['both', median(metrics) + median(log)],
        ],
      },
      {
        title: 'A gateway that nobody calls',
        method: `CPU of all its processes over ${isQuick ? 10 : IDLE_SECONDS} s: reports of each process, their merging, sampling of the machine, health checks once a second.`,
        columns: ['workers', 'CPU ms/s'],
        rows: [await idle(workers, isQuick ? 10 : IDLE_SECONDS)],
      },
    ];
  },
};

async function metricsMicros(reports: number): Promise<number> {
  const metrics = new RequestMetrics({ isServer: () => true, isTool: () => true });
  const writer = new DeltaWriter();
  const startedAt = process.cpuUsage();
  for (let report = 0; report < reports; report += 1) {
    for (let n = 0; n < RECORDS_A_REPORT; n += 1) metrics.record(recordOf(n));
    metrics.report(writer);
    writer.take();
    await nextTurn();
  }
  return microsSince(startedAt, reports);
}

async function logMicros(reports: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'multi-mcp-perf-'));
  try {
    const log = openRequestLog(join(dir, 'requests.log'));
    const startedAt = process.cpuUsage();
    for (let report = 0; report < reports; report += 1) {
      for (let n = 0; n < RECORDS_A_REPORT; n += 1) {
        log.write(recordOf(n));
        // About as many as one turn of a busy worker handles.
        if (n % 50 === 0) await nextTurn();
      }
    }
    log.flush();
    if (log.dropped() > 0) throw new Error(`${log.dropped()} lines were dropped`);
    return microsSince(startedAt, reports);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function idle(workers: number, seconds: number): Promise<Cell[]> {
  await using bench = await openBench({
    workers,
    global: { healthCheckInterval: 1_000 },
  });
  await pause(5_000); // The start's own work.
  const before = treeCpuMicros(bench.gatewayPid);
  await pause(seconds * 1_000);
  const micros = treeCpuMicros(bench.gatewayPid) - before;
  return [String(workers), micros / 1_000 / seconds];
}

function recordOf(n: number): RequestRecord {
  return {
    requestId: nextRequestId(),
    server: 'meerkats-table',
    user: 'user-17',
    clientAddress: '192.0.2.17',
    httpMethod: 'POST',
    method: 'tools/call',
    target: 'query_rows',
    status: 200,
    reason: 'ok',
    bytes: 300 + (n % 1_000),
    totalMs: 1 + (n % 977) / 10,
    queueMs: 0.01,
    upstreamMs: 1 + (n % 911) / 11,
    beforeMs: 0.2,
    isListening: false,
    error: null,
  };
}

function microsSince(startedAt: NodeJS.CpuUsage, reports: number): number {
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / (reports * RECORDS_A_REPORT);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
