#include "basin/io/state_dict.hpp"

#include "basin/compose/chain.hpp"
#include "basin/core/model.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps/exponential.hpp"
#include "basin/layers/pointwise.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"

using namespace basin;

namespace {

using Shapes = std::map<std::string, std::vector<Index>>;  // sorted as the safetensors package writes tensors

/// PyTorch's tensors of these shapes.
template <class S>
std::vector<NamedArray<S>> tensors_of(const Golden& golden, const Shapes& shapes) {
  std::vector<NamedArray<S>> tensors;
  for (const auto& [name, shape] : shapes) {
    const Mat<double> rows = golden[name].transpose();
    tensors.push_back({name, {shape, rows.reshaped().cast<S>()}});
  }
  return tensors;
}

const Shapes network_shapes = {
    {"0.weight", {3, 2, 3, 3}}, {"0.bias", {3}}, {"2.weight", {3, 2, 2, 2}}, {"2.bias", {2}},
    {"5.weight", {4, 128}},     {"5.bias", {4}}, {"7.weight", {4, 4}},       {"7.bias", {4}},
    {"9.weight", {4, 4}},       {"9.bias", {4}}, {"11.weight", {4, 4}},      {"11.bias", {4}}};

/// The network of make_golden.py: its blocks have other names and it has no layer for Flatten.
template <class S>
auto network() {
  const Chain tail(Pointwise<S, Tanh>(4), Dense<S>(4, 4), Pointwise<S, Tanh>(4), Dense<S>(4, 4),
                   Pointwise<S, Tanh>(4), Dense<S>(4, 4));
  return Chain(Conv2d<S>({2, 4, 4}, {.out_channels = 3, .padding = Padding::all(1)}), Pointwise<S, Elu>(48),
               ConvTranspose2d<S>({3, 4, 4}, {.out_channels = 2, .kernel = {2, 2}, .stride = {2, 2}}),
               Pointwise<S, Elu>(128), Dense<S>(128, 4), tail);
}

/// Dense layers in a row.
auto two_layers() { return Chain(Dense<double>(3, 2), Dense<double>(2, 3)); }

NamedArray<double> tensor(const std::string& name, const std::vector<Index>& shape, double first) {
  Index size = 1;
  for (const Index side : shape) size *= side;
  return {name, {shape, Vec<double>::LinSpaced(size, first, first + double(size) - 1)}};
}

std::filesystem::path file_of(const std::filesystem::path& path, std::vector<NamedArray<double>> tensors) {
  if (path.extension() == ".npz")
    write_npz(path, tensors);
  else
    write_safetensors<double>(path, {std::move(tensors), {}});
  return path;
}

std::vector<std::string> names_of(const std::vector<NamedArray<double>>& tensors) {
  std::vector<std::string> names;
  for (const auto& t : tensors) names.push_back(t.name);
  return names;
}

}  // namespace

TEMPLATE_TEST_CASE("a network gives PyTorch's numbers with the parameters of PyTorch's state_dict", "[io]",
                   float, double) {
  using S = TestType;
  const TempDir dir;
  const Golden golden("state_dict");
  write_safetensors<S>(dir / "net.safetensors", {tensors_of<S>(golden, network_shapes), {}});
  const auto f = network<S>();
  const Vec<S> theta = load_state_dict(dir / "net.safetensors", f);
  const Mat<S> x = golden["x"].cast<S>(), y = golden["y"].cast<S>();
  const double eps = double(std::numeric_limits<S>::epsilon());
  CHECK(double((Model(f, theta)(x) - y).cwiseAbs().maxCoeff()) <= 50 * eps);

  // the same by names: basin calls Linear's tensors by the places in its Chain
  const std::map<std::string, std::string> names = {{"4.weight", "5.weight"},    {"4.bias", "5.bias"},
                                                    {"5.1.weight", "7.weight"},  {"5.1.bias", "7.bias"},
                                                    {"5.3.weight", "9.weight"},  {"5.3.bias", "9.bias"},
                                                    {"5.5.weight", "11.weight"}, {"5.5.bias", "11.bias"}};
  CHECK(load_state_dict_by_names(dir / "net.safetensors", f, names) == theta);

  // and out again, under PyTorch's names and in its shapes
  const auto entries = state_dict_entries(dir / "net.safetensors");
  CHECK(entries.front() == StateDictEntry{"0.weight", {3, 2, 3, 3}});
  for (const char* name : {"out.safetensors", "out.npz"}) {
    write_state_dict(dir / name, f, theta, entries);
    CHECK(load_state_dict(dir / name, f) == theta);
    for (const auto& [tensor_name, a] : read_state_dict<S>(dir / name))
      CHECK(a.shape == network_shapes.at(tensor_name));
  }
  for (const auto& [name, a] : tensors_of<S>(golden, network_shapes))
    for (const auto& out : read_safetensors<S>(dir / "out.safetensors").tensors)
      if (out.name == name) CHECK(out.array.values == a.values);
}

TEST_CASE("normalizations are folded to what PyTorch computes in evaluation", "[io]") {
  const TempDir dir;
  const Golden golden("state_dict");
  auto tensors = tensors_of<double>(
      golden,
      {{"norm.weight", {3}}, {"norm.bias", {3}}, {"norm.running_mean", {3}}, {"norm.running_var", {3}}});
  tensors.push_back(tensor("norm.num_batches_tracked", {}, 17));
  for (const char* name : {"norm.safetensors", "norm.npz"}) {
    const auto folded = read_state_dict<double>(file_of(dir / name, tensors), {.order = {"weight", "bias"}});
    REQUIRE(folded.size() == 2);
    const auto at = [&](const std::string& leaf) {
      return folded[folded[0].name == leaf ? 0 : 1].array.values;
    };
    const Mat<double>&x = golden["norm.x"], &y = golden["norm.y"];
    for (Index c = 0; c < 3; ++c)
      CHECK((at("norm.weight")[c] * x.middleRows(4 * c, 4).array() + at("norm.bias")[c] -
             y.middleRows(4 * c, 4).array())
                .abs()
                .maxCoeff() <= 1e-14);
  }
}

TEST_CASE("normalizations without weights have 1 and 0, and another eps is heeded", "[io]") {
  const TempDir dir;
  const NamedArray<double> mean{"4.running_mean", {{2}, (Vec<double>(2) << 3, -1).finished()}},
      var{"4.running_var", {{2}, (Vec<double>(2) << 3, 0).finished()}};
  const auto folded =
      read_state_dict<double>(file_of(dir / "x.safetensors", {mean, var}), {.batch_norm_eps = 1});
  REQUIRE(names_of(folded) == std::vector<std::string>{"4.weight", "4.bias"});
  CHECK(folded[0].array.values == (Vec<double>(2) << 0.5, 1).finished());
  CHECK(folded[1].array.values == (Vec<double>(2) << -1.5, 1).finished());
  CHECK(names_of(read_state_dict<double>(file_of(dir / "x.npz", {mean, var}))) ==
        std::vector<std::string>{"4.weight", "4.bias"});

  const auto error = [&](const std::vector<NamedArray<double>>& tensors, double eps = 1e-5) {
    file_of(dir / "bad.safetensors", tensors);
    return error_of([&] { (void)read_state_dict<double>(dir / "bad.safetensors", {.batch_norm_eps = eps}); });
  };
  CHECK(contains(error({mean}), "bad.safetensors: tensor \"4.running_mean\" has no running_var beside it"));
  CHECK(contains(error({var}), "tensor \"4.running_var\" has no running_mean beside it"));
  CHECK(contains(error({mean, var, tensor("4.weight", {2}, 1)}), "has no bias beside it"));
  CHECK(contains(error({mean, var, tensor("4.bias", {2}, 1)}), "has no weight beside it"));
  CHECK(contains(error({mean, var, tensor("4.weight", {3}, 1), tensor("4.bias", {2}, 1)}),
                 "tensor \"4.weight\" has shape (3,), expected (2,)"));
  CHECK(contains(error({mean, tensor("4.running_var", {2, 1}, 1)}), "has shape (2, 1), expected (2,)"));
  CHECK(contains(error({mean, tensor("4.running_var", {2}, -5)}),
                 "running_var\": a variance + eps (1e-05) is not positive"));
  CHECK(contains(error({mean, var}, 0), "is not positive"));
  CHECK(contains(error({mean, var}, -1), "batch_norm_eps must be >= 0"));
}

TEST_CASE("tensors of a safetensors file come in the network's order, or the file is refused", "[io]") {
  const TempDir dir;
  const auto order = [&](const std::vector<std::string>& names, std::vector<std::string> list = {}) {
    std::vector<NamedArray<double>> tensors;
    for (const auto& name : names) tensors.push_back(tensor(name, {1}, 0));
    return names_of(
        read_state_dict<double>(file_of(dir / "x.safetensors", tensors), {.order = std::move(list)}));
  };
  using Names = std::vector<std::string>;
  CHECK(order({"10.bias", "10.weight", "2.bias", "2.weight"}) ==
        Names{"2.weight", "2.bias", "10.weight", "10.bias"});
  CHECK(order({"decoder.0.weight", "decoder.2.weight", "encoder.0.weight"}) ==
        Names{"encoder.0.weight", "decoder.0.weight", "decoder.2.weight"});
  CHECK(order({"fc10.weight", "fc2.weight", "fc1.weight", "fc1.bias"}) ==
        Names{"fc1.weight", "fc1.bias", "fc2.weight", "fc10.weight"});
  CHECK(order({"conv1.weight", "conv2.weight", "bn1.weight", "fc.weight"}, {"conv1", "bn1", "conv2", "fc"}) ==
        Names{"conv1.weight", "bn1.weight", "conv2.weight", "fc.weight"});
  CHECK(order({"fc1.weight", "fc2.weight", "conv2.weight", "conv1.weight"}, {"conv", "fc"}) ==
        Names{"conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"});
  CHECK(order({"encoder.weight", "decoder.weight"}, {"decoder"}) ==
        Names{"decoder.weight", "encoder.weight"});
  const std::string error = error_of([&] { (void)order({"fc1.weight", "conv1.weight"}); });
  CHECK((contains(error, "x.safetensors: does not say whether") && contains(error, "\"fc1.weight\"") &&
         contains(error, "\"conv1.weight\"")));
  CHECK(contains(error, "give StateDictOptions::order, or load by names"));
  CHECK(contains(error_of([&] {
                   (void)order({"up1.weight", "down1.weight", "down2.weight", "mid.weight"}, {"down", "up"});
                 }),
                 "does not say"));

  // an archive of numpy.savez keeps the order of the state_dict
  CHECK(names_of(read_state_dict<double>(
            file_of(dir / "x.npz", {tensor("fc1.weight", {1}, 0), tensor("conv1.weight", {1}, 0)}))) ==
        Names{"fc1.weight", "conv1.weight"});
  CHECK(contains(error_of([&] { (void)read_state_dict<double>(dir / "x.pt"); }),
                 "read_state_dict: the file name must end in"));
}

TEST_CASE("a prefix takes one network out of a file of several", "[io]") {
  const TempDir dir;
  const auto f = two_layers();
  std::vector<NamedArray<double>> tensors;
  for (const char* part : {"a.", "b."})
    for (const auto& [name, a] : {tensor("0.weight", {2, 3}, 1), tensor("0.bias", {2}, 7),
                                  tensor("1.weight", {3, 2}, 9), tensor("1.bias", {3}, 15)})
      tensors.push_back({part + name, {a.shape, a.values * (part[0] == 'a' ? 1 : 2)}});
  file_of(dir / "x.safetensors", tensors);
  Vec<double> theta(17);  // Dense has its weights column by column
  theta << 1, 4, 2, 5, 3, 6, 7, 8, 9, 11, 13, 10, 12, 14, 15, 16, 17;
  CHECK(load_state_dict(dir / "x.safetensors", f, {.prefix = "a."}) == theta);
  CHECK(load_state_dict(dir / "x.safetensors", f, {.prefix = "b."}) == 2 * theta);
  const auto same = [](const std::string& name) { return name; };
  CHECK(load_state_dict_by_names(dir / "x.safetensors", f, same, {.prefix = "b."}) == 2 * theta);
  const auto in_b = [](const std::string& name) { return "b." + name; };
  CHECK(contains(error_of([&] { (void)load_state_dict_by_names(dir / "x.safetensors", f, in_b); }),
                 "a.0.bias, (2,), is not a parameter"));
}

TEST_CASE("all that does not fit a network is told at once", "[io]") {
  const TempDir dir;
  const auto f = two_layers();
  const auto error = [&](const std::vector<NamedArray<double>>& tensors) {
    file_of(dir / "x.safetensors", tensors);
    return error_of([&] { (void)load_state_dict(dir / "x.safetensors", f); });
  };
  const auto w0 = tensor("0.weight", {2, 3}, 1), b0 = tensor("0.bias", {2}, 1),
             w2 = tensor("2.weight", {3, 2}, 1), b2 = tensor("2.bias", {3}, 1);
  CHECK(error({w0, b0, w2, b2}).empty());
  const std::string few = error({w0, tensor("0.bias", {3}, 1), w2});
  CHECK(contains(few, "x.safetensors: does not hold the parameters of this Chain:"));
  CHECK(contains(few, "\n  0.bias has shape (3,), expected (2, 1)"));
  CHECK(contains(few, "\n  nothing is left for 1.bias, (3, 1)"));
  CHECK(contains(error({w0, b0, w2, b2, tensor("4.\n", {7}, 1)}), "4.\\x0a, (7,), is not a parameter"));
  const std::string extra = error({w0, b0, tensor("2.weight", {2, 3}, 1), b2, tensor("4.weight", {7}, 1)});
  CHECK(contains(extra, "\n  2.weight (for 1.weight) has shape (2, 3), expected (3, 2)"));
  CHECK(contains(extra, "\n  4.weight, (7,), is not a parameter of the layer"));

  file_of(dir / "x.safetensors", {w0, b0, w2, b2});
  CHECK(contains(error_of([&] {
                   (void)load_state_dict_by_names(dir / "x.safetensors", f,
                                                  std::map<std::string, std::string>{{"1.bias", "2.bias"}});
                 }),
                 "\n  1.weight is missing"));
  CHECK(contains(error_of([&] {
                   (void)load_state_dict_by_names(dir / "x.safetensors", f,
                                                  std::map<std::string, std::string>{{"7.bias", "2.bias"}});
                 }),
                 "Chain has no block \"7.bias\""));
  CHECK(contains(error_of([&] {
                   (void)load_state_dict_by_names(dir / "x.safetensors", f,
                                                  [](const std::string&) { return "0.weight"; });
                 }),
                 "block 0.bias is given the tensor \"0.weight\", expected one that no other block has"));
}

TEST_CASE("biases are written as vectors, and entries that do not fit are refused", "[io]") {
  const TempDir dir;
  const auto f = two_layers();
  const Vec<double> theta = Vec<double>::LinSpaced(17, 0, 1);
  auto entries = state_dict_entries(f);
  CHECK(entries == std::vector<StateDictEntry>{
                       {"0.weight", {2, 3}}, {"0.bias", {2}}, {"1.weight", {3, 2}}, {"1.bias", {3}}});
  write_state_dict(dir / "a.npz", f, theta);
  CHECK(state_dict_entries(dir / "a.npz") == entries);
  CHECK(load_parameters(dir / "a.npz", f) == theta);
  entries[2] = {"2.weight", {3, 2, 1, 1}};
  entries[3].name = "2.bias";
  write_state_dict(dir / "a.safetensors", f, theta, entries);
  CHECK(state_dict_entries(dir / "a.safetensors") == entries);
  CHECK(load_state_dict(dir / "a.safetensors", f) == theta);
  entries[2].shape = {2, 3};
  CHECK(contains(error_of([&] { write_state_dict(dir / "b.npz", f, theta, entries); }),
                 "entry 2.weight has shape (2, 3), block 1.weight is (3, 2)"));
  entries.pop_back();
  CHECK(contains(error_of([&] { write_state_dict(dir / "b.npz", f, theta, entries); }),
                 "3 entries for 4 blocks of Chain"));
  CHECK(
      contains(error_of([&] { write_state_dict(dir / "b.npz", f, theta.head(3)); }), "theta has 3 entries"));
  CHECK(dir.count() == 2);
}

TEST_CASE("names are sorted as a person counts", "[io]") {
  std::vector<std::string> names = {"x10",
                                    "x9b",
                                    "x",
                                    "x2",
                                    "y1",
                                    "x02",
                                    "x10a",
                                    "x9",
                                    "10",
                                    "9",
                                    "x1.10",
                                    "x1.9",
                                    "x18446744073709551617"};
  std::sort(names.begin(), names.end(), detail::natural_less);
  CHECK(names == std::vector<std::string>{"9", "10", "x", "x1.9", "x1.10", "x02", "x2", "x9", "x9b", "x10",
                                          "x10a", "x18446744073709551617", "y1"});
}

TEST_CASE("every truncation of a state_dict is refused and every wrong byte survived", "[io]") {
  const TempDir dir;
  const Bytes good = read_plain_bytes(
      file_of(dir / "good.safetensors", {tensor("weight", {2}, 1), tensor("bias", {2}, 1),
                                         tensor("running_mean", {2}, 1), tensor("running_var", {2}, 1)}));
  const auto read = [&](const std::filesystem::path& p) {
    std::filesystem::remove_all(dir / "x.safetensors");
    std::filesystem::copy_file(p, dir / "x.safetensors");
    try {
      return read_state_dict<double>(dir / "x.safetensors").size() <= 4;
    } catch (const FileError& e) {  // it names the copy
      throw FileError(p.string() + e.what());
    }
  };
  CHECK(refused_truncations(dir, good, read) == good.size());
  CHECK(refused_corruptions(dir, good, good.size() - 64, read) > 9 * (good.size() - 64));
}
