# `cmake --install BUILD --prefix DIR`: the headers, what find_package(basin CONFIG) reads, and basin.pc for pkg-config.
#
# In another project these rules are left out of its own installation, and are there for two things: a library of that
# project that links basin::basin can be exported (its package says find_dependency(basin)), and
# `cmake --install BUILD --component basin` installs basin beside it.
include(CMakePackageConfigHelpers)
if(PROJECT_IS_TOP_LEVEL)
  include(GNUInstallDirs)
endif()

function(basin_install_rules)
  foreach(pair "INCLUDEDIR include" "DATAROOTDIR share" "DOCDIR share/doc/basin")
    separate_arguments(pair)
    list(GET pair 0 name)
    list(GET pair 1 ${name})
    if(CMAKE_INSTALL_${name})
      set(${name} ${CMAKE_INSTALL_${name}})
    endif()
  endforeach()
  set(package_dir ${DATAROOTDIR}/cmake/basin)
  set(how COMPONENT basin)
  if(NOT PROJECT_IS_TOP_LEVEL)
    list(APPEND how EXCLUDE_FROM_ALL)
  endif()

  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/basin DESTINATION ${INCLUDEDIR} ${how} FILES_MATCHING PATTERN "*.hpp")
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${DOCDIR} ${how})
  install(TARGETS basin EXPORT basin-targets INCLUDES DESTINATION ${INCLUDEDIR})
  install(EXPORT basin-targets NAMESPACE basin:: DESTINATION ${package_dir} ${how})

  write_basic_package_version_file(${PROJECT_BINARY_DIR}/basin-config-version.cmake
                                   COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
  set(files basin-config.cmake eigen.cmake compiled.cmake onnx.cmake mpi.cmake)
  list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/cmake/)
  install(FILES ${files} ${PROJECT_BINARY_DIR}/basin-config-version.cmake DESTINATION ${package_dir} ${how})
  # basin::compiled is built in the consumer's project, with its flags.
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/cmake/compiled DESTINATION ${package_dir} ${how})

  configure_file(${PROJECT_SOURCE_DIR}/cmake/basin.pc.in ${PROJECT_BINARY_DIR}/basin.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/basin.pc DESTINATION ${DATAROOTDIR}/pkgconfig ${how})
endfunction()
basin_install_rules()
