# The same program with the compiled library. It uses the products alone; the other parts would take a minute to compile.
get_target_property(parts basin_compiled SOURCES)
list(FILTER parts INCLUDE REGEX "/products.cpp$")
set_property(TARGET basin_compiled PROPERTY SOURCES ${parts})
add_executable(consumer_compiled ../consumer/main.cpp ../consumer/other.cpp)
target_link_libraries(consumer_compiled PRIVATE basin::compiled)
