// Every reader of files, fuzzed by libFuzzer: whatever the bytes are, they give a result or a FileError, in
// memory that is proportional to them or to the caller's limit, and in words without raw bytes. One program;
// the environment says which reader:
//
//   BASIN_FUZZ_READER=npy      one of the names below
//   BASIN_FUZZ_SEEDS=FOLDER    write its seeds, files that the library's own writers made, and end
//   BASIN_FUZZ_STATS=FILE      where to keep the largest request and the most memory that was held at once
//
// tests/fuzz/run builds it, makes the seeds and runs it for as long as it is told to.
#include <functional>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "basin/certify/checker.hpp"
#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/data/cifar10.hpp"
#include "basin/data/idx.hpp"
#include "basin/io/certificate.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/io/idx_array.hpp"
#include "basin/io/npy.hpp"
#include "basin/io/npz.hpp"
#include "basin/io/parameters.hpp"
#include "basin/io/png.hpp"
#include "basin/io/safetensors.hpp"
#include "basin/io/samples.hpp"
#include "basin/io/state_dict.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/tasks/packed.hpp"
#include "basin/tasks/task_folder.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/resumable_fit.hpp"
#include "fuzz.hpp"
#include "repair.hpp"
#include "support/claims.hpp"

using namespace basin;
namespace fs = std::filesystem;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

constexpr std::size_t limit = 1 << 20;  // max_bytes of every reader that takes it

/// How a reader is fuzzed.
struct Reader {
  const char* name;
  std::function<void(ByteSpan)> read;
  std::function<std::vector<Bytes>()> seeds;
  std::function<void(Bytes&)> repair = nullptr;
  std::size_t unpacks = 0;        // bytes that one byte of the file may become by the format itself
  std::size_t max_bytes = limit;  // that the reader may take it to
};

Bytes contents(const fs::path& file) {
  Bytes bytes = read_plain_bytes(file);
  fs::remove(file);
  return bytes;
}
Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
void require_sound(bool ok, const char* what) {
  if (!ok) fuzz::fail(std::string("not a sound result: ") + what);
}
/// A file of these bytes; its name ends as its reader wants.
fs::path placed(ByteSpan bytes, const char* name) {
  const fs::path file = fuzz::folder() / name;
  fuzz::write(file, bytes);
  return file;
}
/// What read() gives, or nothing for a FileError that is written as it should be.
template <class Read>
auto read_or_refuse(const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const FileError& e) {
    fuzz::check_words(e.what());
    return std::nullopt;
  }
}
template <class S>
void check_array(const NdArray<S>& a) {
  require_sound(detail::checked_product(a.shape) == static_cast<std::uint64_t>(a.values.size()), "shape");
}

// ---- data

const std::vector<NamedArray<double>>& some_arrays() {
  static const std::vector<NamedArray<double>> arrays{{"a", {{2, 3}, Vec<double>::LinSpaced(6, 0, 1)}},
                                                      {"none", {{0, 2}, {}}},
                                                      {"one", {{}, Vec<double>::Ones(1)}}};
  return arrays;
}
Bytes gzipped(const Bytes& contents) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&z, static_cast<uLong>(contents.size())));
  z.next_in = const_cast<Bytef*>(contents.data());
  z.avail_in = static_cast<uInt>(contents.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}
/// An IDX file of this type with these sides, of zeros.
Bytes idx_file(unsigned char type, const std::vector<unsigned char>& sides, std::size_t item) {
  Bytes bytes{0, 0, type, static_cast<unsigned char>(sides.size())};
  std::size_t count = item;
  for (const unsigned char side : sides) {
    bytes.insert(bytes.end(), {0, 0, 0, side});
    count *= side;
  }
  bytes.resize(bytes.size() + count, 7);
  return bytes;
}
std::vector<Bytes> idx_seeds() {
  return {idx_file(8, {2, 3, 4}, 1), idx_file(8, {9}, 1), idx_file(13, {2, 2}, 4), idx_file(14, {1}, 8),
          idx_file(11, {3}, 2)};
}
std::vector<Bytes> all_gzipped(std::vector<Bytes> files) {
  for (Bytes& file : files) file = gzipped(file);
  return files;
}
void read_idx_file(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file");
  if (const auto images = read_or_refuse([&] { return read_idx_images(file, limit); }))
    require_sound(images->pixels.size() == images->shape.size() * images->count(), "images");
  (void)read_or_refuse([&] { return read_idx_labels(file, limit); });
  if (const auto a = read_or_refuse([&] { return read_idx_array<float>(file, limit); })) check_array(*a);
}
void read_records(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file");
  if (const auto images = read_or_refuse([&] { return read_cifar10(file, limit); }))
    require_sound(images->pixels.rows() == 3072, "pixels");
  (void)read_or_refuse([&] { return read_image_records(file, {1, 2, 3}, limit); });
}
std::vector<Bytes> record_seeds() {
  return {Bytes(3073, 1), gzipped(Bytes(6146, 2)), Bytes(14, 3), gzipped(Bytes(7, 3))};
}

// ---- arrays

void read_npy_file(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file");
  if (const auto a = read_or_refuse([&] { return read_npy<float>(file, limit); })) check_array(*a);
}
std::vector<Bytes> npy_seeds() {
  const fs::path file = fuzz::folder() / "seed";
  std::vector<Bytes> seeds;
  for (const auto& a : some_arrays()) {
    write_npy(file, a.array);
    seeds.push_back(contents(file));
  }
  write_npy<float>(file, Mat<float>::Identity(2, 3), ArrayOrder::fortran);
  seeds.push_back(contents(file));
  seeds.push_back(gzipped(seeds.back()));
  return seeds;
}
std::vector<Bytes> archives() {
  const fs::path file = fuzz::folder() / "seed";
  std::vector<Bytes> seeds;
  for (const auto compression : {NpzCompression::none, NpzCompression::deflate}) {
    write_npz(file, some_arrays(), compression);
    seeds.push_back(contents(file));
  }
  write_npz(file, std::vector<NamedArray<double>>{});
  seeds.push_back(contents(file));
  return seeds;
}
void read_npz_file(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file.npz");
  if (const auto arrays = read_or_refuse([&] { return read_npz<double>(file, limit); }))
    for (const auto& a : *arrays) check_array(a.array);
}
std::vector<Bytes> tensors() {
  const fs::path file = fuzz::folder() / "seed";
  write_safetensors(file, SafeTensors<double>{some_arrays(), {{"who", "a \"b\" \\ c"}}});
  std::vector<Bytes> seeds{contents(file)};
  const auto with_header = [](const std::string& header, std::size_t data) {
    Bytes bytes(8);
    detail::store_le(bytes.data(), std::uint64_t{header.size()});
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.resize(bytes.size() + data, 1);
    return bytes;
  };
  seeds.push_back(with_header(R"({"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
                              R"("i":{"dtype":"I32","shape":[1,2],"data_offsets":[4,12]},)"
                              R"("b":{"dtype":"BF16","shape":[],"data_offsets":[12,14]}})",
                              14));
  return seeds;
}
void read_tensors(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file.safetensors");
  for (const auto integers : {IntegerTensors::skip, IntegerTensors::read})
    if (const auto t = read_or_refuse([&] { return read_safetensors<float>(file, limit, integers); }))
      for (const auto& a : t->tensors) check_array(a.array);
}
void read_picture(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file.png");
  if (const auto p = read_or_refuse([&] { return read_png(file, limit); }))
    require_sound(static_cast<Index>(p->rgb.size()) == 3 * p->width * p->height, "pixels");
}
std::vector<Bytes> pictures() {
  const fs::path file = fuzz::folder() / "seed";
  std::vector<Bytes> seeds;
  for (const Index side : {1, 3}) {
    write_png(file, Picture(side, 2, {1, 2, 3}));
    seeds.push_back(contents(file));
  }
  seeds.push_back(  // 4 x 1 grey levels of 16 bits
      {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
       0x52, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x10, 0x00, 0x00, 0x00, 0x00, 0x8c,
       0xc7, 0x8c, 0x52, 0x00, 0x00, 0x00, 0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60,
       0x60, 0x70, 0x70, 0x68, 0x68, 0xf8, 0xff, 0x1f, 0x00, 0x09, 0x46, 0x03, 0x7f, 0x6e, 0xd6,
       0xe5, 0x59, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82});
  return seeds;
}
void read_folder(ByteSpan bytes) {
  static const fs::path folder = [] {
    fs::create_directory(fuzz::folder() / "pictures");
    fuzz::write(fuzz::folder() / "pictures" / "1.png", pictures()[1]);
    return fuzz::folder() / "pictures";
  }();
  fuzz::write(folder / "2.png", bytes);
  if (const auto s = read_or_refuse([&] { return read_samples<float>(folder, {.max_bytes = limit}); }))
    require_sound(s->columns.cols() == 2 && s->columns.rows() == s->shape.size(), "pictures");
}
void read_any_samples(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file");
  for (const char* array : {"", "a"})
    if (const auto s = read_or_refuse([&] {
          return read_samples<float>(file, {.array = array, .max_samples = 5, .max_bytes = limit});
        }))
      require_sound(s->columns.cols() >= 1 && s->columns.cols() <= 5 && s->columns.rows() == s->shape.size(),
                    "samples");
}
std::vector<Bytes> all_samples() {
  std::vector<Bytes> seeds;
  for (const auto& more : {idx_seeds(), record_seeds(), npy_seeds(), archives(), tensors(), pictures()})
    seeds.insert(seeds.end(), more.begin(), more.end());
  return seeds;
}
void repair_by_kind(Bytes& file) {
  if (detail::begins_with(file, "PK")) return fuzz::repair_zip(file);
  if (detail::begins_with(file, "\x89PNG")) return fuzz::repair_png(file);
  if (detail::is_gzip(file)) fuzz::repair_gzip(file);
}

// ---- networks

const auto& small_net() {
  static const Chain net(Dense<float>(2, 2), Pointwise<float, Tanh>(2), Dense<float>(2, 2));
  return net;
}
const char* parameter_name(ByteSpan bytes) {
  return detail::begins_with(bytes, "PK") ? "file.npz" : "file.safetensors";
}
void read_parameters(ByteSpan bytes) {
  const fs::path file = placed(bytes, parameter_name(bytes));
  for (const bool own : {true, false})
    if (const auto theta = read_or_refuse([&]() -> Vec<float> {
          return own ? load_parameters(file, small_net()) : load_state_dict(file, small_net());
        }))
      require_sound(theta->size() == small_net().param_size(), "theta");
}
std::vector<Bytes> parameter_files() {
  const auto& net = small_net();
  const Vec<float> theta = Vec<float>::LinSpaced(net.param_size(), -1, 1);
  std::vector<Bytes> seeds;
  for (const char* name : {"seed.npz", "seed.safetensors"}) {
    save_parameters(fuzz::folder() / name, net, theta);
    seeds.push_back(contents(fuzz::folder() / name));
    write_state_dict(fuzz::folder() / name, net, theta, state_dict_entries(net));
    seeds.push_back(contents(fuzz::folder() / name));
  }
  return seeds;
}
void read_state(ByteSpan bytes) {
  const fs::path file = placed(bytes, parameter_name(bytes));
  if (const auto arrays = read_or_refuse([&] { return read_state_dict<float>(file); }))
    for (const auto& a : *arrays) check_array(a.array);
}
std::vector<Bytes> state_dicts() {
  const Vec<double> two = Vec<double>::Ones(2);
  const std::vector<NamedArray<double>> state{{"0.weight", {{2, 1}, two}},    {"0.bias", {{2}, two}},
                                              {"1.weight", {{2}, two}},       {"1.bias", {{2}, two}},
                                              {"1.running_mean", {{2}, two}}, {"1.running_var", {{2}, two}},
                                              {"2.running_mean", {{2}, two}}, {"2.running_var", {{2}, two}}};
  std::vector<Bytes> seeds = parameter_files();
  write_npz(fuzz::folder() / "seed.npz", state);
  seeds.push_back(contents(fuzz::folder() / "seed.npz"));
  write_safetensors(fuzz::folder() / "seed.safetensors", SafeTensors<double>{state, {}});
  seeds.push_back(contents(fuzz::folder() / "seed.safetensors"));
  return seeds;
}
/// Three epochs of a small training, taken up from the file if it is there.
FitResult train(const fs::path& file) {
  Model f(small_net(), Vec<float>(Vec<float>::LinSpaced(small_net().param_size(), -1, 1)));
  Adam<float> adam;
  const Mat<float> x{{1, 0.5F}, {0, 2}};
  return resumable_fit(f, x, adam, {.max_epochs = 3}, Checkpoint(file, "setting"));
}
void read_checkpoint(ByteSpan bytes) {
  const fs::path file = placed(bytes, "file.safetensors");
  (void)read_or_refuse([&] { return train(file).epochs; });
}
std::vector<Bytes> checkpoints() {
  const fs::path file = fuzz::folder() / "seed.safetensors";
  (void)train(file);
  return {contents(file)};
}
/// The same content with the checksum that it should have.
void repair_checkpoint(Bytes& bytes) {
  const fs::path file = placed(bytes, "repaired.safetensors");
  try {
    Checkpoint(file, "setting").save(read_safetensors<float>(file));
    bytes = read_plain_bytes(file);
  } catch (const std::exception&) {
  }
}

// ---- reports, certificates, tasks

void read_report(ByteSpan bytes) {
  const std::string json(bytes.begin(), bytes.end());
  if (const auto r = read_or_refuse([&] { return examples::from_json(json, "file.json"); }))
    require_sound(!examples::to_json(*r).empty(), "report");
}
std::vector<Bytes> reports() {
  examples::Result r;
  r.name = "a";
  r.title = "b \"c\"";
  r.claims = {examples::median_claim("1", "s", "p", {1, 2, 3}, examples::at_least(1)),
              examples::yes_no_claim("2", "s", "p", "m", false)};
  r.figures = {{"a.png", "caption"}};
  r.seeds = {1, 2};
  r.notes = {"n"};
  return {bytes_of(examples::to_json(r))};
}

/// tanh(x / 2), a sum and a map with parameters, and what might be proved of it.
void write_small_certificate(const fs::path& stem) {
  Chain net(Dense<double>(2, 2), Pointwise<double, LeakyRelu>(2), Pointwise<double, Tanh>(2));
  Vec<double> theta(6);
  theta << 0.25, 0, 0, 0.25, 0, 0;
  const ExactNetwork f = exact_network(Model(net, theta));
  Certificate c;
  c.verified = true;
  c.network = f.fingerprint();
  c.centre = Vec<double>::Zero(2);
  c.metric = {Mat<double>{{1}, {0}}, Vec<double>::Ones(1)};
  c.radius = 0.1;
  c.radius_2norm = 0.01;
  c.contraction = 0.99;
  c.residual = c.error = 1e-9;
  write_certificate(stem, f, c);
}
void read_both() {
  const fs::path stem = fuzz::folder() / "c";
  if (const auto c = read_or_refuse([&] { return read_certificate(stem); }))
    require_sound(c->certificate.centre.size() == c->network.size(), "centre");
  if (const auto c = read_or_refuse([&] { return check_certificate(stem); })) fuzz::check_words(c->reason);
}
void read_certificate_json(ByteSpan bytes) {
  static const bool once = (write_small_certificate(fuzz::folder() / "c"), true);
  (void)once;
  fuzz::write(fuzz::folder() / "c.json", bytes);
  read_both();
}
std::vector<Bytes> certificate_files(const char* name) {
  write_small_certificate(fuzz::folder() / "c");
  return {contents(fuzz::folder() / name)};
}
void read_certificate_arrays(ByteSpan bytes) {
  static const bool once = (write_small_certificate(fuzz::folder() / "c"), true);
  (void)once;
  fuzz::write(fuzz::folder() / "c.npz", bytes);
  read_both();
}
/// The fingerprint that the checker says it should have.
void repair_certificate(Bytes& bytes) {
  const fs::path stem = fuzz::folder() / "repaired";
  if (!fs::exists(stem.string() + ".npz")) write_small_certificate(stem);
  fuzz::write(stem.string() + ".json", bytes);
  try {
    const std::string reason = check_certificate(stem).reason, said = ", the network has ";
    std::string text(bytes.begin(), bytes.end());
    const std::size_t has = reason.find(said), at = text.find("\"fingerprint\": \"");
    if (has == std::string::npos || at == std::string::npos || at + 32 > text.size()) return;
    text.replace(at + 16, 16, reason.substr(has + said.size(), 16));
    bytes = bytes_of(text);
  } catch (const std::exception&) {
  }
}

struct Kept {
  std::vector<std::string> names;
  std::map<std::string, std::vector<double>> numbers;
  Mat<float> matrix;
  std::optional<std::pair<int, bool>> pair;
  std::vector<Vec<double>> list;
  bool operator==(const Kept&) const = default;
};
void read_task(ByteSpan bytes) {
  static const TaskFolder folder(fuzz::folder() / "tasks", "settings");
  fs::create_directories(fuzz::folder() / "tasks");
  fuzz::write(folder.file("task"), bytes);
  const auto result = read_or_refuse([&] { return folder.load("task").value(); });
  for (const ByteSpan packed : {result ? ByteSpan(*result) : ByteSpan(), bytes}) try {
      (void)unpacked<Kept>(packed);
    } catch (const std::invalid_argument& e) {
      fuzz::check_words(e.what());
    }
}
std::vector<Bytes> task_files() {
  const Bytes kept = packed(
      Kept{{"a", "bc"}, {{"x", {1, 2}}}, Mat<float>::Ones(2, 3), std::pair(1, true), {Vec<double>::Ones(2)}});
  const TaskFolder folder(fuzz::folder() / "tasks", "settings");
  folder.save("task", kept);
  return {contents(folder.file("task")), kept};
}
void repair_task(Bytes& bytes) {
  constexpr std::size_t sum = 13, body = sum + 8;
  if (bytes.size() > body) detail::store_le(&bytes[sum], detail::fingerprint(ByteSpan(bytes).subspan(body)));
}

// ---- the list

const std::vector<Reader>& readers() {
  constexpr std::size_t deflate = 1032;
  static const std::vector<Reader> all{
      {"idx", read_idx_file, idx_seeds},
      {"idx_gzip", read_idx_file, [] { return all_gzipped(idx_seeds()); }, fuzz::repair_gzip, deflate},
      {"cifar10", read_records, record_seeds, repair_by_kind, deflate},
      {"npy", read_npy_file, npy_seeds, repair_by_kind, deflate},
      {"npz", read_npz_file, archives, fuzz::repair_zip, deflate},
      {"safetensors", read_tensors, tensors},
      {"png", read_picture, pictures, fuzz::repair_png, 24 * deflate},
      {"pictures", read_folder, pictures, fuzz::repair_png, 24 * deflate},
      {"samples", read_any_samples, all_samples, repair_by_kind, 24 * deflate},
      {"parameters", read_parameters, parameter_files, repair_by_kind, deflate, default_max_bytes},
      {"state_dict", read_state, state_dicts, repair_by_kind, deflate, default_max_bytes},
      {"checkpoint", read_checkpoint, checkpoints, repair_checkpoint},
      {"report", read_report, reports},
      {"certificate", read_certificate_json, [] { return certificate_files("c.json"); }, repair_certificate},
      {"certificate_arrays", read_certificate_arrays, [] { return certificate_files("c.npz"); },
       fuzz::repair_zip, deflate, default_max_bytes},
      {"task", read_task, task_files, repair_task},
  };
  return all;
}
const Reader& chosen() {
  static const Reader& reader = []() -> const Reader& {
    const char* name = std::getenv("BASIN_FUZZ_READER");
    std::string names;
    for (const Reader& r : readers()) {
      if (name != nullptr && std::string(name) == r.name) return r;
      names += std::string(" ") + r.name;
    }
    std::fprintf(stderr, "BASIN_FUZZ_READER must be one of%s\n", names.c_str());
    std::exit(2);
  }();
  return reader;
}

/// The bound that the readers' comments promise, with room for the fixed tables of zlib, libpng and libzip: a
/// multiple of the file, and of what its format unpacks to, up to the caller's limit.
std::size_t allowed(const Reader& r, std::size_t size) {
  constexpr std::size_t fixed = 2 << 20, factor = 100, copies = 8;
  return fixed + factor * size + copies * std::min(r.max_bytes, r.unpacks * size);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const Reader& reader = chosen();
  if (const char* folder = std::getenv("BASIN_FUZZ_SEEDS")) {
    int k = 0;
    for (const Bytes& seed : reader.seeds())
      fuzz::write(fs::path(folder) / ("seed_" + std::to_string(k++)), seed);
    fs::remove_all(fuzz::folder());
    std::exit(0);
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  std::minstd_rand random(seed);
  if (!chosen().repair || random() % 4 == 0) return mutated;
  Bytes bytes(data, data + mutated);
  chosen().repair(bytes);
  if (bytes.size() > max_size) return mutated;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Heap::begin();
  chosen().read(ByteSpan(data, size));
  fuzz::keep_statistics();
  if (static_cast<std::size_t>(Heap::peak) > allowed(chosen(), size))
    fuzz::fail(std::to_string(Heap::peak) + " bytes of memory for " + std::to_string(size) +
               " bytes of file, expected at most " + std::to_string(allowed(chosen(), size)));
  return 0;
}
