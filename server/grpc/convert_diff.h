// Between the messages of diff.proto and ours. Pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_DIFF_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_DIFF_H_

#include "absl/status/statusor.h"
#include "flamekeep/v1/diff.pb.h"
#include "query/diff.h"
#include "query/selected_stacks.h"

namespace flamekeep::server {

struct SelectionPair {
  query::Selection baseline;
  query::Selection selection;
};

// Errors: as FromProto() of one; the message says where it is the baseline.
absl::StatusOr<SelectionPair> PairFromProto(const v1::Selection& baseline,
                                            const v1::Selection& selection);

// Without the selections. Errors: INVALID_ARGUMENT for an order that is none.
absl::StatusOr<query::DiffOptions> OptionsOf(const v1::DiffRequest& request);

// Takes the strings of the diff.
void MoveToProto(query::Diff diff, v1::DiffResponse* out);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_DIFF_H_
