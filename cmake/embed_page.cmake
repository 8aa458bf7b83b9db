# basin_embed_page(TARGET): what the pages that programs write are made of, examples/support/page.css and page.js, as
# strings of a source file of the target.
function(basin_embed_page target)
  set(from ${PROJECT_SOURCE_DIR}/examples/support)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${from}/page.css ${from}/page.js)
  file(READ ${from}/page.css basin_page_css)
  file(READ ${from}/page.js basin_page_js)
  configure_file(${from}/page.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/page.cpp @ONLY)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/page.cpp)
endfunction()
