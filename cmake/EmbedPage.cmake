# cmake -DFOLDER=<what scripts/build-page made> -DOUTPUT=<C++ file> -P EmbedPage.cmake
#
# Defines the function of server/http/web_files.h. Without a folder there is no page.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/Incbin.cmake")

set(files)
if(FOLDER)
  file(GLOB_RECURSE files RELATIVE "${FOLDER}" "${FOLDER}/*.gz")
endif()
list(SORT files)

set(arrays)
set(rows)
foreach(file IN LISTS files)
  string(MAKE_C_IDENTIFIER "flamekeep_page_${file}" symbol)
  flamekeep_incbin(assembly "${symbol}" "${FOLDER}/${file}")
  string(APPEND arrays "${assembly}extern \"C\" const char ${symbol}[];\n")
  file(SIZE "${FOLDER}/${file}" size)
  string(REGEX REPLACE "\\.gz$" "" path "/${file}")
  string(APPEND rows "      {.path = \"${path}\", .packed = {${symbol}, ${size}}},\n")
endforeach()

set(body "  return {};")
if(files)
  set(body "  static constexpr WebFile kFiles[] = {\n${rows}  };\n  return kFiles;")
endif()
file(WRITE "${OUTPUT}" "// Generated from web/.
#include \"server/http/web_files.h\"

${arrays}
namespace flamekeep::server {

absl::Span<const WebFile> WebFiles() {
${body}
}

}  // namespace flamekeep::server
")
