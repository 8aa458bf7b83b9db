# cmake -DPROGRAM=... -DEXPECTED=FILE -P compare.cmake: runs PROGRAM, which must return 0 and print what is in FILE, byte for
# byte. With BASIN_UPDATE_EXPECTED=1 in the environment it writes FILE instead.
execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} returned ${status}\n${output}${errors}")
endif()
if("$ENV{BASIN_UPDATE_EXPECTED}")
  file(WRITE ${EXPECTED} "${output}")
  return()
endif()
file(READ ${EXPECTED} expected)
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed\n${output}\nand not, as in ${EXPECTED},\n${expected}")
endif()
