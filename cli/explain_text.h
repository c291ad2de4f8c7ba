// What a query would read, for people.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_EXPLAIN_TEXT_H_
#define FLAMEKEEP_CLI_EXPLAIN_TEXT_H_

#include <cstddef>
#include <string>

#include "flamekeep/v1/query.pb.h"

namespace flamekeep::cli {

// A table of what is read and why, and its sum. Lines are cut to fit `columns`; 0: they are not.
std::string ExplainText(const v1::ExplainResponse& explanation, size_t columns);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_EXPLAIN_TEXT_H_
