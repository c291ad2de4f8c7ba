# The functions that the folders' CMakeLists.txt files call. A file finds its target by its name,
# so that adding one needs no edit here or there:
#
#   x.cc                 in the folder's library flamekeep_<folder>
#   x_test.cc            in the folder's test binary <folder>_test (GoogleTest, GoogleMock)
#   x_concurrent_test.cc in <folder>_test too, and alone in <folder>_concurrent_test, which is what
#                        the `tsan` preset builds and runs. Keep RocksDB and gRPC out of it.
#   x_bench.cc           in the folder's benchmark binary <folder>_bench (Google benchmark); not
#                        built with sanitizers
#   x_fuzz.cc            the fuzzer x_fuzz with the seeds tests/corpus/x/
#   main.cc              the executable of the folder (see flamekeep_executable)
#   assets/x.js          embedded: #include "<folder>/assets/x.js.h" gives flamekeep::assets::kXJs
#
# Subfolders count as part of their folder. A folder without sources is an empty library.

include(GoogleTest)
include(GNUInstallDirs)

set(FLAMEKEEP_TSAN_SUPPRESSIONS "${PROJECT_SOURCE_DIR}/cmake/tsan.supp")
set(FLAMEKEEP_TSAN OFF)
if(FLAMEKEEP_SANITIZE MATCHES "thread")
  set(FLAMEKEEP_TSAN ON)
  set(FLAMEKEEP_TSAN_ABSL "${PROJECT_SOURCE_DIR}/cmake/tsan_absl.cc")
  file(STRINGS "${FLAMEKEEP_TSAN_ABSL}" FLAMEKEEP_TSAN_WRAPS REGEX "\"_ZNK?4absl")
  list(TRANSFORM FLAMEKEEP_TSAN_WRAPS REPLACE "^[^\"]*\"(_ZN[^\"]*)\".*$" "-Wl,--wrap=\\1")
endif()
set(FLAMEKEEP_FUZZ OFF)
if(FLAMEKEEP_SANITIZE MATCHES "fuzzer")
  set(FLAMEKEEP_FUZZ ON)
endif()

# What every test process is started with.
set(FLAMEKEEP_TEST_ENVIRONMENT
  "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
  "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
  "TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1:second_deadlock_stack=1:suppressions=${FLAMEKEEP_TSAN_SUPPRESSIONS}")

# Everything that carries the label `unit`, for `cmake --build --target unit_tests`.
add_custom_target(unit_tests)
# All fuzzers.
add_custom_target(fuzzers)
# Headers that are made, for tools that need them and no library (scripts/lint).
add_custom_target(generated)

# libFuzzer's coverage hooks: for what is fuzzed, not for tests.
function(_flamekeep_covered target)
  if(FLAMEKEEP_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# Precompiled headers: one for the libraries, one for the tests. Compiled once a build directory.
# They are a matter of speed only: each file includes what it uses (the `lint` preset does without).
function(_flamekeep_define_pch name)
  file(WRITE "${CMAKE_BINARY_DIR}/pch/${name}.cc.new" "")
  configure_file("${CMAKE_BINARY_DIR}/pch/${name}.cc.new" "${CMAKE_BINARY_DIR}/pch/${name}.cc" COPYONLY)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/pch/${name}.cc")
  target_link_libraries(${name} PRIVATE flamekeep_options ${ARGN})
endfunction()

set(_flamekeep_pch_headers
  <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <map> <memory> <optional> <span>
  <string> <string_view> <unordered_map> <utility> <vector>
  <absl/container/flat_hash_map.h> <absl/status/status.h> <absl/status/statusor.h>
  <absl/synchronization/mutex.h> <absl/time/time.h> <absl/types/span.h> <fmt/format.h>)
set(_flamekeep_pch_deps
  absl::flat_hash_map absl::status absl::statusor absl::synchronization absl::time absl::span
  fmt::fmt spdlog::spdlog)
_flamekeep_define_pch(flamekeep_pch ${_flamekeep_pch_deps})
target_precompile_headers(flamekeep_pch PRIVATE ${_flamekeep_pch_headers})
_flamekeep_covered(flamekeep_pch)
_flamekeep_define_pch(flamekeep_test_pch ${_flamekeep_pch_deps} GTest::gmock)
target_precompile_headers(flamekeep_test_pch PRIVATE
  ${_flamekeep_pch_headers} <gmock/gmock.h> <gtest/gtest.h>)

# Tests run the code that ships; they themselves need not be fast, and so compile in half to three
# quarters of the time.
set(_flamekeep_test_flags $<IF:$<CONFIG:Release>,-O1,-O0>)
target_compile_options(flamekeep_test_pch PRIVATE ${_flamekeep_test_flags})
function(_flamekeep_as_test target)
  target_compile_options(${target} PRIVATE ${_flamekeep_test_flags})
  target_precompile_headers(${target} REUSE_FROM flamekeep_test_pch)
endfunction()

# Names in anonymous namespaces are unique in a folder, so that its files can be compiled as one.
function(_flamekeep_unity target)
  if(FLAMEKEEP_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# Sets `out` to the folder's files that match the pattern, those in subfolders included.
function(_flamekeep_glob out dir pattern)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${dir}/${pattern}")
  list(SORT files)
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# Adds a generated source that holds files. They are not what it says, so it stands alone: no cache
# of compilers may answer for it, and no batch of files waits for it.
function(flamekeep_embedding_source target source)
  set_source_files_properties("${source}" PROPERTIES
    SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE "${source}")
endfunction()

# Generates `<folder>/assets/<file>.h` for each asset and adds what is in it to the target.
function(_flamekeep_embed_assets target dir)
  _flamekeep_glob(files "${dir}" "*")
  list(FILTER files INCLUDE REGEX "/assets/[^/]+$")
  if(NOT files)
    return()
  endif()
  set(headers)
  foreach(file IN LISTS files)
    file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}" "${file}")
    set(header "${FLAMEKEEP_GEN_DIR}/${path}.h")
    set(source "${FLAMEKEEP_GEN_DIR}/${path}.cc")
    add_custom_command(
      OUTPUT "${header}" "${source}"
      COMMAND "${CMAKE_COMMAND}" "-DINPUT=${file}" "-DHEADER=${header}" "-DSOURCE=${source}"
        -P "${PROJECT_SOURCE_DIR}/cmake/EmbedAsset.cmake"
      DEPENDS "${file}" "${PROJECT_SOURCE_DIR}/cmake/EmbedAsset.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/Incbin.cmake"
      COMMENT "Embedding ${path}"
      VERBATIM)
    list(APPEND headers "${header}")
    flamekeep_embedding_source(${target} "${source}")
  endforeach()
  target_sources(${target} PRIVATE ${headers})
  add_custom_target(${target}_assets DEPENDS ${headers})
  add_dependencies(${target} ${target}_assets)
  add_dependencies(generated ${target}_assets)
endfunction()

# An executable of tests. The discovered cases are ctest tests with the labels `unit` and the
# folder's name; they run in parallel, each in its own process, with the checkout as working
# directory.
function(_flamekeep_gtest target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;PREFIX" "SOURCES;DEPS")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE
    ${arg_DEPS} flamekeep_options GTest::gmock GTest::gtest_main)
  _flamekeep_as_test(${target})
  _flamekeep_unity(${target})
  if(FLAMEKEEP_TSAN)
    target_sources(${target} PRIVATE ${FLAMEKEEP_TSAN_ABSL})
    target_link_options(${target} PRIVATE ${FLAMEKEEP_TSAN_WRAPS})
  endif()
  add_dependencies(unit_tests ${target})
  gtest_discover_tests(${target}
    TEST_PREFIX "${arg_PREFIX}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${arg_LABEL}" TIMEOUT 300 ENVIRONMENT "${FLAMEKEEP_TEST_ENVIRONMENT}")
endfunction()

# A fuzzer: with libFuzzer where the sanitizers hold `fuzzer`, else a program that runs the fuzz
# target over files. An ordinary test runs it once over its seed corpus.
function(_flamekeep_fuzzer source dir)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "DEPS")
  get_filename_component(target "${source}" NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" name "${target}")
  set(corpus "${PROJECT_SOURCE_DIR}/tests/corpus/${name}")
  add_executable(${target} "${source}")
  target_link_libraries(${target} PRIVATE ${arg_DEPS} flamekeep_options)
  _flamekeep_covered(${target})
  set(replay)
  if(FLAMEKEEP_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(replay -runs=0)
  else()
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/fuzz_replay_main.cc")
  endif()
  add_dependencies(fuzzers ${target})
  add_dependencies(unit_tests ${target})
  add_test(NAME ${target}.Corpus COMMAND ${target} ${replay} "${corpus}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${target}.Corpus PROPERTIES
    LABELS "unit;fuzz" TIMEOUT 300 ENVIRONMENT "${FLAMEKEEP_TEST_ENVIRONMENT}")
endfunction()

# flamekeep_library(<name> DIR <folder> [DEPS ...] [TEST_DEPS ...])
#
# The library flamekeep_<name>, and the tests, benchmarks and fuzzers that stand beside its files.
# DEPS are public. TEST_DEPS are for tests and benchmarks only.
function(flamekeep_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "DEPS;TEST_DEPS")
  set(target flamekeep_${name})
  set(dir "${PROJECT_SOURCE_DIR}/${arg_DIR}")
  _flamekeep_glob(sources "${dir}" "*.cc")
  _flamekeep_glob(headers "${dir}" "*.h")
  foreach(kind IN ITEMS test concurrent_test bench fuzz)
    set(${kind}_sources ${sources})
    list(FILTER ${kind}_sources INCLUDE REGEX "_${kind}\\.cc$")
  endforeach()
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|_fuzz|/main)\\.cc$")

  # This preset builds some tests and what they need, not all that there is.
  set(exclude)
  if(FLAMEKEEP_TSAN)
    set(exclude EXCLUDE_FROM_ALL)
  endif()
  if(sources)
    add_library(${target} STATIC ${exclude} ${sources} ${headers})
    target_link_libraries(${target} PUBLIC ${arg_DEPS} PRIVATE flamekeep_options)
    target_precompile_headers(${target} REUSE_FROM flamekeep_pch)
    _flamekeep_unity(${target})
    _flamekeep_covered(${target})
    _flamekeep_embed_assets(${target} "${dir}")
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_DEPS})
  endif()

  if(FLAMEKEEP_TSAN)
    if(concurrent_test_sources)
      _flamekeep_gtest(${name}_concurrent_test PREFIX "${name}." LABEL "tsan;${name}"
        SOURCES ${concurrent_test_sources} DEPS ${target} ${arg_TEST_DEPS})
    endif()
    return()
  endif()

  if(test_sources)
    _flamekeep_gtest(${name}_test PREFIX "${name}." LABEL "unit;${name}"
      SOURCES ${test_sources} DEPS ${target} ${arg_TEST_DEPS})
  endif()
  if(bench_sources AND NOT FLAMEKEEP_SANITIZE)
    add_executable(${name}_bench ${bench_sources})
    target_link_libraries(${name}_bench PRIVATE
      ${target} ${arg_TEST_DEPS} flamekeep_options benchmark::benchmark benchmark::benchmark_main)
    target_precompile_headers(${name}_bench REUSE_FROM flamekeep_pch)
  endif()
  foreach(source IN LISTS fuzz_sources)
    _flamekeep_fuzzer("${source}" "${dir}" DEPS ${target})
  endforeach()
endfunction()

# flamekeep_executable(<target> MAIN <file> [DEPS ...])
#
# An executable of one file; nothing while that file is missing.
function(flamekeep_executable target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MAIN" "DEPS")
  file(GLOB main CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${arg_MAIN}")
  if(NOT main OR FLAMEKEEP_TSAN)
    return()
  endif()
  add_executable(${target} ${main})
  target_link_libraries(${target} PRIVATE ${arg_DEPS} flamekeep_options)
  _flamekeep_covered(${target})
  target_precompile_headers(${target} REUSE_FROM flamekeep_pch)
endfunction()

# flamekeep_proto_library(<name> DIR <folder>)
#
# C++ and gRPC code of every .proto file below the folder, which is also their import root:
# proto/flamekeep/v1/query.proto is #include "flamekeep/v1/query.pb.h". A file with a service gets
# query.grpc.pb.h too.
function(flamekeep_proto_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "")
  set(target flamekeep_${name})
  set(root "${PROJECT_SOURCE_DIR}/${arg_DIR}")
  _flamekeep_glob(protos "${root}" "*.proto")
  if(NOT protos)
    add_library(${target} INTERFACE)
    return()
  endif()
  # Whether a file has a service is known from its text.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${protos})

  set(generated)
  foreach(proto IN LISTS protos)
    file(RELATIVE_PATH path "${root}" "${proto}")
    string(REGEX REPLACE "\\.proto$" "" stem "${FLAMEKEEP_GEN_DIR}/${path}")
    set(outputs "${stem}.pb.h" "${stem}.pb.cc")
    set(grpc_arguments)
    file(STRINGS "${proto}" services REGEX "^service ")
    if(services)
      list(APPEND outputs "${stem}.grpc.pb.h" "${stem}.grpc.pb.cc")
      set(grpc_arguments "--grpc_out=${FLAMEKEEP_GEN_DIR}"
        "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
    endif()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc "-I${root}" "--cpp_out=${FLAMEKEEP_GEN_DIR}" ${grpc_arguments} "${path}"
      WORKING_DIRECTORY "${root}"
      DEPENDS ${protos}
      COMMENT "Generating C++ from ${arg_DIR}/${path}"
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()

  add_custom_target(${target}_gen DEPENDS ${generated})
  add_dependencies(generated ${target}_gen)
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${generated})
  target_include_directories(${target} SYSTEM PUBLIC "${FLAMEKEEP_GEN_DIR}")
  target_compile_options(${target} PRIVATE -w)
  target_link_libraries(${target} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
endfunction()

# flamekeep_programs(DIR <folder> [DEPS ...])
#
# Every .cc file directly in the folder is a program of that name; those in its subfolder support/
# make a library that all of them share. Benchmarks: not built with sanitizers.
function(flamekeep_programs)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "DIR" "DEPS")
  if(FLAMEKEEP_SANITIZE)
    return()
  endif()
  flamekeep_library(${arg_DIR}_support DIR ${arg_DIR}/support DEPS ${arg_DEPS})
  file(GLOB programs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${arg_DIR}/*.cc")
  foreach(source IN LISTS programs)
    get_filename_component(target "${source}" NAME_WE)
    add_executable(${target} "${source}")
    target_link_libraries(${target} PRIVATE flamekeep_${arg_DIR}_support flamekeep_options)
    target_precompile_headers(${target} REUSE_FROM flamekeep_pch)
  endforeach()
endfunction()

# flamekeep_system_tests(DIR <folder> [DEPS ...])
#
# Tests of the whole program; subfolders count, `support` is a library for all of them:
#   x_test.cc   a GoogleTest binary of its own
#   x_main.cc   a helper program x that tests start
#   x_test.py   a script, run with /usr/bin/python3 (only Debian's has Debian's modules)
#   x_test.sh   a script, run with bash
# They carry the label `system`, or `crash` where the name starts with crash, and are started in the
# checkout with FLAMEKEEP_BIN (the program) and FLAMEKEEP_BIN_DIR (the helpers). The scripts must
# choose free ports and temporary directories: tests run in parallel.
function(flamekeep_system_tests)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "DIR" "DEPS")
  if(FLAMEKEEP_TSAN)
    return()
  endif()
  set(dir "${PROJECT_SOURCE_DIR}/${arg_DIR}")
  flamekeep_library(${arg_DIR}_support DIR ${arg_DIR}/support DEPS ${arg_DEPS})
  _flamekeep_glob(sources "${dir}" "*")
  list(FILTER sources EXCLUDE REGEX "/(support|corpus|cases)/")
  list(FILTER sources INCLUDE REGEX "(_test\\.(cc|py|sh)|_main\\.cc)$")
  set(environment ${FLAMEKEEP_TEST_ENVIRONMENT}
    "FLAMEKEEP_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/flamekeep"
    "FLAMEKEEP_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
    "PYTHONDONTWRITEBYTECODE=1")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    set(label system)
    if(name MATCHES "^crash")
      set(label crash)
    endif()
    if(source MATCHES "_main\\.cc$")
      string(REGEX REPLACE "_main$" "" name "${name}")
      add_executable(${name} "${source}")
      target_link_libraries(${name} PRIVATE flamekeep_${arg_DIR}_support flamekeep_options)
      _flamekeep_covered(${name})
      target_precompile_headers(${name} REUSE_FROM flamekeep_pch)
      continue()
    elseif(source MATCHES "\\.cc$")
      add_executable(${name} "${source}")
      target_link_libraries(${name} PRIVATE
        flamekeep_${arg_DIR}_support flamekeep_options GTest::gmock GTest::gtest_main)
      _flamekeep_as_test(${name})
      add_test(NAME ${label}.${name} COMMAND ${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    elseif(source MATCHES "\\.py$")
      add_test(NAME ${label}.${name} COMMAND /usr/bin/python3 "${source}"
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    else()
      add_test(NAME ${label}.${name} COMMAND bash "${source}"
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    endif()
    # The tests' own limits are tighter; a long crash run (scripts/test --long) needs hours.
    set(timeout 600)
    if(label STREQUAL "crash")
      set(timeout 14400)
    endif()
    set_tests_properties(${label}.${name} PROPERTIES
      LABELS ${label} TIMEOUT ${timeout} ENVIRONMENT "${environment}")
  endforeach()
endfunction()
