# Each of the small programs is compiled with the tests' flags and precompiled headers, run, and what it prints compared with
# examples/expected/NAME.txt: label more.
function(basin_add_small_example source)
  get_filename_component(name ${source} NAME_WE)
  set(target small_${name})
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE basin_test_compiled basin_libzip basin_test_main)
  basin_use_precompiled(${target} basin_test_headers)
  if(name STREQUAL load_onnx)
    target_link_libraries(${target} PRIVATE basin_test_onnx)
  endif()
  add_dependencies(more_tests ${target})
  add_test(NAME ${target}
           COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${target}>
                   -DEXPECTED=${CMAKE_CURRENT_SOURCE_DIR}/examples/expected/${name}.txt
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/examples/compare.cmake)
  set_tests_properties(${target} PROPERTIES LABELS more TIMEOUT 900 ENVIRONMENT
                       "OMP_NUM_THREADS=2;OMP_WAIT_POLICY=passive;LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/lsan.supp")
endfunction()

file(GLOB small_examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/theorems/*.cpp
     ${PROJECT_SOURCE_DIR}/examples/figures/*.cpp ${PROJECT_SOURCE_DIR}/examples/howto/*.cpp)
if(NOT TARGET basin_test_onnx)
  list(FILTER small_examples EXCLUDE REGEX "load_onnx")
endif()
foreach(source IN LISTS small_examples)
  basin_add_small_example(${source})
endforeach()
