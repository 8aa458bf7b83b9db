# basin_add_precompiled(NAME HEADER LIBRARY...): a target NAME for which HEADER is read once, for all targets that use it and have
# the same compile options.
function(basin_add_precompiled name header)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp CONTENT "")
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE ${ARGN})
  target_precompile_headers(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${header})
  basin_about_precompiled(${name})
endfunction()
function(basin_use_precompiled target name)
  target_precompile_headers(${target} REUSE_FROM ${name})
  basin_about_precompiled(${target})
endfunction()
# g++ forgets the `#pragma GCC diagnostic` of what it has precompiled; this is the one warning that headers switch off by it.
function(basin_about_precompiled target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-ignored-attributes)
  endif()
endfunction()

# CMake's own first line would make all of it system headers, and g++ does not warn of those.
set(CMAKE_PCH_PROLOGUE "")
