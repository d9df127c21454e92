/**
 * Thread task: the reports of all workers, added up. Pure, so that a batch whose thread died can be merged
 * again elsewhere without a count being lost or counted twice.
 */
import { mergeDeltas, type MergedDelta } from '../src/telemetry/metric-delta.js';

export default function aggregateMetrics(reports: readonly string[]): MergedDelta {
  return mergeDeltas(reports);
}
