#include "basin/io/parameters.hpp"

#include "basin/compose/chain.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

template <class S>
auto net() {
  return Chain(Conv2d<S>({2, 4, 5}, {.out_channels = 3, .kernel = {3, 3}, .padding = Padding::all(1)}),
               Dense<S>(60, 4), Dense<S>(4, 3, false));
}

template <class S>
Vec<S> numbered(Index n) {
  return Vec<S>::LinSpaced(n, S(1), S(n)) / S(7);
}

}  // namespace

TEMPLATE_TEST_CASE("parameters come back bit for bit from both formats", "[io]", float, double) {
  using S = TestType;
  const TempDir dir;
  const auto f = net<S>();
  const Vec<S> theta = numbered<S>(f.param_size());
  for (const char* name : {"net.npz", "net.safetensors"}) {
    save_parameters(dir / name, f, theta);
    CHECK(load_parameters(dir / name, f) == theta);
  }
}

TEST_CASE("parameters are named matrices from inputs to outputs, row by row", "[io]") {
  const TempDir dir;
  const auto f = net<double>();
  const Vec<double> theta = numbered<double>(f.param_size());
  save_parameters(dir / "net.npz", f, theta);
  save_parameters(dir / "net.safetensors", f, theta);
  const auto npz = read_npz<double>(dir / "net.npz");
  const auto safetensors = read_safetensors<double>(dir / "net.safetensors").tensors;
  const auto blocks = param_blocks(f);
  REQUIRE((npz.size() == 5 && safetensors.size() == 5 && blocks.size() == 5));
  for (std::size_t k = 0; k < 5; ++k) {
    CHECK(npz[k].name == blocks[k].name);
    CHECK(safetensors[k].name == blocks[k].name);
    CHECK(npz[k].array.shape == std::vector<Index>{blocks[k].rows, blocks[k].cols});
    CHECK(npz[k].array.values == safetensors[k].array.values);
  }
  CHECK(npz[2].name == "1.weight");
  const Index offset = f.child<0>().param_size();
  CHECK(to_matrix(npz[2].array) == f.child<1>().weight(theta.segment(offset, 4 * 60 + 4)));
  CHECK(npz[0].array.values ==
        theta.head(npz[0].array.values.size()));  // a convolution's lie row by row in theta
}

TEST_CASE("a float net's parameters load into a double net and back", "[io]") {
  const TempDir dir;
  const Dense<float> f(3, 2);
  const Dense<double> g(3, 2);
  const Vec<float> theta = numbered<float>(8);
  save_parameters(dir / "f.safetensors", f, theta);
  CHECK(load_parameters(dir / "f.safetensors", g) == theta.cast<double>());
  save_parameters(dir / "g.npz", g, theta.cast<double>());
  CHECK(load_parameters(dir / "g.npz", f) == theta);
}

TEST_CASE("weights of PyTorch's shapes are taken where they are the same numbers", "[io]") {
  const TempDir dir;
  const Conv2d<float> conv({2, 4, 5}, {.out_channels = 3, .kernel = {3, 3}});
  SafeTensors<float> file;
  file.tensors = {{"weight", {{3, 2, 3, 3}, numbered<float>(54)}}, {"bias", {{3}, numbered<float>(3)}}};
  write_safetensors(dir / "x.safetensors", file);
  CHECK(load_parameters(dir / "x.safetensors", conv) ==
        (Vec<float>(57) << numbered<float>(54), numbered<float>(3)).finished());
  file.tensors[0].array.shape = {2, 3, 3, 3};
  write_safetensors(dir / "x.safetensors", file);
  CHECK(contains(error_of([&] { (void)load_parameters(dir / "x.safetensors", conv); }),
                 "weight has shape (2, 3, 3, 3), expected (3, 18)"));
}

TEST_CASE("all differences between a file and the layer are told at once", "[io]") {
  const TempDir dir;
  const Dense<double> f(3, 2);
  write_npz<double>(dir / "x.npz",
                    {{"weight", {{3, 2}, Vec<double>::Zero(6)}}, {"extra", {{1}, Vec<double>::Zero(1)}}});
  const std::string error = error_of([&] { (void)load_parameters(dir / "x.npz", f); });
  CHECK(contains(error, "x.npz: does not hold the parameters of this Dense:"));
  CHECK(contains(error, "weight has shape (3, 2), expected (2, 3)"));
  CHECK(contains(error, "bias is missing"));
  CHECK(contains(error, "extra, (1,), is not a parameter of the layer"));
  CHECK_THROWS_AS(load_parameters(dir / "x.npz", f), FileError);
  CHECK_THROWS_AS(load_parameters(dir / "nothing.npz", f), FileError);
  CHECK(contains(error_of([&] { (void)load_parameters(dir / "x.pt", f); }),
                 "must end in .npz or .safetensors, got"));
  CHECK(contains(error_of([&] { save_parameters(dir / "x", f, Vec<double>::Zero(8)); }), "must end in .npz"));
  CHECK(contains(error_of([&] { save_parameters(dir / "y.npz", f, Vec<double>::Zero(7)); }),
                 "theta has 7 entries, Dense has 8 parameters"));
  CHECK(dir.count() == 1);
}

namespace {
/// Says something else about its parameters than what it has.
struct Liar : Dense<double> {
  std::vector<ParamBlock> blocks;
  explicit Liar(std::vector<ParamBlock> b) : Dense<double>(3, 2), blocks(std::move(b)) {}
  std::vector<ParamBlock> param_blocks() const { return blocks; }
};
}  // namespace

TEST_CASE("a layer whose blocks do not cover theta is refused, lest a part be lost", "[io]") {
  const TempDir dir;
  const auto error = [&](const std::vector<ParamBlock>& blocks) {
    return error_of([&] { save_parameters(dir / "x.npz", Liar(blocks), Vec<double>::Zero(8)); });
  };
  const auto block = [](const char* name, Index offset, Index rows) {
    return ParamBlock{name, ParamBlock::Role::weight, offset, rows, 1, false, 1, 1};
  };
  CHECK(contains(error({block("a", 0, 6)}), "cover 6 of 8 parameters"));
  CHECK(contains(error({block("a", 0, 6), block("b", 7, 1)}), "block b of Dense begins at 7, expected 6"));
  CHECK(contains(error({block("a", 0, 6), block("b", 6, 3)}), "cover 9 of 8"));
  CHECK(contains(error({block("a", 0, 6), block("a", 6, 2)}), "two blocks of the name a"));
  CHECK(error({block("a", 0, 6), block("b", 6, 2)}).empty());
}
