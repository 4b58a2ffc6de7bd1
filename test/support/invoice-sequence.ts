/**
 * The invoice sequence of the schema's author, once for each strategy, as JSON text exactly in that form: an invoice is
 * made, then booked, then its customer is told of it, which is optional.
 */
import type { Strategy } from '../../src/contract/sequence-document';

/** What the sequence with this number is made of. */
export const invoiceIds = (number: string) => ({
  sequenceId: `seq_invoice_creation_${number}`,
  created: `evt_invoice_created_${number}`,
  booked: `evt_accounting_entry_${number}`,
  noticed: `evt_customer_notice_${number}`,
  correlationId: `corr_invoice_${number}`,
  causationId: `cmd_create_invoice_${number}`,
});

const MAX_RETRIES: Readonly<Record<Strategy, number>> = { compensating_events: 0, retry: 3, manual: 0 };

/** @param number another one makes a sequence of its own. */
export function invoiceSequence(strategy: Strategy, number = '123'): string {
  const ids = invoiceIds(number);
  return `{
  "sequenceId": "${ids.sequenceId}",
  "name": "Invoice creation",
  "description": "Makes an invoice, books it and tells the customer",
  "version": "1.0.0",
  "status": "created",
  "events": [
    {
      "eventId": "${ids.created}",
      "order": 1,
      "required": true,
      "status": "pending",
      "processingTimestamp": null
    },
    {
      "eventId": "${ids.booked}",
      "order": 2,
      "required": true,
      "status": "pending",
      "processingTimestamp": null
    },
    {
      "eventId": "${ids.noticed}",
      "order": 3,
      "required": false,
      "status": "pending",
      "processingTimestamp": null
    }
  ],
  "metadata": {
    "correlationId": "${ids.correlationId}",
    "causationId": "${ids.causationId}",
    "source": { "type": "workflow", "id": "wf_invoicing", "name": "Invoicing" },
    "tags": { "department": "finance", "priority": "high" }
  },
  "created_at": "2026-03-01T09:30:00.000Z",
  "updated_at": "2026-03-01T09:30:00.000Z",
  "completed_at": null,
  "rollback_strategy": {
    "type": "${strategy}",
    "max_retries": ${MAX_RETRIES[strategy]},
    "compensating_events": [
      {
        "eventId": "InvoiceEvents.cancelled",
        "payload_template": {
          "invoice_id": "\${events[0].payload.invoice_id}",
          "reason": "Sequence failure: \${error.message}"
        }
      },
      {
        "eventId": "AccountingEvents.reverse_entry",
        "payload_template": {
          "entry_id": "\${events[1].payload.entry_id}",
          "reason": "Sequence failure: \${error.message}"
        }
      }
    ]
  }
}`;
}
