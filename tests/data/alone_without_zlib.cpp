// A program that is built without zlib: plain files work, a gzip file is an error that says what to do.
#undef BASIN_USE_ZLIB
#include "basin/data/idx.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

TEST_CASE("without zlib a gzip file is an error that says how to get it", "[data]") {
  const std::string error =
      error_of([] { (void)basin::read_idx(BASIN_EXAMPLE_DATA_DIR, "fashion-mnist-100"); });
  CHECK(contains(error, "fashion-mnist-100-images-idx3-ubyte.gz"));
  CHECK(contains(
      error,
      "this program was built without zlib: define BASIN_USE_ZLIB and link ZLIB::ZLIB (Debian: zlib1g-dev)"));
}

TEST_CASE("without zlib plain files are read", "[data]") {
  const TempDir dir;
  CHECK(basin::read_idx_labels(write_file(dir / "labels", basin::Bytes{0, 0, 8, 1, 0, 0, 0, 2, 7, 9})) ==
        std::vector<int>{7, 9});
}
