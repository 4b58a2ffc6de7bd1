/**
 * Templates looked at when a sequence is created, so that a rollback, months later perhaps, meets no mistake that
 * could have been told then. Whether the events have what is asked for shows only when it is rendered.
 */
import { LIMITS } from '../../src/kernel/limits';
import { over, type Fault } from '../ordered-sequences/fault';
import type { Json, RollbackStrategy } from '../../src/contract/sequence-document';
import { SCOPE_FIELDS } from './scope';
import { parseTemplate, shown, type Expression } from './template';
import { depthOf, textsOf } from './template-texts';

/**
 * Every fault of a strategy's templates.
 *
 * @param events how many the sequence has.
 * @param field where the strategy stands, such as `document.rollback_strategy`.
 */
export const checkTemplates = (strategy: RollbackStrategy, events: number, field: string): Fault[] =>
  strategy.compensating_events.flatMap((entry, i) => {
    const place = `${field}.compensating_events[${i}]`;
    return [
      ...checkTemplate(entry.payload_template, events, `${place}.payload_template`),
      ...contentFaults(entry.payload_template, `${place}.payload_template`),
      ...(entry.event_source_id === undefined
        ? []
        : checkTemplate(entry.event_source_id, events, `${place}.event_source_id`)),
    ];
  });

/** Every fault of one template, of whatever JSON. */
export function checkTemplate(template: Json, events: number, field: string): Fault[] {
  const depth = depthOf(template);
  if (depth > LIMITS.templateDepth) {
    const problem = `is nested over ${LIMITS.templateDepth} levels deep`;
    return [{ field, problem, limit: LIMITS.templateDepth, actual: depth }];
  }
  const bytes = Buffer.byteLength(JSON.stringify(template));
  if (bytes > LIMITS.templateBytes) return [over(field, LIMITS.templateBytes, bytes, 'bytes as JSON')];

  const faults: Fault[] = [];
  let expressions = 0;
  for (const { place, text, isKey } of textsOf(template)) {
    const at = `${field}${place}`;
    if (isKey) {
      if (text.includes('${'))
        faults.push({ field: at, problem: 'has an expression in its name; they stand in values' });
      continue;
    }
    const parsed = parseTemplate(text);
    if ('problem' in parsed) {
      faults.push({ field: at, problem: parsed.problem });
      continue;
    }
    for (const part of parsed.parts) {
      if (typeof part === 'string') continue;
      expressions++;
      const problem = wayProblem(part, events);
      if (problem !== undefined) faults.push({ field: at, problem: `has \${${shown(part.source)}}: ${problem}` });
    }
  }
  if (expressions > LIMITS.templateExpressions) {
    faults.unshift(over(field, LIMITS.templateExpressions, expressions, 'expressions'));
  }
  return faults;
}

/** The content of an event is an object: a template is one, or one expression that may find one. */
function contentFaults(template: Json, field: string): Fault[] {
  if (typeof template === 'string') {
    const parsed = parseTemplate(template);
    const alone = 'problem' in parsed || (parsed.parts.length === 1 && typeof parsed.parts[0] !== 'string');
    if (alone) return [];
  } else if (typeof template === 'object' && template !== null && !Array.isArray(template)) return [];
  return [{ field, problem: "is not an object, as an event's content is" }];
}

/** Why an expression can find nothing, whatever happens; undefined: it may. */
function wayProblem({ steps: [root, ...steps] }: Expression, events: number): string | undefined {
  if (!isRoot(root)) return `unknown ${shown(root)}; templates see ${Object.keys(SCOPE_FIELDS).join(', ')}`;
  const fields = SCOPE_FIELDS[root];
  const known = Object.keys(fields).join(', ');
  if (root === 'events') {
    const place = steps.shift();
    if (typeof place !== 'number') return 'events are told by their place, such as events[0].payload';
    if (place >= events) return `there are ${events} events, counted from 0`;
  }
  const [field, ...further] = steps;
  if (field === undefined) return `name a field of it: ${known}`;
  const open = typeof field === 'string' && Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (open === undefined) return `unknown ${shown(String(field))}; it has ${known}`;
  return open || further.length === 0 ? undefined : `${String(field)} is one value, with nothing in it`;
}

const isRoot = (name: string): name is keyof typeof SCOPE_FIELDS => Object.hasOwn(SCOPE_FIELDS, name);
