# As Eigen's own: another major version is not compatible.
set(PACKAGE_VERSION ${EIGEN_NUMBER})
string(REGEX MATCH "^[0-9]+" major ${PACKAGE_VERSION})
if(NOT PACKAGE_FIND_VERSION OR PACKAGE_FIND_VERSION_MAJOR STREQUAL major)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
