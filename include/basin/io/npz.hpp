// NumPy's .npz files: named arrays, one .npy file each in a zip archive.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <memory>      // std::unique_ptr
#include <new>         // std::bad_alloc
#include <set>         // std::set
#include <string>      // std::string
#include <vector>      // std::vector

#include "basin/data/bytes.hpp"       // read_plain_bytes, detail::printable
#include "basin/io/array.hpp"         // NamedArray
#include "basin/io/atomic_file.hpp"   // write_atomically
#include "basin/io/npy.hpp"           // detail::npy_array, detail::encode_npy
#include "basin/io/stored_array.hpp"  // detail::StoredArray, detail::load_array
#if !__has_include(<zip.h>)
#error "basin/io/npz.hpp needs libzip: install it and link it (Debian: libzip-dev)"
#endif
#include <zip.h>  // zip_open_from_source

namespace basin::inline BASIN_ABI {

/// Whether entries are stored as they are or deflated.
enum class NpzCompression { none, deflate };

namespace detail {

struct DiscardZip {
  void operator()(zip_t* z) const { zip_discard(z); }
  void operator()(zip_file_t* f) const { zip_fclose(f); }
  void operator()(zip_source_t* s) const { zip_source_free(s); }
};
using Zip = std::unique_ptr<zip_t, DiscardZip>;
using ZipFile = std::unique_ptr<zip_file_t, DiscardZip>;
using ZipSource = std::unique_ptr<zip_source_t, DiscardZip>;

/// The archive in the memory of `source`, which stays the caller's.
inline Zip open_zip(const ZipSource& source, int flags, const std::filesystem::path& file) {
  if (!source) throw std::bad_alloc();
  zip_error_t error;
  zip_error_init(&error);
  zip_source_keep(source.get());  // the archive gives up one reference when it closes
  Zip zip(zip_open_from_source(source.get(), flags, &error));
  const std::string words = zip ? "" : zip_error_strerror(&error);
  zip_error_fini(&error);
  if (!zip) {
    zip_source_free(source.get());
    file_error(file, "not a zip archive that can be opened: ", words);
  }
  return zip;
}

/// Entry `k`, unpacked and checked against its checksum.
inline Bytes read_zip_entry(zip_t* zip, zip_uint64_t k, const std::string& where, std::size_t max_bytes) {
  const ZipFile entry(zip_fopen_index(zip, k, 0));
  if (!entry) file_error(where, "cannot open: ", zip_strerror(zip));
  Bytes bytes, chunk(std::size_t(1) << 16);
  for (;;) {
    const zip_int64_t got = zip_fread(entry.get(), chunk.data(), chunk.size());
    if (got < 0) file_error(where, "offset ", bytes.size(), ": ", zip_file_strerror(entry.get()));
    if (got == 0) return bytes;
    if (static_cast<std::size_t>(got) > max_bytes - bytes.size())
      file_error(where, "unpacks to more than the limit of ", max_bytes, " bytes for the whole archive");
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
  }
}

/// What the memory of `source` holds.
inline Bytes zip_contents(zip_source_t* source, const std::filesystem::path& file) {
  const auto check = [&](bool ok) {
    if (!ok) file_error(file, "cannot make the archive: ", zip_error_strerror(zip_source_error(source)));
  };
  zip_stat_t stat;
  check(zip_source_stat(source, &stat) == 0 && zip_source_open(source) == 0);
  Bytes bytes(stat.size);
  const zip_int64_t got = zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  check(got >= 0 && static_cast<std::size_t>(got) == bytes.size());
  return bytes;
}

/// Calls take(name, array) for every array of a .npz file whose name wants(name), in the archive's order, and
/// throws as read_npz does. Others are neither unpacked nor checked.
template <class Wants, class Take>
void visit_npz(const std::filesystem::path& path, std::size_t max_bytes, const Wants& wants,
               const Take& take) {
  const Bytes file = read_plain_bytes(path, max_bytes);
  if (file.empty()) file_error(path, "is empty, expected a zip archive");  // libzip takes it for one
  const ZipSource source(zip_source_buffer_create(file.data(), file.size(), 0, nullptr));
  // CHECKCONS: libzip compares the two headers of every entry and refuses a name that is there twice
  const Zip zip = open_zip(source, ZIP_RDONLY | ZIP_CHECKCONS, path);
  for (zip_int64_t k = 0; k < zip_get_num_entries(zip.get(), 0); ++k) {
    const char* given = zip_get_name(zip.get(), static_cast<zip_uint64_t>(k), 0);
    std::string name = given ? given : "";
    const std::string where = path.string() + "[" + printable(name) + "]";
    if (!name.ends_with(".npy")) file_error(where, "expected the name of a .npy file");
    name.resize(name.size() - 4);
    if (!wants(name)) continue;
    const Bytes bytes = read_zip_entry(zip.get(), static_cast<zip_uint64_t>(k), where, max_bytes);
    max_bytes -= bytes.size();
    take(name, npy_array(bytes, where));
  }
}

}  // namespace detail

/// The arrays of a .npz file in the archive's order, stored or deflated, without the ".npy" of their names;
/// each as read_npy reads it. Throws FileError if the archive or an array is damaged (checksums are
/// compared), two have the same name, an entry is not a .npy file, or the arrays unpack to more than
/// max_bytes. Memory: the file, up to three times what one entry unpacks to, and the numbers as S; what the
/// archive says of sizes is not believed.
template <class S>
[[nodiscard]] std::vector<NamedArray<S>> read_npz(const std::filesystem::path& path,
                                                  std::size_t max_bytes = default_max_bytes) {
  detail::require_path(path, "read_npz");
  std::vector<NamedArray<S>> arrays;
  detail::visit_npz(
      path, max_bytes, [](const std::string&) { return true; },
      [&](const std::string& name, const detail::StoredArray& a) {
        arrays.push_back({name, detail::load_array<S>(a)});
      });
  return arrays;
}

/// Writes the arrays (as write_npy does) to one .npz file, whole or not at all; the same arrays give the same
/// bytes. Throws std::invalid_argument if a name is empty, has a NUL or is given twice, FileError if writing
/// fails.
template <class S>
void write_npz(const std::filesystem::path& path, const std::vector<NamedArray<S>>& arrays,
               NpzCompression compression = NpzCompression::none) {
  detail::require_path(path, "write_npz");
  std::set<std::string> names;
  std::vector<Bytes> entries;  // the archive reads them when it closes
  for (const auto& a : arrays) {
    require(!a.name.empty() && a.name.find('\0') == std::string::npos && names.insert(a.name).second,
            "write_npz: names of arrays must differ, not be empty and not hold a NUL, got \"", a.name, "\"");
    detail::require_array(a.array, "write_npz");
    entries.push_back(detail::encode_npy(a.array.values, a.array.shape, ArrayOrder::c));
  }
  if (arrays.empty()) {  // libzip would make no file at all of it: the end of an empty directory
    write_atomically(path, std::string("PK\5\6") + std::string(18, '\0'));
    return;
  }
  const detail::ZipSource target(zip_source_buffer_create(nullptr, 0, 0, nullptr));
  detail::Zip zip = detail::open_zip(target, ZIP_CREATE | ZIP_TRUNCATE, path);
  const auto check = [&](bool ok) {
    if (!ok) detail::file_error(path, "cannot make the archive: ", zip_strerror(zip.get()));
  };
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    detail::ZipSource entry(zip_source_buffer(zip.get(), entries[i].data(), entries[i].size(), 0));
    check(entry != nullptr);
    const zip_int64_t k =
        zip_file_add(zip.get(), (arrays[i].name + ".npy").c_str(), entry.get(), ZIP_FL_ENC_UTF_8);
    check(k >= 0);
    entry.release();  // now the archive's
    const auto index = static_cast<zip_uint64_t>(k);
    const zip_int32_t method = compression == NpzCompression::none ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
    check(zip_set_file_compression(zip.get(), index, method, 0) == 0);
    constexpr zip_uint16_t first_day = 1 << 5 | 1;  // 1980-01-01, so that the bytes are always the same
    check(zip_file_set_dostime(zip.get(), index, 0, first_day, 0) == 0);
  }
  check(zip_close(zip.get()) == 0);
  zip.release();
  write_atomically(path, detail::zip_contents(target.get(), path));
}

}  // namespace basin
