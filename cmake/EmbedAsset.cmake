# cmake -DINPUT=<text file> -DOUTPUT=<header> -P EmbedAsset.cmake
#
# Writes a header that holds the file as a string: flamegraph.js -> flamekeep::assets::kFlamegraphJs.
cmake_minimum_required(VERSION 3.25)

get_filename_component(file "${INPUT}" NAME)
string(REGEX MATCHALL "[A-Za-z0-9]+" words "${file}")
set(name k)
foreach(word IN LISTS words)
  string(SUBSTRING "${word}" 0 1 first)
  string(SUBSTRING "${word}" 1 -1 rest)
  string(TOUPPER "${first}" first)
  string(APPEND name "${first}${rest}")
endforeach()

# As bytes: no encoding, delimiter or length of a literal to care about.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
file(WRITE "${OUTPUT}" "// Generated from ${file}.
#pragma once

#include <string_view>

namespace flamekeep::assets {

inline constexpr char ${name}Bytes[] = {
${bytes}'\\0'};
inline constexpr std::string_view ${name}(${name}Bytes, sizeof(${name}Bytes) - 1);

}  // namespace flamekeep::assets
")
