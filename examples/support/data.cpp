#include "support/data.hpp"

#include <algorithm>     // std::min_element
#include <map>           // std::map
#include <system_error>  // std::error_code

#include "basin/core/error.hpp"       // FileError, require
#include "basin/core/random.hpp"      // Random
#include "basin/data/cifar10.hpp"     // read_image_records
#include "basin/data/idx.hpp"         // find_idx, read_idx_images
#include "basin/dynamics/basins.hpp"  // mean_norm, nearest
#include "support/claims.hpp"         // number
#include "support/text.hpp"           // text

namespace basin::examples {

namespace fs = std::filesystem;

namespace {

constexpr const char* embedded_images = "fashion-mnist-500-images-idx3-ubyte";
constexpr Index embedded_train = 300, embedded_test = 200;
constexpr Index train_photos = 100, unseen_photos = 42;

constexpr const char* where_to_get_mnist =
    "\n--data expects a folder with MNIST's original image files train-images-idx3-ubyte and "
    "t10k-images-idx3-ubyte, "
    "plain or .gz, as at yann.lecun.com/exdb/mnist and ossci-datasets.s3.amazonaws.com/mnist. Without --data "
    "the "
    "embedded Fashion-MNIST images are used.";

/// FNV-1a over all pixels, 8 bytes at a time to be quick.
std::uint64_t checksum(const ImageSet& images, std::uint64_t hash) {
  const unsigned char* pixels = images.pixels.data();
  for (Index i = 0; i + 8 <= images.pixels.size(); i += 8) {
    std::uint64_t word = 0;
    for (int k = 0; k < 8; ++k) word = word << 8 | pixels[i + k];
    hash = (hash ^ word) * 0x100000001b3u;
  }
  return hash;
}

/// Whether these are the 60000 and 10000 images of the original MNIST, bit for bit.
bool is_mnist(const ImageData& data) {
  constexpr std::uint64_t of_mnist = 0x5546ca6713d7b96bu;
  return data.train.count() == 60000 && data.test.count() == 10000 &&
         checksum(data.test, checksum(data.train, 0xcbf29ce484222325u)) == of_mnist;
}

ImageData images_in(const fs::path& folder) {
  ImageData data;
  try {
    const fs::path test =
        find_idx(folder, "t10k-images-idx3-ubyte");  // both are looked for before one is read
    data.train = read_idx_images(find_idx(folder, "train-images-idx3-ubyte"));
    data.test = read_idx_images(test);
    if (data.train.count() == 0 || data.test.count() == 0)
      throw FileError(text(folder.string(), ": ", data.train.count(), " training and ", data.test.count(),
                           " test images, expected at least one of each"));
    if (!(data.train.shape == data.test.shape))
      throw FileError(text(folder.string(), ": training images are ", data.train.shape, ", test images ",
                           data.test.shape));
  } catch (const FileError& e) {
    throw FileError(e.what() + std::string(where_to_get_mnist));
  }
  const bool original = is_mnist(data);
  data.name = original ? "MNIST" : "images of other origin";
  data.description =
      text(original ? "MNIST" : "Images that are not the original MNIST", " from ", folder.string(), ": ",
           data.train.count(), " training and ", data.test.count(), " test images of ",
           data.train.shape.height, " x ", data.train.shape.width, " pixels");
  return data;
}

ImageSet those(const ImageSet& all, const std::vector<Index>& order, Index begin, Index count) {
  ImageSet part;
  part.shape = all.shape;
  part.pixels.resize(all.pixels.rows(), count);
  for (Index k = 0; k < count; ++k)
    part.pixels.col(k) = all.pixels.col(order[static_cast<std::size_t>(begin + k)]);
  if (!all.labels.empty())
    for (Index k = 0; k < count; ++k)
      part.labels.push_back(all.labels[static_cast<std::size_t>(order[static_cast<std::size_t>(begin + k)])]);
  return part;
}

ImageData embedded() {
  const fs::path file = find_idx(embedded_data_folder(), embedded_images);
  const ImageSet all = read_idx_images(file);
  if (all.count() != embedded_train + embedded_test)
    throw FileError(
        text(file.string(), ": holds ", all.count(), " images, expected ", embedded_train + embedded_test));
  std::vector<Index> order = all.all();
  Random(500).shuffle(order);  // the file is sorted in no way to rely on
  ImageData data;
  data.name = "Fashion-MNIST";
  data.description =
      text("Fashion-MNIST, ", all.count(), " embedded images of ", all.shape.height, " x ", all.shape.width,
           " pixels: ", embedded_train, " for training and ", embedded_test, " for tests");
  data.train = those(all, order, 0, embedded_train);
  data.test = those(all, order, embedded_train, embedded_test);
  return data;
}

/// The first `train` images, in their order, and the rest.
ImageData cut(const ImageSet& all, Index train, const fs::path& file) {
  if (train < 1 || train >= all.count())
    throw FileError(text(file.string(), ": holds ", all.count(), " images, too few for training and tests"));
  ImageData data;
  data.train = those(all, all.all(), 0, train);
  data.test = those(all, all.all(), train, all.count() - train);
  return data;
}

/// CIFAR-10's first file in `folder` or its subfolder; empty if there is none.
fs::path cifar10_in(const std::string& folder) {
  std::error_code none;
  if (folder.empty()) return {};
  for (const char* place : {"", "cifar-10-batches-bin"})
    for (const char* name : {"data_batch_1.bin", "data_batch_1.bin.gz"})
      if (fs::path p = fs::path(folder) / place / name; fs::is_regular_file(p, none)) return p;
  return {};
}

}  // namespace

fs::path embedded_data_folder() {
  std::vector<fs::path> places;
#ifdef BASIN_EXAMPLE_DATA_DIR
  places.emplace_back(BASIN_EXAMPLE_DATA_DIR);
#endif
  std::error_code none;
  const fs::path program = fs::read_symlink("/proc/self/exe", none);
  for (fs::path up = program.parent_path(); !none && !up.empty(); up = up.parent_path()) {
    places.push_back(up / "data");
    places.push_back(up / "examples/data");
    if (up == up.root_path()) break;
  }
  places.push_back(fs::path(__FILE__).parent_path().parent_path() / "data");
  std::string tried;
  for (const fs::path& place : places) {
    for (const char* ending : {"", ".gz"})
      if (fs::is_regular_file(place / (std::string(embedded_images) + ending), none)) return place;
    tried += "\n  " + place.string();
  }
  throw FileError(text("the embedded images, ", embedded_images, ".gz, are in none of these folders:", tried,
                       "\nThey are part of the source tree, in examples/data."));
}

ImageData find_images(const std::string& folder) { return folder.empty() ? embedded() : images_in(folder); }

double nearest_of_pools(const ImageData& data) {
  const Mat<float> train = to_matrix<float>(data.train, data.train.all());
  const std::vector<double> d = nearest(to_matrix<float>(data.test, data.test.all()), train).distance;
  require(!d.empty(), "nearest_of_pools: there must be at least 1 test image, got 0");
  return *std::min_element(d.begin(), d.end()) / mean_norm(train);
}

ImageData embedded_photos(Index side) {
  require(side == 32 || side == 64, "embedded_photos: side must be 32 or 64, got ", side);
  const fs::path file = embedded_data_folder() / text("pictures", side, "-142.bin.gz");
  ImageData data = cut(read_image_records(file, {3, side, side}), train_photos, file);
  if (data.test.count() != unseen_photos)
    throw FileError(text(file.string(), ": holds ", data.train.count() + data.test.count(),
                         " images, expected ", train_photos + unseen_photos));
  data.name = "embedded photos";
  data.description =
      text(train_photos + unseen_photos, " different embedded photographs, public domain or CC0, 3 x ", side,
           " x ", side, ": ", train_photos, " for training and ", unseen_photos, " unseen ones, at least ",
           number(nearest_of_pools(data)), " mean norms from every one of the others");
  return data;
}

ImageData find_color_images(const std::string& folder) {
  const fs::path file = cifar10_in(folder);
  if (file.empty()) {
    ImageData data = embedded_photos();
    if (!folder.empty())
      data.description = text("No data_batch_1.bin in ", folder, ", hence: ", data.description);
    return data;
  }
  const ImageSet all = read_image_records(file, {3, 32, 32});
  ImageData data = cut(all, all.count() * 4 / 5, file);
  constexpr std::uint64_t of_cifar10 = 0x010a9d9584d13f0du;
  const bool original = checksum(all, 0xcbf29ce484222325u) == of_cifar10;
  data.name = original ? "CIFAR-10" : "images of other origin";
  data.description =
      text(original ? "CIFAR-10" : "Images that are not the original CIFAR-10", " from ", file.string(),
           ", 3 x 32 x 32: ", data.train.count(), " for training and ", data.test.count(), " for tests");
  return data;
}

std::vector<Index> choose(const ImageSet& pool, Index n, std::uint64_t seed) {
  require(n >= 1 && n <= pool.count(), "choose: n must be within 1 .. ", pool.count(),
          ", the images there are, got ", n);
  std::vector<Index> indices = pool.all();
  Random(seed).shuffle(indices);
  indices.resize(static_cast<std::size_t>(n));
  return indices;
}

std::vector<Index> choose_balanced(const ImageSet& pool, Index n, std::uint64_t seed) {
  std::map<int, std::vector<Index>> by_label;
  require(static_cast<Index>(pool.labels.size()) == pool.count() && pool.count() > 0,
          "choose_balanced: the pool has ", pool.labels.size(), " labels for ", pool.count(), " images");
  for (const Index i : choose(pool, pool.count(), seed))
    by_label[pool.labels[static_cast<std::size_t>(i)]].push_back(i);
  const auto kinds = static_cast<Index>(by_label.size());
  require(n >= 1 && n % kinds == 0, "choose_balanced: n must be a multiple of ", kinds,
          ", the number of labels, got ", n);
  std::vector<Index> chosen;
  for (const auto& [label, images] : by_label) {
    const Index each = n / kinds;
    require(each <= static_cast<Index>(images.size()), "choose_balanced: ", each,
            " images of each label are wanted, label ", label, " has ", images.size());
    chosen.insert(chosen.end(), images.begin(), images.begin() + each);
  }
  return chosen;
}

}  // namespace basin::examples
