// The images that programs take: those that are embedded, and those of --data.
#include <set>  // std::set

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/error_of.hpp"

using namespace basin::examples;
using basin::Index;

TEST_CASE("the embedded images are two disjoint pools, the same every time", "[examples]") {
  const ImageData a = find_images(""), b = find_images("");
  CHECK(a.name == "Fashion-MNIST");
  CHECK(contains(a.description, "500 embedded images"));
  REQUIRE(a.train.count() == 300);
  REQUIRE(a.test.count() == 200);
  CHECK(a.train.shape == basin::Shape{1, 28, 28});
  CHECK((a.train.pixels.array() == b.train.pixels.array()).all());
  CHECK((a.test.pixels.array() == b.test.pixels.array()).all());
  std::set<std::vector<unsigned char>> different;
  for (const auto* pool : {&a.train, &a.test})
    for (Index k = 0; k < pool->count(); ++k)
      different.insert({pool->pixels.col(k).data(), pool->pixels.col(k).data() + 784});
  CHECK(different.size() == 500);

  const basin::Mat<double> x = choose_images<double>(a.train, 20, 3),
                           y = choose_images<double>(a.train, 100, 3);
  CHECK((x.array() == y.leftCols(20).array()).all());
  CHECK(x.minCoeff() == 0);
  CHECK(x.maxCoeff() <= 1);
  CHECK(x.maxCoeff() > 0.9);
  CHECK((x.array() != choose_images<double>(a.train, 20, 4).array()).any());
  const std::vector<Index> all = choose(a.train, 300, 0);
  CHECK(std::set<Index>(all.begin(), all.end()).size() == 300);
  CHECK(contains(error_of([&] { choose(a.train, 301, 0); }), "choose: n must be within 1 .. 300"));
}

TEST_CASE("--data takes MNIST's files, names other images for what they are and refuses the rest",
          "[examples]") {
  TempDir dir;
  const auto idx = [](unsigned char count, unsigned char side) {
    std::string bytes{0, 0, 8, 3,
                      0, 0, 0, static_cast<char>(count),
                      0, 0, 0, static_cast<char>(side),
                      0, 0, 0, static_cast<char>(side)};
    for (int i = 0; i < count * side * side; ++i) bytes += static_cast<char>(i);
    return bytes_of(bytes);
  };
  const auto problem = [&] { return error_of([&] { find_images(dir.path().string()); }); };
  CHECK(contains(problem(), "t10k-images-idx3-ubyte.gz"));
  CHECK(contains(problem(), "--data expects a folder with MNIST's original"));
  write_file(dir / "train-images-idx3-ubyte", idx(5, 3));
  CHECK(contains(problem(), "t10k-images-idx3-ubyte"));
  write_file(dir / "t10k-images-idx3-ubyte", idx(2, 3));
  const ImageData data = find_images(dir.path().string());
  CHECK(data.train.count() == 5);
  CHECK(data.test.count() == 2);
  CHECK(data.name == "images of other origin");
  CHECK(contains(data.description, "not the original MNIST from " + dir.path().string()));
  write_file(dir / "t10k-images-idx3-ubyte", idx(2, 4));
  CHECK(contains(problem(), "test images 1 x 4 x 4"));
  write_file(dir / "t10k-images-idx3-ubyte", idx(0, 3));
  CHECK(contains(problem(), "at least one of each"));
  write_file(dir / "t10k-images-idx3-ubyte", bytes_of("nothing like an IDX file"));
  CHECK(contains(problem(), "magic"));
  CHECK(contains(error_of([] { find_images("/no/such/folder"); }), "no such folder"));
}
