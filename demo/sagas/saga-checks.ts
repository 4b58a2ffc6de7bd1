/** What must be so when all invoices are settled: each a fact that was looked at. */
import { check, type Check } from '../checks';
import { BLOCKED, CANCELLED, REVERSED, sequenceOf, UNREACHABLE, type Invoice } from './invoices';
import type { Effects, SagaStory } from './facts';

export const sagaChecks = (story: Omit<SagaStory, 'checks'>): Check[] => [
  ended(story),
  once(
    'the ledger',
    story.ledger,
    story.invoices.filter(({ content }) => content.customer !== BLOCKED),
  ),
  once(
    'the mailer',
    story.mailer,
    story.invoices.filter(({ content }) => ![BLOCKED, UNREACHABLE].includes(content.customer)),
  ),
  rolledBack(story),
  optionalPassed(story),
  audited(story),
  check(
    'made anew from the log, every document is the same',
    story.rebuiltAlike ? [] : ['a document differs'],
    `${story.sequences.length} compared`,
  ),
];

function ended({ invoices, sequences }: Omit<SagaStory, 'checks'>): Check {
  const byId = new Map(sequences.map((sequence) => [sequence.document.sequenceId, sequence]));
  const wrong = invoices.flatMap((invoice) => {
    const outcome = byId.get(sequenceOf(invoice).sequenceId)?.outcome;
    const wanted = invoice.content.customer === BLOCKED ? 'rolled_back' : 'completed';
    return outcome === wanted ? [] : [`${invoice.id} is ${outcome ?? 'not there'}`];
  });
  const failed = invoices.filter(({ content }) => content.customer === BLOCKED).length;
  return check('each invoice is completed or rolled back', wrong, `${invoices.length - failed} and ${failed}`);
}

/** Asked for however often, each effect is there once. */
function once(name: string, { effects, asked, repeated }: Effects, wanted: readonly Invoice[]): Check {
  const of = effects.map(({ request }) => request.invoice_id);
  const wrong = [
    ...wanted.filter(({ id }) => !of.includes(id)).map(({ id }) => `nothing of ${id}`),
    ...of.filter((id, i) => of.indexOf(id) !== i).map((id) => `${id} twice`),
    ...of.filter((id) => !wanted.some((invoice) => invoice.id === id)).map((id) => `${id} should not be there`),
  ];
  const seen = `${effects.length} effects, asked ${asked} times, ${repeated} known by their key`;
  return check(`${name} did each thing once`, wrong, seen);
}

function rolledBack({ invoices, compensations, sequences }: Omit<SagaStory, 'checks'>): Check {
  const cancelled = compensations.filter(({ type }) => type === CANCELLED);
  const wrong = [
    ...compensations.filter(({ type }) => type === REVERSED).map(({ eventSourceId }) => `${eventSourceId} reversed`),
    ...invoices.flatMap((invoice) => {
      const of = cancelled.filter(({ eventSourceId }) => eventSourceId === invoice.id);
      const wanted = invoice.content.customer === BLOCKED ? 1 : 0;
      if (of.length !== wanted) return [`${invoice.id} has ${of.length} cancellations`];
      const [event] = of;
      const { total, reason } = (event?.content ?? {}) as { total?: unknown; reason?: unknown };
      const said = typeof reason === 'string' && reason.endsWith(`ledger is closed for ${BLOCKED}`);
      return event === undefined || (total === invoice.content.total && said)
        ? []
        : [`${invoice.id} says ${JSON.stringify(event.content)}`];
    }),
  ];
  const left = sequences.filter(({ compensations: of }) => of.length > 0).length;
  return check(
    'each compensating event is there once, with its values',
    wrong,
    `${cancelled.length} of ${left} rollbacks`,
  );
}

function optionalPassed({ invoices, sequences }: Omit<SagaStory, 'checks'>): Check {
  const unreachable = invoices.filter(({ content }) => content.customer === UNREACHABLE);
  const wrong = unreachable.flatMap((invoice) => {
    const sequence = sequences.find(({ document }) => document.sequenceId === sequenceOf(invoice).sequenceId);
    const notice = sequence?.document.events[2];
    return notice?.status === 'failed' ? [] : [`the notice of ${invoice.id} is ${notice?.status ?? 'not there'}`];
  });
  return check('a notice that fails is noted, and passed', wrong, `${unreachable.length} failed`);
}

/** What the log says was processed is what the services did. */
function audited({ audits, ledger, mailer }: Omit<SagaStory, 'checks'>): Check {
  const said = [...audits.values()].flat();
  const processed = said.filter(({ type }) => type === 'StepProcessed').length;
  const done = ledger.effects.length + mailer.effects.length;
  // Beside them the first step of each, which its event alone makes done.
  const wanted = done + audits.size;
  const wrong = processed === wanted ? [] : [`${processed} processed steps, ${wanted} effects and events`];
  return check('the audit says what the services say', wrong, `${said.length} entries read`);
}
