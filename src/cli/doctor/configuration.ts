/** The configuration as `validate` judges it, in one finding a problem. */
import { processEnv } from '../../../config/load.js';
import type { Problem } from '../../../config/problem.js';
import { missingSourceFiles } from '../../../config/source-files.js';
import { EXIT } from '../../kernel/exit-codes.js';
import type { Patient } from './check.js';
import { failure, fine, warning, type Finding } from './finding.js';

export function examineConfiguration({ inspection }: Patient): readonly Finding[] {
  // The file could not be read: the command itself has said why.
  if (inspection === null) return [];
  const { config, problems, warnings } = inspection;
  const missing = missingSourceFiles(inspection, processEnv());
  const servers = Object.values(config.servers);
  const enabled = servers.filter((server) => server.enabled).length;
  const findings = [
    ...[...problems].map((problem) => asFailure(problem, EXIT.config)),
    ...missing.map((problem) => asFailure(problem, EXIT.unavailable)),
    ...warnings.map((problem) =>
      warning('config', describe(problem), problem.hint ?? 'multi-mcp validate shows the line'),
    ),
  ];
  if (findings.some(({ severity }) => severity === 'error')) return findings;
  const message = `${config.configPath ?? 'the configuration'} is valid: ${enabled} of ${servers.length} servers enabled`;
  return [fine('config', message), ...findings];
}

export function asFailure(problem: Problem, exitCode: number): Finding {
  const fix = problem.hint ?? 'multi-mcp validate shows the line';
  return failure('config', describe(problem), fix, exitCode);
}

function describe({ file, line, path, message }: Problem): string {
  const place = file === null ? '' : `${file}${line === null ? '' : `:${line}`} `;
  return `${place}${path} ${message}`.replace(/ {2,}/g, ' ').trim();
}
