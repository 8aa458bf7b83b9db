# `cmake --install BUILD --prefix DIR`: the headers and what find_package(basin CONFIG) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATAROOTDIR}/cmake/basin)

install(DIRECTORY include/basin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(TARGETS basin EXPORT basin-targets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT basin-targets NAMESPACE basin:: DESTINATION ${package_dir})

write_basic_package_version_file(${PROJECT_BINARY_DIR}/basin-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/basin-config.cmake cmake/compiled.cmake cmake/onnx.cmake cmake/mpi.cmake ${PROJECT_BINARY_DIR}/basin-config-version.cmake
        DESTINATION ${package_dir})
# basin::compiled is built in the consumer's project, with its flags.
install(DIRECTORY cmake/compiled DESTINATION ${package_dir})
