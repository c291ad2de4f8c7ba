// The part of a URL behind '?': name=value&name=value, with %XX and + for a blank.
//
// Thread safety: values.
#ifndef FLAMEKEEP_SERVER_HTTP_QUERY_STRING_H_
#define FLAMEKEEP_SERVER_HTTP_QUERY_STRING_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace flamekeep::server {

class QueryString {
 public:
  // Errors: INVALID_ARGUMENT for a broken escape, what is no UTF-8, or more than 256 parameters.
  static absl::StatusOr<QueryString> Parse(std::string_view query);

  bool Has(std::string_view name) const;
  // The first value; empty where there is none.
  std::string_view Get(std::string_view name) const;
  std::vector<std::string> All(std::string_view name) const;
  // Names and values, in their order.
  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }

  // INVALID_ARGUMENT where there is a parameter that is not one of these: what is misspelt would
  // silently be left out.
  absl::Status CheckNames(absl::Span<const std::string_view> known) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_QUERY_STRING_H_
