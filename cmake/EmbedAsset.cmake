# cmake -DINPUT=<text file> -DHEADER=<header> -DSOURCE=<C++ file> -P EmbedAsset.cmake
#
# Makes a string of the file: flamegraph.js -> flamekeep::assets::kFlamegraphJs.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/Incbin.cmake")

get_filename_component(file "${INPUT}" NAME)
string(REGEX MATCHALL "[A-Za-z0-9]+" words "${file}")
set(name k)
foreach(word IN LISTS words)
  string(SUBSTRING "${word}" 0 1 first)
  string(SUBSTRING "${word}" 1 -1 rest)
  string(TOUPPER "${first}" first)
  string(APPEND name "${first}${rest}")
endforeach()

list(JOIN words "_" symbol)
flamekeep_incbin(assembly "flamekeep_asset_${symbol}" "${INPUT}")
file(WRITE "${SOURCE}" "// Generated from ${file}.\n${assembly}")
file(SIZE "${INPUT}" size)
file(WRITE "${HEADER}" "// Generated from ${file}.
#pragma once

#include <string_view>

extern \"C\" const char flamekeep_asset_${symbol}[];

namespace flamekeep::assets {

inline constexpr std::string_view ${name}(flamekeep_asset_${symbol}, ${size});

}  // namespace flamekeep::assets
")
