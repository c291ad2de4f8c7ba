# The page (web/), built by npm in a build directory's own folder and embedded into the server.

option(FLAMEKEEP_WEB "Build the page into the server, which needs node and npm" ON)
set(FLAMEKEEP_NODE_VERSION 18.19)

function(_flamekeep_check_node)
  find_program(NODE_PROGRAM node)
  find_program(NPM_PROGRAM npm)
  mark_as_advanced(NODE_PROGRAM NPM_PROGRAM)
  set(found "no node")
  if(NODE_PROGRAM)
    execute_process(COMMAND "${NODE_PROGRAM}" --version OUTPUT_VARIABLE version
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REGEX REPLACE "^v" "" version "${version}")
    if(NPM_PROGRAM AND version VERSION_GREATER_EQUAL FLAMEKEEP_NODE_VERSION)
      return()
    endif()
    set(found "node ${version}")
    if(NOT NPM_PROGRAM)
      string(APPEND found " without npm")
    endif()
  endif()
  message(FATAL_ERROR "The page needs node ${FLAMEKEEP_NODE_VERSION} or newer with npm, here is \
${found}: run scripts/install-packages, or build without the page by -DFLAMEKEEP_WEB=OFF.")
endfunction()

if(FLAMEKEEP_WEB)
  _flamekeep_check_node()
endif()

# flamekeep_embed_page(<target>): defines server/http/web_files.h's function in the library. The page
# alone is the target `page`.
function(flamekeep_embed_page target)
  set(web "${PROJECT_SOURCE_DIR}/web")
  set(source "${CMAKE_BINARY_DIR}/page/web_files.cc")
  set(embed "${PROJECT_SOURCE_DIR}/cmake/EmbedPage.cmake")
  set(inputs "${embed}" "${PROJECT_SOURCE_DIR}/cmake/Incbin.cmake")
  set(build)
  set(folder)
  if(FLAMEKEEP_WEB)
    set(folder "${CMAKE_BINARY_DIR}/page/files")
    set(script "${PROJECT_SOURCE_DIR}/scripts/build-page")
    set(build COMMAND "${script}" "${folder}")
    file(GLOB_RECURSE of_page CONFIGURE_DEPENDS "${web}/src/*" "${web}/scripts/*"
      "${PROJECT_SOURCE_DIR}/proto/flamekeep/v1/*.proto")
    list(FILTER of_page EXCLUDE REGEX "\\.test\\.tsx?$")
    list(APPEND inputs ${of_page} "${script}" "${web}/index.html" "${web}/package.json"
      "${web}/package-lock.json" "${web}/tsconfig.json" "${web}/vite.config.ts")
  endif()
  add_custom_command(
    OUTPUT "${source}"
    ${build}
    COMMAND "${CMAKE_COMMAND}" "-DFOLDER=${folder}" "-DOUTPUT=${source}" -P "${embed}"
    DEPENDS ${inputs}
    COMMENT "Building the page"
    VERBATIM)
  flamekeep_embedding_source(${target} "${source}")
  add_custom_target(page DEPENDS "${source}")
  add_dependencies(${target} page)
endfunction()
