# Compiler, linker, warnings, sanitizers, ccache. Everything a target of ours inherits is on the
# interface target `flamekeep_options`; generated and foreign code does not link it.

set(FLAMEKEEP_SANITIZE "" CACHE STRING
  "Sanitizers for all code: empty, `address,undefined`, `thread`; `fuzzer` may be added (clang)")
option(FLAMEKEEP_WERROR "Warnings are errors" ON)
option(FLAMEKEEP_UNITY "Compile files eight at a time: less than half the work, none of it saved \
where one of them changes" OFF)
option(FLAMEKEEP_CCACHE "Compile through ccache when it is installed" ON)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  set(default_march x86-64-v2)
endif()
set(FLAMEKEEP_MARCH "${default_march}" CACHE STRING
  "Value of -march=. The default x86-64-v2 (SSE4.2, 2009 on) runs on every server that is still in use; \
`native` is for your own machine, empty is the compiler's default")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -g1 -DNDEBUG")
# With sanitizers for their traces only, which need no more than lines.
if(FLAMEKEEP_SANITIZE)
  set(debug_info -g1)
else()
  set(debug_info -g)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O1 ${debug_info} -D_GLIBCXX_ASSERTIONS")
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(FLAMEKEEP_GEN_DIR "${CMAKE_BINARY_DIR}/gen")

# Flags that every object file needs to share, generated code included.
# -pthread comes with some libraries and not with others; precompiled headers need one answer.
add_compile_options(-fno-omit-frame-pointer -fdiagnostics-color=always -pthread)
# Paths relative to the checkout: objects do not depend on where it lies, so ccache can share them
# between build directories. gdb wants `set substitute-path . <checkout>` or a start there.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
if(FLAMEKEEP_MARCH)
  add_compile_options("-march=${FLAMEKEEP_MARCH}")
endif()

if(FLAMEKEEP_SANITIZE)
  string(REPLACE "," ";" sanitizers "${FLAMEKEEP_SANITIZE}")
  # What is fuzzed and the fuzzers get it by themselves (Flamekeep.cmake).
  list(REMOVE_ITEM sanitizers fuzzer)
  list(JOIN sanitizers "," for_all)
  add_compile_options("-fsanitize=${for_all}")
  add_link_options("-fsanitize=${for_all}")
  if("undefined" IN_LIST sanitizers)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--as-needed)
set_property(GLOBAL APPEND PROPERTY JOB_POOLS link=1)
set(CMAKE_JOB_POOL_LINK link)

# The settings ride on the launcher, so a plain `ninja` uses them as well. The sloppiness is what
# ccache asks for with precompiled headers; base_dir makes all build directories share one cache.
find_program(CCACHE_PROGRAM ccache)
if(FLAMEKEEP_CCACHE AND CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env
    "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
    "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
    "CCACHE_NOHASHDIR=1"
    "${CCACHE_PROGRAM}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

add_library(flamekeep_options INTERFACE)
target_include_directories(flamekeep_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_include_directories(flamekeep_options SYSTEM INTERFACE "${FLAMEKEEP_GEN_DIR}")
target_compile_options(flamekeep_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wundef
  -Wcast-align -Wformat=2 -Wimplicit-fallthrough -Wvla
  # C++20 designated initializers leave out members on purpose.
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(flamekeep_options INTERFACE
    -Wduplicated-cond -Wlogical-op -Wsuggest-override
    # False alarms of gcc 12 on inlined standard library code (gcc bugs 105651, 105329, 105562).
    -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-array-bounds)
  if(FLAMEKEEP_UNITY)
    # It takes a file that is included for a header.
    target_compile_options(flamekeep_options INTERFACE -Wno-subobject-linkage)
  endif()
else()
  target_compile_options(flamekeep_options INTERFACE
    -Wthread-safety -Winconsistent-missing-override
    # Debian's libraries use builtins and attributes that other versions of clang know.
    -Wno-unknown-warning-option)
endif()
if(FLAMEKEEP_WERROR)
  target_compile_options(flamekeep_options INTERFACE -Werror)
endif()
