/** The service `Constraints`: translation between the wire and the registry. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Constraint } from '../contract/generated/annals/v1/Constraint';
import type { ConstraintDefinition as WireDefinition } from '../contract/generated/annals/v1/ConstraintDefinition';
import type { ConstraintDefinition__Output } from '../contract/generated/annals/v1/ConstraintDefinition';
import type { ConstraintsListRequest__Output } from '../contract/generated/annals/v1/ConstraintsListRequest';
import type { ConstraintsRegisterRequest__Output } from '../contract/generated/annals/v1/ConstraintsRegisterRequest';
import type { ConstraintsRemoveRequest__Output } from '../contract/generated/annals/v1/ConstraintsRemoveRequest';
import type { ConstraintState } from '../contract/generated/annals/v1/ConstraintState';
import type { UniqueValue__Output } from '../contract/generated/annals/v1/UniqueValue';
import {
  invalid,
  type ConstraintDefinition,
  type ConstraintScope,
  type UniqueEventType,
  type UniqueValue,
} from '../constraints/definition';
import type { ConstraintRegistry, ConstraintView, NamespaceView } from '../constraints/registry';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_STORE } from '../kernel/names';
import { unary } from './calls';
import { decoding } from './decode-request';
import { jobMessage } from './job-messages';

const SERVICE = 'Constraints';

export function constraints(registry: ConstraintRegistry, logger: Logger): UntypedServiceImplementation {
  const register = async ({ store, constraint }: ConstraintsRegisterRequest__Output) => {
    const { view, unchanged, jobs } = await registry.register(store || DEFAULT_STORE, definitionOf(constraint));
    return { constraint: constraintMessage(view), unchanged, jobs: jobs.map((job) => jobMessage(job, Date.now())) };
  };
  const list = async ({ store }: ConstraintsListRequest__Output) => ({
    constraints: (await registry.list(store || DEFAULT_STORE)).map(constraintMessage),
  });
  const remove = async ({ store, name }: ConstraintsRemoveRequest__Output) => ({
    removed: await registry.remove(store || DEFAULT_STORE, name),
  });
  return {
    Register: unary(logger, decoding(SERVICE, 'Register', register)),
    List: unary(logger, decoding(SERVICE, 'List', list)),
    Remove: unary(logger, decoding(SERVICE, 'Remove', remove)),
  };
}

function definitionOf(wire: ConstraintDefinition__Output | null): ConstraintDefinition {
  if (wire === null) throw new AnnalsError('INVALID_CONSTRAINT', 'constraint is missing', { field: 'constraint' });
  return { name: wire.name, sequence: wire.sequence, rule: ruleOf(wire) };
}

function ruleOf({ rule, uniqueValue, uniqueEventType }: ConstraintDefinition__Output): UniqueValue | UniqueEventType {
  if (rule === 'uniqueValue' && uniqueValue) return uniqueValueOf(uniqueValue);
  if (rule === 'uniqueEventType' && uniqueEventType) {
    const { type, releasedBy } = uniqueEventType;
    return { kind: 'unique-event-type', type, releasedBy };
  }
  throw invalid('rule', 'is missing; it is unique_value or unique_event_type');
}

function uniqueValueOf({ types, scope, ignoreCase, releasedBy, holder }: UniqueValue__Output): UniqueValue {
  return {
    kind: 'unique-value',
    types: types.map(({ type, properties, generation }) => ({ type, properties, generation })),
    scope: scopeOf(scope),
    ignoreCase,
    releasedBy,
    holder: holder === 'CLAIM_HOLDER_SOURCE' ? 'source' : 'event',
  };
}

function scopeOf(scope: UniqueValue__Output['scope']): ConstraintScope {
  if (scope?.scope === 'property') return { kind: 'property', property: scope.property ?? '' };
  return scope?.scope === 'eventSource' && scope.eventSource === true ? { kind: 'event-source' } : { kind: 'sequence' };
}

const STATE = {
  checking: 'CONSTRAINT_STATE_CHECKING',
  'in-force': 'CONSTRAINT_STATE_IN_FORCE',
  refused: 'CONSTRAINT_STATE_REFUSED',
} as const satisfies Record<NamespaceView['state'], ConstraintState>;

const constraintMessage = ({ definition, namespaces }: ConstraintView): Constraint => ({
  definition: definitionMessage(definition),
  namespaces: namespaces.map(({ namespace, state, from, job, claims }) => ({
    namespace,
    state: STATE[state],
    ...(from === undefined ? {} : { from }),
    jobId: job,
    claims,
  })),
});

function definitionMessage({ name, sequence, rule }: ConstraintDefinition): WireDefinition {
  if (rule.kind === 'unique-event-type') {
    return { name, sequence, uniqueEventType: { type: rule.type, releasedBy: [...rule.releasedBy] } };
  }
  const { types, scope, ignoreCase, releasedBy, holder } = rule;
  return {
    name,
    sequence,
    uniqueValue: {
      types: types.map((of) => ({ ...of, properties: [...of.properties] })),
      scope: scopeMessage(scope),
      ignoreCase,
      releasedBy: [...releasedBy],
      holder: holder === 'source' ? 'CLAIM_HOLDER_SOURCE' : 'CLAIM_HOLDER_EVENT',
    },
  };
}

function scopeMessage(scope: ConstraintScope) {
  if (scope.kind === 'property') return { property: scope.property };
  return scope.kind === 'event-source' ? { eventSource: true } : null;
}
