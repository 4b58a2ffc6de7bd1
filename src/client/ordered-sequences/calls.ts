import type { AuditRequest } from '../../contract/generated/annals/v1/AuditRequest';
import type { AuditResponse__Output } from '../../contract/generated/annals/v1/AuditResponse';
import type { DefineRequest } from '../../contract/generated/annals/v1/DefineRequest';
import type { DefineResponse__Output } from '../../contract/generated/annals/v1/DefineResponse';
import type { GetStatisticsRequest } from '../../contract/generated/annals/v1/GetStatisticsRequest';
import type { GetStatisticsResponse__Output } from '../../contract/generated/annals/v1/GetStatisticsResponse';
import type { ListDefinitionsRequest } from '../../contract/generated/annals/v1/ListDefinitionsRequest';
import type { ListDefinitionsResponse__Output } from '../../contract/generated/annals/v1/ListDefinitionsResponse';
import type { OrderedSequencesCreateRequest } from '../../contract/generated/annals/v1/OrderedSequencesCreateRequest';
import type { OrderedSequencesCreateResponse__Output } from '../../contract/generated/annals/v1/OrderedSequencesCreateResponse';
import type { OrderedSequencesGetRequest } from '../../contract/generated/annals/v1/OrderedSequencesGetRequest';
import type { OrderedSequencesGetResponse__Output } from '../../contract/generated/annals/v1/OrderedSequencesGetResponse';
import type { OrderedSequencesListRequest } from '../../contract/generated/annals/v1/OrderedSequencesListRequest';
import type { OrderedSequencesListResponse__Output } from '../../contract/generated/annals/v1/OrderedSequencesListResponse';
import type { OrderedSequencesWatchRequest } from '../../contract/generated/annals/v1/OrderedSequencesWatchRequest';
import type { OrderedSequencesWatchResponse__Output } from '../../contract/generated/annals/v1/OrderedSequencesWatchResponse';
import type { PreviewTemplateRequest } from '../../contract/generated/annals/v1/PreviewTemplateRequest';
import type { PreviewTemplateResponse__Output } from '../../contract/generated/annals/v1/PreviewTemplateResponse';
import type { RebuildRequest } from '../../contract/generated/annals/v1/RebuildRequest';
import type { RebuildResponse__Output } from '../../contract/generated/annals/v1/RebuildResponse';
import type { ResolveRequest } from '../../contract/generated/annals/v1/ResolveRequest';
import type { ResolveResponse__Output } from '../../contract/generated/annals/v1/ResolveResponse';
import { call } from '../calls';

/** The calls of the service `OrderedSequences`. */

const SERVICE = 'OrderedSequences';

export const DEFINE = call<DefineRequest, DefineResponse__Output>(SERVICE, 'Define');
export const LIST_DEFINITIONS = call<ListDefinitionsRequest, ListDefinitionsResponse__Output>(
  SERVICE,
  'ListDefinitions',
);
export const CREATE = call<OrderedSequencesCreateRequest, OrderedSequencesCreateResponse__Output>(SERVICE, 'Create');
export const GET = call<OrderedSequencesGetRequest, OrderedSequencesGetResponse__Output>(SERVICE, 'Get');
export const LIST = call<OrderedSequencesListRequest, OrderedSequencesListResponse__Output>(SERVICE, 'List');
export const WATCH = call<OrderedSequencesWatchRequest, OrderedSequencesWatchResponse__Output>(SERVICE, 'Watch');
export const RESOLVE = call<ResolveRequest, ResolveResponse__Output>(SERVICE, 'Resolve');
export const PREVIEW_TEMPLATE = call<PreviewTemplateRequest, PreviewTemplateResponse__Output>(
  SERVICE,
  'PreviewTemplate',
);
export const AUDIT = call<AuditRequest, AuditResponse__Output>(SERVICE, 'Audit');
export const GET_STATISTICS = call<GetStatisticsRequest, GetStatisticsResponse__Output>(SERVICE, 'GetStatistics');
export const REBUILD = call<RebuildRequest, RebuildResponse__Output>(SERVICE, 'Rebuild');

export const PROCESS_PATH = `/annals.v1.${SERVICE}/Process`;
