// Statistics of a store as protobuf, for the server and for `store stats` on a directory.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_STATS_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_STATS_H_

#include "flamekeep/v1/admin.pb.h"
#include "storage/store_stats.h"

namespace flamekeep::server {

v1::StoreStatsResponse ToProto(const storage::StoreStats& stats);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_STATS_H_
