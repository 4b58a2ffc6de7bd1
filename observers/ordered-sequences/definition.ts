/**
 * A definition from which ordered sequences are made, by name and version: which types of events they have, what ties
 * events to one of them, what begins one.
 */
import { LIMITS } from '../../src/kernel/limits';
import { checkTemplates } from '../rollback/check-templates';
import { orderlyProcessing, orderlySource, orderlyStrategy } from './document-json';
import { refuse } from './fault';
import { checkSize, objectOf, tie } from './parse-document';
import {
  DESCRIPTION,
  eventSequence,
  eventType,
  NAME,
  order,
  processing,
  rollbackStrategy,
  source,
  tags,
  version,
} from './parse-strategy';
import type { DefinedStep, SequenceDefinition } from '../../src/contract/sequence-document';
import { Shape, shown, type Fields } from './shape';

const DEFINITION = 'definition';

const DEFINITION_FIELDS = [
  'name',
  'version',
  'description',
  'event_sequence',
  'continue_past_failure',
  'ties',
  'starts',
  'steps',
  'source',
  'tags',
  'rollback_strategy',
];
const STEP_FIELDS = ['event_type', 'order', 'required', 'processing'];

/**
 * The definition that the JSON (UTF-8) holds, completed with defaults.
 *
 * @throws AnnalsError INVALID_DOCUMENT whose field is the first fault's place, such as `definition.steps[3].order`, and
 * whose message tells the first twenty; INVALID_UTF8.
 */
export function parseDefinition(bytes: Uint8Array): SequenceDefinition {
  const value = objectOf(bytes, DEFINITION, LIMITS.sequenceDocumentBytes);
  const shape = new Shape();
  const definition = readDefinition(shape.fields(value, DEFINITION, DEFINITION_FIELDS));
  refuse(shape.faults);
  refuse(checkTemplates(definition.rollback_strategy, definition.steps.length, `${DEFINITION}.rollback_strategy`));
  checkSize(definition, DEFINITION);
  return definition;
}

function readDefinition(fields: Fields): SequenceDefinition {
  const read = (value: unknown, place: string) => readStep(fields.shape.fields(value, place, STEP_FIELDS));
  const name = fields.text('name', NAME);
  const semver = version(fields);
  const description = fields.text('description', DESCRIPTION, '');
  const sequence = fields.optional('event_sequence', (field) => eventSequence(fields, field));
  const goesPast = fields.optional('continue_past_failure', (field) => fields.flag(field));
  const ties = tie(fields.object('ties', ['by', 'property']), 'correlation_id');
  const starts = fields.optional('starts', (field) => ({
    event_type: eventType(fields.object(field, ['event_type']), 'event_type'),
  }));
  const steps = fields.list('steps', LIMITS.sequenceEvents, 'steps', read, 1);
  refuseTwice(fields, steps);
  return {
    name,
    version: semver,
    description,
    ...sequence,
    ...goesPast,
    ties,
    ...starts,
    steps,
    source: source(fields),
    tags: tags(fields),
    rollback_strategy: rollbackStrategy(fields, new Set(steps.map((step) => step.order))),
  };
}

const readStep = (fields: Fields): DefinedStep => ({
  event_type: eventType(fields, 'event_type'),
  order: order(fields),
  required: fields.flag('required', true),
  ...fields.optional('processing', () => processing(fields)),
});

/** The first event of a type is a step's, so a second step of the type would be the same event. */
function refuseTwice(fields: Fields, steps: readonly DefinedStep[]): void {
  const seen = new Map<string, number>();
  for (const [i, { event_type: type }] of steps.entries()) {
    const before = seen.get(type);
    if (before === undefined) seen.set(type, i);
    else if (type !== '') {
      const problem = `is ${shown(type)}, as steps[${before}]; the first event of a type is one step's`;
      fields.shape.fault(`${fields.at('steps')}[${i}].event_type`, problem);
    }
  }
}

/** The definition as JSON (UTF-8), as `parseDefinition` takes it: fields in one order, ours only where given. */
export function definitionJson(definition: SequenceDefinition): Buffer {
  const { name, version: semver, description, event_sequence, continue_past_failure, ties, starts, steps } = definition;
  return Buffer.from(
    // What is undefined is left out of the text.
    JSON.stringify({
      name,
      version: semver,
      description,
      event_sequence,
      continue_past_failure,
      ties: { by: ties.by, property: ties.property },
      starts: starts && { event_type: starts.event_type },
      steps: steps.map((step) => ({
        event_type: step.event_type,
        order: step.order,
        required: step.required,
        processing: step.processing && orderlyProcessing(step.processing),
      })),
      source: orderlySource(definition.source),
      tags: definition.tags,
      rollback_strategy: orderlyStrategy(definition.rollback_strategy),
    }),
  );
}
