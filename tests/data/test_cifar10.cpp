#include "basin/data/cifar10.hpp"

#include <algorithm>
#include <cstdint>

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEST_CASE("a record is a label and the planes in channel, row, column order", "[data]") {
  const TempDir dir;
  const Shape shape{3, 2, 2};
  Bytes bytes;
  for (unsigned char k = 0; k < 26; ++k) bytes.push_back(k);
  const ImageSet images = read_image_records(write_file(dir / "two", bytes), shape);
  REQUIRE(images.count() == 2);
  CHECK(images.labels == std::vector<int>{0, 13});
  CHECK(images.pixels(shape.at(0, 0, 0), 0) == 1);
  CHECK(images.pixels(shape.at(1, 0, 1), 0) == 6);   // 1 + 4 + 1
  CHECK(images.pixels(shape.at(2, 1, 1), 1) == 25);  // the last byte
}

TEST_CASE("only whole records are read", "[data]") {
  const TempDir dir;
  const Bytes bytes(26, 7);
  const auto read = [](const std::filesystem::path& p) {
    return read_image_records(p, {3, 2, 2}).count() == 1;
  };
  CHECK(refused_truncations(dir, bytes, read) == 25);  // of 13 bytes is whole
  CHECK(contains(error_of([&] {
                   (void)read_image_records(write_file(dir / "cut", ByteSpan(bytes).first(20)), {3, 2, 2});
                 }),
                 "cut: offset 13: 7 bytes, expected a record of 13 (a label and 3 x 2 x 2)"));
  CHECK(contains(error_of([&] { (void)read_image_records(dir / "cut", {3, 0, 2}); }), "3 x 0 x 2"));
  const Index big = Index(1) << 40;
  CHECK(contains(error_of([&] { (void)read_image_records(dir / "cut", {big, big, 1}); }), "at most 2^20"));
}

TEST_CASE("CIFAR-10 has labels 0 to 9", "[data]") {
  const TempDir dir;
  Bytes bytes(2 * 3073, 0);
  bytes[0] = 9;
  bytes[3073 + 3072] = 200;
  const ImageSet images = read_cifar10(write_file(dir / "batch", bytes));
  CHECK(images.shape == Shape{3, 32, 32});
  CHECK(images.labels == std::vector<int>{9, 0});
  CHECK(images.pixels(images.shape.at(2, 31, 31), 1) == 200);
  bytes[3073] = 10;
  CHECK(contains(error_of([&] { (void)read_cifar10(write_file(dir / "batch", bytes)); }),
                 "batch: offset 3073: label is 10, expected 0 to 9"));
}

TEST_CASE("a CIFAR-10 batch is refused at every truncation and with every wrong label", "[data]") {
  const TempDir dir;
  Bytes bytes(2 * 3073, 3);
  const auto read = [](const std::filesystem::path& p) {
    const ImageSet images = read_cifar10(p);
    return images.pixels.cols() == images.count() &&
           static_cast<Index>(images.labels.size()) == images.count() && images.shape == Shape{3, 32, 32};
  };
  CHECK(refused_truncations(dir, bytes, read) == bytes.size() - 1);  // one record of the two is a batch, too
  for (const std::size_t at : {std::size_t(0), std::size_t(3073)})
    for (int label = 0; label < 256; ++label) {
      Bytes damaged = bytes;
      damaged[at] = static_cast<unsigned char>(label);
      CHECK(refuses(write_file(dir / "damaged", damaged), read) == (label > 9 ? 1 : 0));
    }
}

TEST_CASE("the sets of photographs are whole", "[data]") {
  for (const auto& [side, sum] : {std::pair<Index, std::int64_t>{32, 50880597}, {64, 203523077}}) {
    const std::string name = BASIN_EXAMPLE_DATA_DIR "/pictures" + std::to_string(side) + "-142.bin.gz";
    const ImageSet images = read_image_records(name, {3, side, side});
    REQUIRE(images.count() == 142);
    CHECK(images.pixels.cast<std::int64_t>().sum() == sum);
    CHECK(std::count(images.labels.begin(), images.labels.end(), 0) == 142);
  }
}
