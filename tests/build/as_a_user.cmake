# For scripts that try basin as a user would: an environment free of flags, and run(COMMAND...), which must succeed.
foreach(variable CXXFLAGS CPPFLAGS LDFLAGS CMAKE_PREFIX_PATH basin_DIR basin_ROOT CPLUS_INCLUDE_PATH PKG_CONFIG_PATH)
  unset(ENV{${variable}})
endforeach()

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "failed (${status}): ${command}")
  endif()
endfunction()
