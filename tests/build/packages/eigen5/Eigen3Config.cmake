# Stands in for the package of another version of Eigen: EIGEN_HEADERS under the number EIGEN_NUMBER.
add_library(Eigen3::Eigen INTERFACE IMPORTED)
set_target_properties(Eigen3::Eigen PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${EIGEN_HEADERS})
