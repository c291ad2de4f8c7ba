// What a drawing says about its selections above the graph.
//
// Thread safety: pure functions. Texts are those of VisibleText(), not yet escaped.
#ifndef FLAMEKEEP_QUERY_SVG_HEAD_H_
#define FLAMEKEEP_QUERY_SVG_HEAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "query/flame_graph.h"

namespace flamekeep::query {

// The unit of the values: "samples" where they are counts.
std::string UnitText(const Coverage& coverage);

// "2026-11-20 00:00 to 2026-11-21 00:00 UTC", "1,234 samples", and what is missing, or may still
// come, where anything is.
std::vector<std::string> CoverageParts(const Coverage& coverage);

// The parts with " · " between them, in lines of at most so many columns where no part is longer.
std::vector<std::string> JoinParts(const std::vector<std::string>& parts, uint32_t columns);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SVG_HEAD_H_
