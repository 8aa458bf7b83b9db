// Image data for the programs: MNIST from --data, else the embedded subset of Fashion-MNIST; never other data
// silently.
#pragma once
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string
#include <vector>      // std::vector

#include "basin/core/types.hpp"      // Index, Mat
#include "basin/data/image_set.hpp"  // ImageSet, to_matrix

namespace basin::examples {

/// Two disjoint pools of images of one shape.
struct ImageData {
  std::string name;         // for titles: "MNIST", "Fashion-MNIST", "images of other origin"
  std::string description;  // for the report: "MNIST from DIR: 60000 training and 10000 test images of 28 x
                            // 28 pixels"
  ImageSet train, test;
};

/// The images of `folder`: MNIST's original image files, plain or .gz, train and t10k. They are compared with
/// the original by a checksum, and called MNIST only if they are. An empty `folder` means the 500 embedded
/// images of Fashion-MNIST, which a fixed permutation cuts into 300 for training and 200 for tests. Throws
/// FileError that says what was looked for and where to get it.
ImageData find_images(const std::string& folder);

/// 142 different photographs of side x side pixels, side 32 or 64, in the order of their file: 100 for
/// training and 42 unseen ones for tests. None is a crop or copy of another: see nearest_of_pools. All labels
/// are 0.
ImageData embedded_photos(Index side = 32);

/// Colour images of 3 x 32 x 32: CIFAR-10's data_batch_1.bin (or .gz) in `folder` or in its subfolder
/// cifar-10-batches-bin, cut into 8000 for training and 2000 for tests, with labels. Without one, or with an
/// empty `folder`, the embedded photos; the description says which it was and why. The file is called
/// CIFAR-10 only if its checksum is the original's. Throws FileError where a file is there but cannot be
/// read.
ImageData find_color_images(const std::string& folder);

/// The smallest distance between a test image and a training image, in mean norms of the training images.
double nearest_of_pools(const ImageData& data);

/// `n` different indices of images in `pool`, drawn with `seed`: the beginning of those of a larger draw with
/// the same seed. Throws unless 1 <= n <= pool.count().
std::vector<Index> choose(const ImageSet& pool, Index n, std::uint64_t seed);

/// `n` different indices of images in `pool`, as many of each label, those of a label one after the other:
/// with n = 10, one of each class of CIFAR-10, or any ten of the embedded photos, which have one label.
/// Throws unless the pool has a label for each image, n is a multiple of the number of labels, and there are
/// enough of each.
std::vector<Index> choose_balanced(const ImageSet& pool, Index n, std::uint64_t seed);

/// Those images as columns with pixels from 0 to 1.
template <class S>
Mat<S> choose_images(const ImageSet& pool, Index n, std::uint64_t seed) {
  return to_matrix<S>(pool, choose(pool, n, seed));
}

/// Where the embedded data lie: where they were when the program was built, else beside the program or above
/// it. Throws FileError with the places looked at.
std::filesystem::path embedded_data_folder();

}  // namespace basin::examples
