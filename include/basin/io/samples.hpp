// Samples from files of any kind that this library reads, recognized by what is in them.
#pragma once
#include <algorithm>     // std::any_of, std::find, std::min, std::sort
#include <cerrno>        // errno
#include <cstdint>       // std::uintmax_t
#include <cstdio>        // std::fopen, std::fread
#include <filesystem>    // std::filesystem::path, std::filesystem::directory_iterator
#include <limits>        // std::numeric_limits
#include <optional>      // std::optional
#include <string>        // std::string
#include <string_view>   // std::string_view
#include <system_error>  // std::error_code
#include <utility>       // std::move
#include <vector>        // std::vector

#include "basin/core/error.hpp"        // require
#include "basin/core/shape.hpp"        // Shape
#include "basin/core/types.hpp"        // Mat, Index
#include "basin/data/bytes.hpp"        // read_bytes, read_plain_bytes, detail::file_error, detail::printable
#include "basin/data/cifar10.hpp"      // detail::image_records
#include "basin/data/idx.hpp"          // detail::begins_as_idx
#include "basin/data/image_set.hpp"    // to_matrix
#include "basin/io/array.hpp"          // detail::shape_text
#include "basin/io/idx_array.hpp"      // detail::idx_array
#include "basin/io/little_endian.hpp"  // detail::load_le
#include "basin/io/name_order.hpp"     // detail::natural_less
#include "basin/io/npy.hpp"            // detail::npy_array
#include "basin/io/npz.hpp"            // detail::visit_npz
#include "basin/io/png.hpp"            // detail::decode_png
#include "basin/io/safetensors.hpp"    // detail::read_safetensors_header
#include "basin/io/sample_layout.hpp"  // Samples, SampleLayout
#include "basin/io/stored_array.hpp"   // detail::StoredArray, detail::load_array

namespace basin::inline BASIN_ABI {

/// What is read of a file, and how.
struct ReadSamplesOptions {
  std::string array = {};                   // which one, in an .npz or .safetensors file of several
  std::optional<SampleLayout> layout = {};  // of an array; nothing: as its number of sides suggests
  Index max_samples = std::numeric_limits<Index>::max();  // only the first so many are kept
  double byte_scale = 1.0 / 255;                          // what unsigned bytes are multiplied with
  std::size_t max_bytes = default_max_bytes;              // that a file may hold once unpacked
};

namespace detail {

/// The first `count` bytes of a file, fewer where it ends.
inline Bytes first_bytes(const std::filesystem::path& path, std::size_t count) {
  const File file(std::fopen(path.string().c_str(), "rb"));
  if (!file) file_error(path, "cannot open: ", reason(errno));
  Bytes bytes(count);
  bytes.resize(std::fread(bytes.data(), 1, count, file.get()));
  if (std::ferror(file.get())) file_error(path, "cannot read: ", reason(errno));
  return bytes;
}

inline bool begins_with(ByteSpan bytes, std::string_view text) {
  return bytes.size() >= text.size() &&
         std::string_view(reinterpret_cast<const char*>(bytes.data()), text.size()) == text;
}

/// Unsigned bytes as numbers, scaled in double as to_matrix(ImageSet) does.
template <class S>
void scale_bytes(Mat<S>& columns, double scale) {
  columns = columns.unaryExpr([scale](S b) { return static_cast<S>(static_cast<double>(b) * scale); }).eval();
}

/// The samples of an array in a file; `where` is named in errors.
template <class S>
Samples<S> samples_of(StoredArray a, const std::string& where, const ReadSamplesOptions& o) {
  const SampleLayout layout = o.layout.value_or(usual_layout(a.shape.size()));
  const std::optional<Shape> shape = sample_shape(a.shape, layout);
  if (!shape || (!o.layout && a.shape.size() > 4))
    file_error(where, "array of shape ", shape_text(a.shape), ", expected ",
               o.layout ? sides_of(layout) : "(n,), (n, f), (n, h, w) or (n, c, h, w)",
               " with every side of a sample >= 1");
  const Index count = std::min(a.shape[0], o.max_samples);
  if (!a.fortran_order && count < a.shape[0]) {  // the others are not even converted
    a.data = a.data.first(static_cast<std::size_t>(count * shape->size()) * a.type.size);
    a.shape[0] = count;
  }
  Samples<S> out = samples_from_array(load_array<S>(a), layout);
  if (count < out.columns.cols()) out.columns = out.columns.leftCols(count).eval();
  if (a.type.is_byte()) scale_bytes(out.columns, o.byte_scale);
  return out;
}

/// The name of the one array to read: the one asked for, else the only one.
inline std::string choose_array(const std::vector<std::string>& names, const std::string& wanted,
                                const std::filesystem::path& path) {
  if (wanted.empty() && names.size() == 1) return names[0];
  std::string list;
  for (const std::string& name : names) {
    if (!wanted.empty() && name == wanted) return name;
    list += (list.empty() ? "\"" : ", \"") + printable(name) + "\"";
  }
  if (names.empty()) file_error(path, "holds no array");
  if (wanted.empty()) file_error(path, "holds ", names.size(), " arrays, say which: ", list);
  file_error(path, "holds no array \"", wanted, "\", only ", list);
}

template <class S>
Samples<S> samples_of_npz(const std::filesystem::path& path, const ReadSamplesOptions& o) {
  std::vector<std::string> names;
  visit_npz(
      path, o.max_bytes,
      [&](const std::string& name) {
        names.push_back(name);
        return false;
      },
      [](const std::string&, const StoredArray&) {});
  const std::string chosen = choose_array(names, o.array, path);
  Samples<S> out;
  visit_npz(
      path, o.max_bytes, [&](const std::string& name) { return name == chosen; },
      [&](const std::string& name, const StoredArray& a) {
        out = samples_of<S>(a, path.string() + "[" + printable(name) + "]", o);
      });
  return out;
}

template <class S>
Samples<S> samples_of_safetensors(const std::filesystem::path& path, const ReadSamplesOptions& o) {
  const Bytes bytes = read_plain_bytes(path, o.max_bytes);
  const SafeTensorsHeader header = read_safetensors_header(bytes, path.string());
  std::vector<std::string> names;
  for (const TensorEntry& t : header.entries) names.push_back(t.name);
  const std::string chosen = choose_array(names, o.array, path);
  const auto entry = header.entries.begin() + (std::find(names.begin(), names.end(), chosen) - names.begin());
  return samples_of<S>(stored_tensor(bytes, header, *entry), path.string() + "[" + printable(chosen) + "]",
                       o);
}

/// One picture a column, 3 channels if any of them has colours, else 1.
template <class S>
Samples<S> samples_of_pictures(const std::vector<PngPicture>& pictures, double scale) {
  const bool colour =
      std::any_of(pictures.begin(), pictures.end(), [](const PngPicture& p) { return p.colour; });
  const Picture& first = pictures.front().picture;
  const Shape shape{colour ? 3 : 1, first.height, first.width};
  Samples<S> out{Mat<S>(shape.size(), static_cast<Index>(pictures.size())), shape};
  for (Index k = 0; k < out.columns.cols(); ++k) {
    const Bytes& rgb = pictures[static_cast<std::size_t>(k)].picture.rgb;
    S* at = out.columns.col(k).data();
    for (Index c = 0; c < shape.channels; ++c)
      for (Index i = 0; i < shape.pixels(); ++i)
        *at++ = static_cast<S>(rgb[static_cast<std::size_t>(3 * i + c)]);
  }
  scale_bytes(out.columns, scale);
  return out;
}

/// The PNG files in a folder in natural order of their names.
inline std::vector<std::filesystem::path> png_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string extension = at->path().extension().string();
    if (extension == ".png" || extension == ".PNG") files.push_back(at->path());
  }
  if (error) file_error(folder, "cannot list the folder: ", error.message());
  if (files.empty()) file_error(folder, "is a folder without a .png file");
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return natural_less(a.filename().string(), b.filename().string());
  });
  return files;
}

/// The pictures of these files, of one size and together of no more than max_bytes.
inline std::vector<PngPicture> read_pictures(const std::vector<std::filesystem::path>& files,
                                             const ReadSamplesOptions& o) {
  std::vector<PngPicture> pictures;
  std::size_t left = o.max_bytes;
  for (const auto& file : files) {
    if (static_cast<Index>(pictures.size()) == o.max_samples) break;
    pictures.push_back(decode_png(read_plain_bytes(file, o.max_bytes), file, left));
    const Picture &first = pictures.front().picture, &last = pictures.back().picture;
    left -= last.rgb.size();
    if (last.width != first.width || last.height != first.height)
      file_error(file, last.width, " x ", last.height, " pixels, expected ", first.width, " x ", first.height,
                 " as ", files.front().filename().string(), " has");
  }
  return pictures;
}

/// Whether a file that begins with `head` is to be read as safetensors.
inline bool is_safetensors(const std::filesystem::path& path, ByteSpan head) {
  if (path.extension() == ".safetensors") return true;
  std::error_code none;
  const std::uintmax_t size = std::filesystem::file_size(path, none);
  return !none && head.size() >= 9 && head[8] == '{' && load_le<std::uint64_t>(head.data()) <= size - 8;
}

/// Whether these are batches of CIFAR-10 and nothing else: one may begin as an IDX file does, but then its
/// length is not what that header says.
inline bool is_cifar10(ByteSpan bytes, const std::filesystem::path& path) {
  const std::size_t records = bytes.size() / cifar10_record;
  if (records == 0 || bytes.size() % cifar10_record != 0 || first_foreign_label(bytes) != records)
    return false;
  if (!begins_as_idx(bytes)) return true;
  try {
    (void)idx_header(bytes, path);
    return false;
  } catch (const FileError&) {
    return true;
  }
}

/// What is left: .npy, IDX and CIFAR-10, each of them plain or gzip.
template <class S>
Samples<S> samples_of_bytes(ByteSpan bytes, const std::filesystem::path& path, const ReadSamplesOptions& o) {
  if (begins_with(bytes, "\x93NUMPY"))
    return samples_of<S>(npy_array(bytes, path.string()), path.string(), o);
  if (is_cifar10(bytes, path)) {
    const std::size_t records = bytes.size() / cifar10_record,
                      count = std::min(records, static_cast<std::size_t>(o.max_samples));
    const ImageSet images = image_records(bytes.first(count * cifar10_record), cifar10_shape, path);
    return {to_matrix<S>(images, images.all(), o.byte_scale), images.shape};
  }
  if (begins_as_idx(bytes)) return samples_of<S>(idx_array(bytes, path), path.string(), o);
  file_error(path,
             "is none of .npy, .npz, .safetensors, IDX, CIFAR-10 (binary), PNG or a folder of PNG files");
}

template <class S>
Samples<S> samples_of_path(const std::filesystem::path& path, const ReadSamplesOptions& o) {
  std::error_code none;
  const bool folder = std::filesystem::is_directory(path, none);
  const Bytes head = folder ? Bytes() : first_bytes(path, 9);
  if (folder || begins_with(head, "\x89PNG"))
    return samples_of_pictures<S>(read_pictures(folder ? png_files(path) : std::vector{path}, o),
                                  o.byte_scale);
  if (begins_with(head, "PK")) return samples_of_npz<S>(path, o);
  if (is_safetensors(path, head)) return samples_of_safetensors<S>(path, o);
  if (!o.array.empty()) file_error(path, "has no arrays with names, such as \"", o.array, "\"");
  return samples_of_bytes<S>(read_bytes(path, o.max_bytes), path, o);
}

}  // namespace detail

/// The samples in a file or folder as columns, recognized by their first bytes and not by their names (but
/// for .safetensors, which may also have the name):
///
///     .npy, plain or gzip      an array of samples, the first index counting them (SampleLayout)
///     .npz, .safetensors       one array, the only one or the one that is named in the options
///     IDX, plain or gzip       an array of any type: MNIST's images are (n, h, w)
///     CIFAR-10, plain or gzip  the images of a binary batch, 3 x 32 x 32
///     PNG, or a folder         one column a file, files in natural order ("2.png" before "10.png") and of
///                              one size; 3 channels if any file has colours, else 1
///
/// Unsigned bytes, pictures and batches among them, are multiplied with byte_scale, which takes them to [0,
/// 1]; all other numbers are as the file has them, converted to S as read_npy does, NaN and infinity
/// included. Samples of a flat array, (n, f) or (n,), have the shape 1 x 1 x f. Throws FileError, naming
/// the file and the array's shape, if the file is none of these, damaged, or without any sample, and
/// std::invalid_argument unless max_samples >= 1. Memory: what the reader of each kind takes, for a folder
/// max_bytes for all pictures together, and the numbers as S.
template <class S>
[[nodiscard]] Samples<S> read_samples(const std::filesystem::path& path,
                                      const ReadSamplesOptions& options = {}) {
  detail::require_path(path, "read_samples");
  require(options.max_samples >= 1, "read_samples: max_samples must be >= 1, got ", options.max_samples);
  Samples<S> samples = detail::samples_of_path<S>(path, options);
  if (samples.columns.cols() == 0) detail::file_error(path, "holds an array of 0 samples");
  return samples;
}

}  // namespace basin
