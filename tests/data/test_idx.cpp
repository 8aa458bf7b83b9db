#include "basin/data/idx.hpp"

#include <algorithm>
#include <cstdint>

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

/// Two images of 2 x 3 pixels, 10, 11, ..., 21.
Bytes small_images() {
  Bytes bytes = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3};
  for (unsigned char b = 10; b < 22; ++b) bytes.push_back(b);
  return bytes;
}

}  // namespace

TEST_CASE("IDX images are columns in row order, and their matrix is scaled", "[data]") {
  const TempDir dir;
  const ImageSet images = read_idx_images(write_file(dir / "images", small_images()));
  REQUIRE(images.shape == Shape{1, 2, 3});
  REQUIRE(images.count() == 2);
  CHECK(images.labels.empty());
  CHECK(images.pixels(images.shape.at(0, 1, 2), 0) == 15);
  CHECK(images.pixels(images.shape.at(0, 0, 1), 1) == 17);

  const Mat<double> X = to_matrix<double>(images, {1, 0, 1});
  REQUIRE(X.rows() == 6);
  REQUIRE(X.cols() == 3);
  for (Index i = 0; i < 6; ++i) {
    CHECK(std::abs(X(i, 0) - (16. + double(i)) / 255) <= 1e-16);
    CHECK(std::abs(X(i, 1) - (10. + double(i)) / 255) <= 1e-16);
    CHECK(X(i, 2) == X(i, 0));
  }
  CHECK(to_matrix<float>(images, images.all(), 0.5)(3, 1) == 9.5f);
  CHECK(to_matrix<float>(images, {}).cols() == 0);
  CHECK(contains(error_of([&] {
                   (void)to_matrix<float>(images, {0, 2});
                 }),
                 "which[1] must be in 0 .. 1, got 2"));
  CHECK(contains(error_of([&] { (void)to_matrix<float>(images, {-1}); }), "got -1"));
}

TEST_CASE("the scale 1/255 gives in float what division by 255 gives, for every byte", "[data]") {
  ImageSet images;
  images.shape = {1, 16, 16};
  images.pixels.resize(256, 1);
  for (Index b = 0; b < 256; ++b) images.pixels(b, 0) = static_cast<unsigned char>(b);
  const Mat<float> x = to_matrix<float>(images, {0});
  const Mat<double> y = to_matrix<double>(images, {0});
  Index different = 0;
  for (Index b = 0; b < 256; ++b) different += x(b, 0) != float(b) / 255.0f;
  CHECK(different == 0);
  CHECK((y(0, 0) == 0 && y(255, 0) == 1));
}

TEST_CASE("an IDX file that is not what its header says is an error that names offset and sizes", "[data]") {
  const TempDir dir;
  Bytes bytes = small_images();
  bytes.push_back(0);
  CHECK(contains(error_of([&] { (void)read_idx_images(write_file(dir / "long", bytes)); }),
                 "long: offset 16: 13 bytes of data, expected 2 x 2 x 3 as the header says"));
  bytes.resize(27);
  CHECK(contains(error_of([&] { (void)read_idx_images(write_file(dir / "short", bytes)); }),
                 "11 bytes of data"));
  CHECK(contains(error_of([&] { (void)read_idx_labels(write_file(dir / "images", small_images())); }),
                 "offset 0: magic number is 0x00000803, expected 0x00000801 (unsigned bytes, 1 dimension)"));
  const Bytes huge = {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
  CHECK(contains(error_of([&] { (void)read_idx_images(write_file(dir / "huge", huge)); }),
                 "expected 4294967295 x 4294967295 x 4294967295"));
  // 2^24 * 2^20 * 2^20 = 2^64: a product without a check is 0 and fits the file
  const Bytes wraps = {0, 0, 8, 3, 1, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0};
  CHECK_THROWS_AS(read_idx_images(write_file(dir / "wraps", wraps)), FileError);
  const Bytes flat = {0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7};
  CHECK(contains(error_of([&] { (void)read_idx_images(write_file(dir / "flat", flat)); }),
                 "offset 8: images of 0 x 7"));
}

TEST_CASE("IDX readers refuse every truncation and survive every wrong byte", "[data]") {
  const TempDir dir;
  const auto images = [](const std::filesystem::path& p) {
    const ImageSet set = read_idx_images(p);
    return set.pixels.size() == 12 && set.shape.size() * set.count() == 12;
  };
  const Bytes good = small_images();
  CHECK(refused_truncations(dir, good, images) == good.size());
  CHECK(refused_corruptions(dir, good, good.size(), images) >= 16 * 16);  // nearly any change of the header
  const Bytes labels = {0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 9};
  const auto read = [](const std::filesystem::path& p) { return read_idx_labels(p).size() == 3; };
  CHECK(refused_truncations(dir, labels, read) == labels.size());
  CHECK(refused_corruptions(dir, labels, 8, read) >= 8 * 16);
}

TEST_CASE("find_idx takes plain, gzip and dotted names and lists them when there is none", "[data]") {
  const TempDir dir;
  const std::string stem = "train-images-idx3-ubyte";
  const std::string error = error_of([&] { (void)find_idx(dir.path(), stem); });
  CHECK(contains(error, dir.path().string()));
  CHECK(contains(error,
                 "train-images-idx3-ubyte, train-images-idx3-ubyte.gz, train-images.idx3-ubyte, "
                 "train-images.idx3-ubyte.gz"));
  CHECK(contains(error_of([&] { (void)find_idx(dir / "nowhere", stem); }), "nowhere: no such folder"));
  for (const char* name :
       {"train-images.idx3-ubyte.gz", "train-images.idx3-ubyte", "train-images-idx3-ubyte.gz",
        "train-images-idx3-ubyte"}) {  // from the last choice to the first
    write_file(dir / name, small_images());
    CHECK(find_idx(dir.path(), stem) == dir / name);
  }
}

TEST_CASE("read_idx wants as many labels as images", "[data]") {
  const TempDir dir;
  write_file(dir / "a-images-idx3-ubyte", small_images());
  write_file(dir / "a-labels.idx1-ubyte", Bytes{0, 0, 8, 1, 0, 0, 0, 2, 4, 1});
  CHECK(read_idx(dir.path(), "a").labels == std::vector<int>{4, 1});
  write_file(dir / "a-labels.idx1-ubyte", Bytes{0, 0, 8, 1, 0, 0, 0, 1, 4});
  CHECK(contains(error_of([&] { (void)read_idx(dir.path(), "a"); }),
                 "1 labels, expected one for each of 2 images"));
}

TEST_CASE("the Fashion-MNIST and digit sets are whole and balanced", "[data]") {
  struct Known {
    const char* name;
    Index count, side;
    std::int64_t sum;  // of all bytes, computed with NumPy
    int max;
  };
  for (const auto& [name, count, side, sum, max] :
       {Known{"fashion-mnist-100", 100, 28, 5810225, 255}, Known{"fashion-mnist-200", 200, 28, 11648277, 255},
        Known{"fashion-mnist-500", 500, 28, 28317234, 255}, Known{"digits8x8-500", 500, 8, 157874, 16},
        Known{"digits8x8-1797", 1797, 8, 561718, 16}}) {
    INFO(name);
    const ImageSet images = read_idx(BASIN_EXAMPLE_DATA_DIR, name);
    CHECK(images.count() == count);
    CHECK(images.shape == Shape{1, side, side});
    CHECK(images.pixels.cast<std::int64_t>().sum() == sum);
    CHECK(int(images.pixels.maxCoeff()) == max);
    if (count < 1797)
      for (int label = 0; label < 10; ++label)
        CHECK(std::count(images.labels.begin(), images.labels.end(), label) == count / 10);
  }
}
