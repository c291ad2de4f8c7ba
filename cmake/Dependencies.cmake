# Third-party libraries, all from Debian 12 packages (scripts/install-packages has the list).
# Those without a usable CMake package get a `<name>::<name>` target here.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(RocksDB CONFIG REQUIRED)
find_package(zstd CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS headers)
find_package(GTest CONFIG REQUIRED)
find_package(benchmark CONFIG REQUIRED)

foreach(module IN ITEMS hiredis libxxhash re2)
  pkg_check_modules(${module} REQUIRED QUIET IMPORTED_TARGET ${module})
endforeach()
add_library(hiredis::hiredis ALIAS PkgConfig::hiredis)
add_library(xxhash::xxhash ALIAS PkgConfig::libxxhash)
add_library(re2::re2_pkg ALIAS PkgConfig::re2)

find_path(STREAMVBYTE_INCLUDE_DIR streamvbyte.h REQUIRED)
find_library(STREAMVBYTE_LIBRARY streamvbyte REQUIRED)
add_library(streamvbyte::streamvbyte UNKNOWN IMPORTED)
set_target_properties(streamvbyte::streamvbyte PROPERTIES
  IMPORTED_LOCATION "${STREAMVBYTE_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${STREAMVBYTE_INCLUDE_DIR}")
