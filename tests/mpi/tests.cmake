# Tests over ranks of MPI, on one machine and over two hosts that are network namespaces. Where MPI is not there they are one
# test that says so.
if(NOT TARGET basin_mpi OR NOT MPIEXEC_EXECUTABLE)
  add_test(NAME mpi COMMAND ${CMAKE_COMMAND} -E echo "skipped: MPI was not found (Debian: libopenmpi-dev, openmpi-bin)")
  set_tests_properties(mpi PROPERTIES LABELS default SKIP_REGULAR_EXPRESSION "^skipped")
  return()
endif()

add_executable(mpi_ranks ${CMAKE_CURRENT_LIST_DIR}/ranks.cpp)
target_link_libraries(mpi_ranks PRIVATE basin_optional basin_mpi)
if(NOT MSVC)
  target_compile_options(mpi_ranks PRIVATE -UNDEBUG ${BASIN_TEST_FLAGS})
endif()
add_dependencies(tests mpi_ranks)

# Open MPI refuses root and more ranks than cores unless told; its single copies need a right that containers lack. Its own
# leaks are not ours.
set(mpi_environment OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
    OMPI_MCA_btl_vader_single_copy_mechanism=none OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0)
function(basin_add_mpi_test name)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS default TIMEOUT 600 SKIP_RETURN_CODE 77 PROCESSORS 2
                       ENVIRONMENT "${mpi_environment}")
endfunction()
set(mpi_folder ${CMAKE_CURRENT_BINARY_DIR}/mpi)
foreach(ranks 1 2 5)
  basin_add_mpi_test(mpi_${ranks} ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:mpi_ranks>
                     checks ${mpi_folder}/checks_${ranks})
endforeach()
foreach(ranks 2 5)
  basin_add_mpi_test(mpi_killed_${ranks} ${CMAKE_CURRENT_LIST_DIR}/killed.sh ${MPIEXEC_EXECUTABLE} $<TARGET_FILE:mpi_ranks>
                     ${ranks} ${mpi_folder}/killed_${ranks})
endforeach()
# A program of examples/support, in which ranks.cpp with MPI takes the place of the library's own.
if(TARGET basin_test_support)
  add_executable(mpi_program ${CMAKE_CURRENT_LIST_DIR}/program.cpp ${PROJECT_SOURCE_DIR}/examples/support/ranks.cpp)
  target_compile_definitions(mpi_program PRIVATE BASIN_USE_MPI)
  target_link_libraries(mpi_program PRIVATE basin_test_support basin_mpi)
  add_dependencies(tests mpi_program)
  basin_add_mpi_test(mpi_program ${CMAKE_CURRENT_LIST_DIR}/program.sh ${MPIEXEC_EXECUTABLE} $<TARGET_FILE:mpi_program>
                     ${mpi_folder}/program)
endif()
basin_add_mpi_test(mpi_two_hosts ${CMAKE_CURRENT_LIST_DIR}/two_hosts.sh ${MPIEXEC_EXECUTABLE} $<TARGET_FILE:mpi_ranks>
                   ${mpi_folder}/two_hosts)
