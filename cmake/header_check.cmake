# Target header_check: each header compiles alone, and all of them link when every one is in two translation
# units (a non-template function that lacks `inline` does not). Not part of `all`.
# Target tidy: clang-tidy over the headers, a folder at a time, and over the programs' shared code.
file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/include/basin/*.hpp)
list(FILTER headers EXCLUDE REGEX "instantiate")  # basin::compiled is made of these

set(alone_sources "")
set(folders "")
set(include_all "")
foreach(header IN LISTS headers)
  string(REPLACE "/" "_" name ${header})
  set(source ${PROJECT_BINARY_DIR}/header_check/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND alone_sources ${source})
  string(APPEND include_all "#include \"${header}\"\n")

  get_filename_component(folder ${header} DIRECTORY)
  string(MAKE_C_IDENTIFIER ${folder} folder)
  list(APPEND folders ${folder})
  string(APPEND include_${folder} "#include \"${header}\"\n")
endforeach()
list(REMOVE_DUPLICATES folders)

set(all_source ${PROJECT_BINARY_DIR}/header_check/all_headers.cpp)
file(CONFIGURE OUTPUT ${all_source} CONTENT "${include_all}int main() {}\n")
add_executable(header_check EXCLUDE_FROM_ALL ${alone_sources} ${all_source})
set_target_properties(header_check PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/header_check)
target_link_libraries(header_check PRIVATE basin_optional)
if(NOT MSVC)
  target_compile_options(header_check PRIVATE -O0 -g0)
endif()

find_program(CLANG_TIDY NAMES clang-tidy clang-tidy-14)
if(CLANG_TIDY)
  set(tidy_sources "")
  foreach(folder IN LISTS folders)
    set(source ${PROJECT_BINARY_DIR}/tidy/${folder}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "${include_${folder}}")
    list(APPEND tidy_sources ${source})
  endforeach()
  file(GLOB support_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/support/*.cpp)
  add_library(tidy OBJECT EXCLUDE_FROM_ALL ${tidy_sources} ${support_sources})
  target_link_libraries(tidy PRIVATE basin_program_libraries)
  target_include_directories(tidy PRIVATE ${PROJECT_SOURCE_DIR}/examples)
  target_compile_definitions(tidy PRIVATE BASIN_EXAMPLE_DATA_DIR="${PROJECT_SOURCE_DIR}/examples/data")
  if(NOT MSVC)
    target_compile_options(tidy PRIVATE -O0 -g0)
  endif()
  set_target_properties(tidy PROPERTIES CXX_CLANG_TIDY
    "${CLANG_TIDY};--quiet;--warnings-as-errors=*;--config-file=${PROJECT_SOURCE_DIR}/.clang-tidy")
endif()
