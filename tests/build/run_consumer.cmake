# Configures, builds and runs the consumer project KIND in WORK as a user would, with an environment free of flags.
cmake_minimum_required(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/as_a_user.cmake)
file(REMOVE_RECURSE ${WORK})

set(where -DBASIN_SOURCE=${BASIN_SOURCE})
if(KIND STREQUAL "find_package")
  run(${CMAKE_COMMAND} --install ${BASIN_BUILD} --prefix ${WORK}/first_prefix)
  file(RENAME ${WORK}/first_prefix ${WORK}/prefix)  # what is installed can be moved
  file(GLOB_RECURSE ours RELATIVE ${BASIN_SOURCE}/include ${BASIN_SOURCE}/include/*)
  file(GLOB_RECURSE installed RELATIVE ${WORK}/prefix/include ${WORK}/prefix/include/*)
  if(NOT ours STREQUAL installed)
    message(FATAL_ERROR "installed headers differ from include/:\n${installed}\nexpected\n${ours}")
  endif()
  set(where -DCMAKE_PREFIX_PATH=${WORK}/prefix)
endif()

run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/${KIND} -B ${WORK}/build -G ${GENERATOR} ${where}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DEigen3_DIR=${EIGEN_DIR}
    -DEXPECTED_VERSION=${VERSION} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)

# The compiler is told the include directories and the standard, and nothing else; with the compiled library, also that it is
# there. Two programs of two files, and the one part of the library that they need.
file(READ ${WORK}/build/compile_commands.json database)
string(JSON count LENGTH "${database}")
if(NOT count EQUAL 5)
  message(FATAL_ERROR "the consumer has ${count} translation units, expected 5 (${database})")
endif()
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  string(JSON command GET "${database}" ${i} command)
  string(REGEX MATCHALL " -[OWmfDpg][^ ]*" leaked "${command}")
  if(command MATCHES "compiled.dir")
    list(REMOVE_ITEM leaked " -DBASIN_COMPILED")
  endif()
  if(leaked)
    message(FATAL_ERROR "flags that the consumer did not ask for:${leaked}\nin ${command}")
  endif()
endforeach()

run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
run(${WORK}/build/consumer_compiled)

# A consumer's installation holds nothing of ours.
if(NOT KIND STREQUAL "find_package")
  run(${CMAKE_COMMAND} --install ${WORK}/build --prefix ${WORK}/consumer_prefix)
  file(GLOB_RECURSE installed ${WORK}/consumer_prefix/*)
  if(installed)
    message(FATAL_ERROR "the consumer's installation holds ${installed}")
  endif()
endif()
