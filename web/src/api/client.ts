// The server's services.
import { AdminService } from '@gen/flamekeep/v1/admin_pb';
import { QueryService } from '@gen/flamekeep/v1/query_pb';

import { clientOf } from './call';

export const queries = clientOf(QueryService);
export const admin = clientOf(AdminService);
