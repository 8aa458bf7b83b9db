# Eigen3::Eigen, 3.4 or newer. Eigen's version file takes another major version for incompatible, so that it is asked
# for any version and the number compared here.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG REQUIRED)
  if(Eigen3_VERSION VERSION_LESS 3.4)
    message(FATAL_ERROR "basin needs Eigen 3.4 or newer, found ${Eigen3_VERSION} in ${Eigen3_DIR}")
  endif()
endif()
