# find_package(basin CONFIG): the targets basin::basin and basin::compiled, and the function basin_add_onnx() for basin::onnx.
include(CMakeFindDependencyMacro)
if(NOT TARGET Eigen3::Eigen)
  find_dependency(Eigen3 3.4 CONFIG)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/basin-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/compiled.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/onnx.cmake")
