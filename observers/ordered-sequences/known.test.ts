import { Known } from './known';
import type { SequenceDefinition } from '../../src/contract/sequence-document';

const definition = (name: string, version: string, more: Partial<SequenceDefinition> = {}): SequenceDefinition => ({
  name,
  version,
  description: '',
  ties: { by: 'correlation_id' },
  steps: [{ event_type: 'Ordered', order: 1, required: true }],
  source: { type: 'workflow', id: '', name: '' },
  tags: {},
  rollback_strategy: { type: 'manual', max_retries: 0, compensating_events: [] },
  ...more,
});

function known(...definitions: SequenceDefinition[]): Known {
  const made = new Known();
  for (const one of definitions) made.take({ type: 'DefinitionAdded', definition: one });
  return made;
}

it('a definition without a version is the one that was defined last', () => {
  const all = known(definition('a', '2.0.0'), definition('a', '1.5.0'), definition('b', '1.0.0'));
  expect(all.definition('a', '').version).toBe('1.5.0');
  expect(all.definition('a', '2.0.0').version).toBe('2.0.0');
  expect(all.definitions('a')).toHaveLength(2);
  expect(() => all.definition('a', '9.0.0')).toThrow(expect.objectContaining({ code: 'UNKNOWN_DEFINITION' }) as Error);
});

it('of each name the version that was defined last begins instances, and one that begins none any more is told so', () => {
  const starts = { event_type: 'Ordered' };
  const all = known(
    definition('a', '1.0.0', { starts }),
    definition('a', '2.0.0', { starts: { event_type: 'Placed' } }),
    definition('b', '1.0.0', { starts: { event_type: 'Placed' } }),
    definition('gone', '1.0.0', { starts, event_sequence: 'shop' }),
    definition('gone', '2.0.0', { event_sequence: 'shop' }),
  );
  const begun = [...all.starts()].map(([sequence, byType]) => [
    sequence,
    [...byType].map(([type, of]) => [type, of.map(({ name, version }) => `${name} ${version}`)]),
  ]);
  expect(begun).toEqual([
    ['event-log', [['Placed', ['a 2.0.0', 'b 1.0.0']]]],
    ['shop', []],
  ]);
});

it('an event type has a processor from the first that ever registered for it on', () => {
  const all = known();
  expect(all.hasProcessor('T')).toBe(false);
  all.take({ type: 'ProcessorsKnown', eventTypes: ['T', 'U'] });
  expect(all.hasProcessor('T')).toBe(true);
});
