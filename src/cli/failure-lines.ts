/** How a failure is told: one line for what, one line for what to do; one JSON object for programs. */
import { AnnalsError } from '../kernel/annals-error';
import { ConstraintRefusedError } from '../client';
import { exitCodeOf, InputError, UsageError } from './exit-codes';
import { findingWords } from './jobs/job-lines';
import { printable, type Colors } from './terminal';

interface Violations {
  readonly violations: readonly { readonly code: string; readonly message: string }[];
}

/** The lines for stderr. */
export function failureLines(error: unknown, json: boolean, colors: Colors): string[] {
  return json ? [JSON.stringify({ error: failureFacts(error) })] : sentences(error, colors);
}

function sentences(error: unknown, colors: Colors): string[] {
  const whats =
    error instanceof ConstraintRefusedError
      ? [`what is recorded breaks the constraint ${error.constraint}`, ...error.findings.map(findingWords)]
      : hasViolations(error)
        ? error.violations.map(({ message }) => message)
        : [messageOf(error)];
  const remedy = remedyOf(error);
  return [
    ...whats.map((what) => `${colors.red('annals:')} ${printable(what)}`),
    ...(remedy === undefined ? [] : [`  → ${printable(remedy)}`]),
  ];
}

function failureFacts(error: unknown): Record<string, unknown> {
  return {
    code: error instanceof AnnalsError ? error.code : error instanceof UsageError ? 'USAGE' : 'FAILED',
    message: messageOf(error),
    ...(error instanceof AnnalsError && error.field !== undefined ? { field: error.field } : {}),
    ...(error instanceof AnnalsError && Object.keys(error.metadata).length > 0 ? { metadata: error.metadata } : {}),
    ...(hasViolations(error) ? { violations: error.violations } : {}),
    ...(error instanceof ConstraintRefusedError ? { findings: error.findings } : {}),
    remedy: remedyOf(error),
    exitCode: exitCodeOf(error),
  };
}

function remedyOf(error: unknown): string | undefined {
  const has = error instanceof AnnalsError || error instanceof UsageError || error instanceof InputError;
  return has ? error.remedy : undefined;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const hasViolations = (error: unknown): error is Violations =>
  error instanceof AnnalsError &&
  'violations' in error &&
  Array.isArray(error.violations) &&
  error.violations.length > 0;
