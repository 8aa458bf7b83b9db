// Which images Figures 5 to 8 get: CIFAR-10 where --data has it, else the embedded photos, and it says which.
#include "basin/data/cifar10.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/error_of.hpp"

using namespace basin;
using namespace basin::examples;

namespace {

/// `count` records of a label and 3072 bytes; image k is filled with k.
Bytes records(std::size_t count) {
  Bytes bytes;
  for (std::size_t k = 0; k < count; ++k) {
    bytes.push_back(static_cast<unsigned char>(k % 10));
    bytes.insert(bytes.end(), 3072, static_cast<unsigned char>(k));
  }
  return bytes;
}

}  // namespace

TEST_CASE("--data with CIFAR-10's file takes it, there or in its subfolder", "[examples]") {
  for (const char* place : {"", "cifar-10-batches-bin"}) {
    const TempDir dir;
    std::filesystem::create_directories(dir.path() / place);
    write_file(dir.path() / place / "data_batch_1.bin", records(10));
    const ImageData data = find_color_images(dir.path().string());
    CHECK(data.train.count() == 8);
    CHECK(data.test.count() == 2);
    CHECK(data.train.shape == Shape{3, 32, 32});
    for (Index k = 0; k < 8; ++k)
      CHECK((data.train.pixels.col(k).array() == static_cast<unsigned char>(k)).all());  // in their order
    CHECK((data.test.pixels.col(1).array() == 9).all());
    // Ten flat images are not CIFAR-10, whatever their file is called.
    CHECK(data.name == "images of other origin");
    CHECK(
        contains(data.description, "Images that are not the original CIFAR-10 from " + dir.path().string()));
  }
}

TEST_CASE("without CIFAR-10 the embedded photos are used, and the description says so", "[examples]") {
  const ImageData a = find_color_images(""), b = find_color_images("");
  CHECK(a.name == "embedded photos");
  CHECK(a.train.count() == 25);
  CHECK(a.test.count() == 15);
  CHECK(a.train.pixels == b.train.pixels);
  for (Index i = 0; i < a.train.count(); ++i)
    for (Index j = 0; j < a.test.count(); ++j) CHECK(a.train.pixels.col(i) != a.test.pixels.col(j));
  const TempDir empty;
  const ImageData c = find_color_images(empty.path().string());
  CHECK(c.train.pixels == a.train.pixels);
  CHECK(contains(c.description, "No data_batch_1.bin in " + empty.path().string() + ", hence: 40 embedded"));
}

TEST_CASE("a file of color images that is cut or too short is refused", "[examples]") {
  const TempDir dir;
  const auto problem = [&](const Bytes& bytes) {
    write_file(dir / "data_batch_1.bin", bytes);
    return error_of([&] { (void)find_color_images(dir.path().string()); });
  };
  Bytes cut = records(3);
  cut.pop_back();
  CHECK(contains(problem(cut), "data_batch_1.bin: offset 6146: 3072 bytes, expected a record of 3073"));
  CHECK(contains(problem(records(1)), "holds 1 images, too few for training and tests"));
}

TEST_CASE("as many images of each label, all different, drawn by seed", "[examples]") {
  const ImageData photos = find_color_images("");
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    const std::vector<Index> ten = choose_balanced(photos.train, 10, seed);
    REQUIRE(ten.size() == 10);
    for (std::size_t k = 0; k < 10; ++k) {
      CHECK(photos.train.labels[static_cast<std::size_t>(ten[k])] == static_cast<int>(k / 2));
      for (std::size_t j = 0; j < k; ++j) CHECK(ten[j] != ten[k]);
    }
    CHECK(choose_balanced(photos.train, 10, seed) == ten);
    CHECK(choose_balanced(photos.train, 10, seed + 1) != ten);
  }
  // Labels stay with their images: the crops of a picture are the ones that the file labels so.
  const ImageSet all = read_image_records(embedded_data_folder() / "photos32-40.bin.gz", {3, 32, 32});
  for (const ImageSet* part : {&photos.train, &photos.test}) {
    REQUIRE(static_cast<Index>(part->labels.size()) == part->count());
    for (Index i = 0; i < part->count(); ++i)
      for (Index j = 0; j < all.count(); ++j)
        if (part->pixels.col(i) == all.pixels.col(j))
          CHECK(part->labels[static_cast<std::size_t>(i)] == all.labels[static_cast<std::size_t>(j)]);
  }
  CHECK(contains(error_of([&] { (void)choose_balanced(photos.train, 7, 0); }), "a multiple of 5"));
  CHECK(contains(error_of([&] { (void)choose_balanced(photos.train, 45, 0); }),
                 "9 images of each label are wanted, label 0 has"));
  CHECK(contains(error_of([&] { (void)choose_balanced(find_images("").train, 10, 0); }),
                 "has 0 labels for 300 images"));
}
