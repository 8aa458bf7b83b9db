# `cpack` in the build folder makes libbasin-dev_VERSION_all.deb: what `cmake --install` installs, under /usr.
set(BASIN_DEBIAN_MAINTAINER "the basin authors <basin@packages.invalid>" CACHE STRING "Who answers for a Debian package made here")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libbasin-dev)
set(CPACK_PACKAGE_VENDOR basin)
set(CPACK_PACKAGE_CONTACT ${BASIN_DEBIAN_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "neural networks as dynamical systems (C++20 headers)")
set(CPACK_PACKAGE_DESCRIPTION
    "basin trains autoencoders and studies them as dynamical systems: Jacobians
and their spectra, fixed points with verdicts, cycles, basins of attraction,
certificates of recall. These are its headers, built on Eigen, with the files
that CMake and pkg-config look for.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES FALSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "g++ (>= 4:12) | clang (>= 1:14)")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian/documents.cmake)
include(CPack)
