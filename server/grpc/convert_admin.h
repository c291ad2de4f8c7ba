// Statistics of a store and its backups as protobuf, for the server and for commands that work on
// a directory.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_ADMIN_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_ADMIN_H_

#include "flamekeep/v1/admin.pb.h"
#include "storage/backup.h"
#include "storage/store_stats.h"

namespace flamekeep::server {

v1::StoreStatsResponse ToProto(const storage::StoreStats& stats);
v1::Backup ToProto(const storage::BackupInfo& backup);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_ADMIN_H_
