// The server's services, by Connect in binary.
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';

import { AdminService } from '@gen/flamekeep/v1/admin_pb';
import { QueryService } from '@gen/flamekeep/v1/query_pb';

import { serverAddress } from './base';

const transport = createConnectTransport({
  baseUrl: serverAddress('.'),
  useBinaryFormat: true,
});

export const queries = createClient(QueryService, transport);
export const admin = createClient(AdminService, transport);
