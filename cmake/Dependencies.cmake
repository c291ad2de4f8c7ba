# Third-party libraries, all from Debian 12 packages (scripts/install-packages has the list).
# Those without a usable CMake package get a `<name>::<name>` target here.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
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

# The prefix keeps the results apart from those of gRPC's own find modules.
foreach(module IN ITEMS libxxhash re2)
  pkg_check_modules(pc_${module} REQUIRED QUIET IMPORTED_TARGET ${module})
endforeach()
add_library(xxhash::xxhash ALIAS PkgConfig::pc_libxxhash)
if(NOT TARGET re2::re2)
  add_library(re2::re2 ALIAS PkgConfig::pc_re2)
endif()

# flamekeep_system_library(<target> HEADER <file> LIBRARY <name>): one that has neither a CMake
# package nor a pkg-config file worth using (hiredis.pc defines macros that spoil precompiled
# headers).
function(flamekeep_system_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;LIBRARY" "")
  find_path(${arg_LIBRARY}_include_dir "${arg_HEADER}" REQUIRED)
  find_library(${arg_LIBRARY}_library "${arg_LIBRARY}" REQUIRED)
  mark_as_advanced(${arg_LIBRARY}_include_dir ${arg_LIBRARY}_library)
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${${arg_LIBRARY}_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${${arg_LIBRARY}_include_dir}")
endfunction()
flamekeep_system_library(hiredis::hiredis HEADER hiredis/hiredis.h LIBRARY hiredis)
flamekeep_system_library(streamvbyte::streamvbyte HEADER streamvbyte.h LIBRARY streamvbyte)
