/** What caused what, told to a person: one operation as `annals trace` draws it. */
import { traceDrawing } from '../src/cli/correlation/trace-drawing';
import { count, plural } from '../src/cli/terminal';
import { heading, type Surroundings } from './report';
import type { TraceStory } from './trace-story';

export function traceReport({ senders, drawn, largest, causes }: TraceStory, around: Surroundings): string[] {
  const { colors } = around;
  const { dim } = colors;
  const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  const events = drawn.nodes.filter(({ kind }) => kind === 'event').length;
  return [
    ...heading(`One operation: ${drawn.correlationId}, a commit that was checked and deployed`, around),
    ...indented(traceDrawing(drawn.nodes, drawn.gaps, { colors })),
    '',
    dim(
      '  Causes are what the payloads name: a status its deployment, a deployment its commit, whose push is not there.',
    ),
    dim(
      `  Who it was, they say too: ${plural(senders.persons, 'person')} and ${plural(senders.systems, 'system')} in the whole log.`,
    ),
    `  ${count(events)} events traced in ${drawn.ms.toFixed(0)} ms; ${plural(largest.nodes.length, 'node')} of ${largest.correlationId} in ${largest.ms.toFixed(0)} ms`,
    ...heading('How it came about that a comment was edited', around),
    ...indented(traceDrawing(causes, [], { colors, asked: causes.at(-1)?.eventId })),
  ];
}
