// The frame of an address that nobody has a function for: `libc.so.6+0x1234`, in the module's file.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_INGEST_ADDRESS_FRAME_H_
#define FLAMEKEEP_INGEST_ADDRESS_FRAME_H_

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace flamekeep::ingest {

// What a mapping says: where a file lies in memory.
struct MappedFile {
  uint64_t start = 0;
  uint64_t file_offset = 0;
  std::string_view file;
};

// By the module's own addresses where the address lies behind its start.
inline std::string AddressFrame(uint64_t address, const MappedFile& mapping) {
  if (!mapping.file.empty() && address >= mapping.start) {
    address = address - mapping.start + mapping.file_offset;
  }
  const std::string_view module = mapping.file.substr(mapping.file.rfind('/') + 1);
  return fmt::format("{}+0x{:x}", module.empty() ? "unknown" : module, address);
}

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_ADDRESS_FRAME_H_
