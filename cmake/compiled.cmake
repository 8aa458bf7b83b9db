# basin_add_compiled(NAME [LIBRARY...]): the static library NAME of what takes long to compile (basin/instantiate.hpp), made
# with the flags of the project that calls, and only if something links it. LIBRARIES, and what else is linked to NAME as
# PUBLIC, are what it is compiled with and what all that link it get, too.
function(basin_add_compiled name)
  set(sources fixed_points basins spectra certificates erased fully_connected training products)
  list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compiled/)
  list(TRANSFORM sources APPEND .cpp)
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${name} PUBLIC basin::basin ${ARGN})
  target_compile_definitions(${name} PUBLIC BASIN_COMPILED)
endfunction()

if(NOT TARGET basin_compiled)
  basin_add_compiled(basin_compiled)
  add_library(basin::compiled ALIAS basin_compiled)
endif()
