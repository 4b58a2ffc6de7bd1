import type { LinksAddRequest } from '../../contract/generated/annals/v1/LinksAddRequest';
import type { LinksAddResponse__Output } from '../../contract/generated/annals/v1/LinksAddResponse';
import type { LinksGetRequest } from '../../contract/generated/annals/v1/LinksGetRequest';
import type { LinksGetResponse__Output } from '../../contract/generated/annals/v1/LinksGetResponse';
import type { LinksListRequest } from '../../contract/generated/annals/v1/LinksListRequest';
import type { LinksListResponse__Output } from '../../contract/generated/annals/v1/LinksListResponse';
import type { LinksResumeRequest } from '../../contract/generated/annals/v1/LinksResumeRequest';
import type { ListHeldResponse__Output } from '../../contract/generated/annals/v1/ListHeldResponse';
import type { ProveRequest } from '../../contract/generated/annals/v1/ProveRequest';
import type { ProveResponse__Output } from '../../contract/generated/annals/v1/ProveResponse';
import type { RedriveRequest } from '../../contract/generated/annals/v1/RedriveRequest';
import type { RedriveResponse__Output } from '../../contract/generated/annals/v1/RedriveResponse';
import { call } from '../calls';

/** The calls of the service `Links`. */

export const ADD_LINK = call<LinksAddRequest, LinksAddResponse__Output>('Links', 'Add');
export const REMOVE_LINK = call<LinksGetRequest, object>('Links', 'Remove');
export const LIST_LINKS = call<LinksListRequest, LinksListResponse__Output>('Links', 'List');
export const GET_LINK = call<LinksGetRequest, LinksGetResponse__Output>('Links', 'Get');
export const WATCH_LINKS = call<LinksListRequest, LinksListResponse__Output>('Links', 'Watch');
export const PAUSE_LINK = call<LinksGetRequest, object>('Links', 'Pause');
export const RESUME_LINK = call<LinksResumeRequest, object>('Links', 'Resume');
export const REDRIVE_LINK = call<RedriveRequest, RedriveResponse__Output>('Links', 'Redrive');
export const LIST_HELD = call<LinksGetRequest, ListHeldResponse__Output>('Links', 'ListHeld');
export const PROVE_LINK = call<ProveRequest, ProveResponse__Output>('Links', 'Prove');
