# find_package(basin CONFIG): the target basin::basin.
include(CMakeFindDependencyMacro)
if(NOT TARGET Eigen3::Eigen)
  find_dependency(Eigen3 3.4 CONFIG)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/basin-targets.cmake")
