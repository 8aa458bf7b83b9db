// Which images Figures 5 to 8 get: CIFAR-10 where --data has it, else the embedded photos, and it says which.
#include "basin/data/cifar10.hpp"
#include "basin/dynamics/basins.hpp"
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
  const ImageData a = find_color_images("");
  CHECK(a.name == "embedded photos");
  CHECK(a.train.count() == 100);
  CHECK(a.test.count() == 42);
  const ImageSet all = read_image_records(embedded_data_folder() / "pictures32-142.bin.gz", {3, 32, 32});
  CHECK(a.train.pixels == all.pixels.leftCols(100));  // in the order of the list of sources
  CHECK(a.test.pixels == all.pixels.rightCols(42));
  CHECK(contains(a.description, "at least 0.295 mean norms from every one of the others"));
  const TempDir empty;
  const ImageData c = find_color_images(empty.path().string());
  CHECK(c.train.pixels == a.train.pixels);
  CHECK(
      contains(c.description, "No data_batch_1.bin in " + empty.path().string() + ", hence: 142 different"));
}

TEST_CASE("no unseen photo is a copy or a crop of one to train on", "[examples]") {
  // Overlapping crops of one picture can be .10 mean norms apart.
  for (const auto& [side, expected] : {std::pair<Index, double>{32, 0.29509}, {64, 0.31134}}) {
    const ImageData photos = embedded_photos(side);
    CHECK(photos.train.shape == Shape{3, side, side});
    CHECK(nearest_of_pools(photos) == Approx(expected).epsilon(1e-4));
    const Mat<float> train = to_matrix<float>(photos.train, photos.train.all());
    const Mat<float> unseen = to_matrix<float>(photos.test, photos.test.all());
    CHECK(distances(unseen, train).minCoeff() / mean_norm(train) == Approx(expected).epsilon(1e-4));
    Mat<double> among = distances(train, train) / mean_norm(train);
    among.diagonal().setConstant(1);
    CHECK(among.minCoeff() > 0.27);
  }
  CHECK(contains(error_of([] { (void)embedded_photos(28); }), "side must be 32 or 64, got 28"));
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
  const TempDir dir;
  write_file(dir / "data_batch_1.bin", records(100));  // image k has the label k % 10
  const ImageSet pool = find_color_images(dir.path().string()).train;
  REQUIRE(pool.count() == 80);
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    const std::vector<Index> twenty = choose_balanced(pool, 20, seed);
    REQUIRE(twenty.size() == 20);
    for (std::size_t k = 0; k < 20; ++k) {
      CHECK(pool.labels[static_cast<std::size_t>(twenty[k])] == static_cast<int>(k / 2));
      CHECK(pool.pixels(0, twenty[k]) % 10 == static_cast<int>(k / 2));  // labels stay with their images
      for (std::size_t j = 0; j < k; ++j) CHECK(twenty[j] != twenty[k]);
    }
    CHECK(choose_balanced(pool, 20, seed) == twenty);
    CHECK(choose_balanced(pool, 20, seed + 1) != twenty);
  }
  CHECK(contains(error_of([&] { (void)choose_balanced(pool, 7, 0); }), "a multiple of 10"));
  CHECK(contains(error_of([&] { (void)choose_balanced(pool, 90, 0); }),
                 "9 images of each label are wanted, label 0 has 8"));
  CHECK(contains(error_of([&] { (void)choose_balanced(find_images("").train, 10, 0); }),
                 "has 0 labels for 300 images"));
  const ImageSet photos = find_color_images("").train;  // of one label
  CHECK(choose_balanced(photos, 7, 3) == choose(photos, 7, 3));
}
