// The program analyze on a small network from PyTorch (tests/golden/make_analyze_model.py): what it prints
// for scripts, and its errors.
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "basin/compose/chain.hpp"
#include "basin/io/npy.hpp"
#include "basin/io/onnx.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"

using namespace basin;

namespace {

using Json = nlohmann::json;

struct Ran {
  int status = -1;
  std::string out;
};

/// Runs analyze with these arguments; `out` is what it writes to stdout, with `errors` also to stderr.
Ran run(const std::string& arguments, bool errors = false) {
  const std::string command =
      std::string("\"" BASIN_ANALYZE "\" ") + arguments + (errors ? " 2>&1" : " 2>/dev/null");
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  Ran r;
  for (char buffer[4096]; const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe);)
    r.out.append(buffer, got);
  const int status = pclose(pipe);
  r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return r;
}

Json parsed(const std::string& file) {
  std::ifstream in(file);
  REQUIRE(in);
  return Json::parse(in);
}

const std::string data = BASIN_TEST_DATA_DIR "/onnx/";
const std::string model = data + "memorizing.onnx", samples = data + "memorizing.npy";

}  // namespace

TEST_CASE("analyze finds what a network from PyTorch has memorized", "[analyze][slow]") {
  const TempDir folder;
  const Ran r =
      run(model + " --data " + samples + " --json --starts 60 --seed 1 --out " + folder.path().string());
  REQUIRE(r.status == 0);
  const Json j = Json::parse(r.out), golden = parsed(data + "memorizing.json");
  CHECK(j == parsed((folder / "analysis.json").string()));

  SECTION("the network and its error as PyTorch has them") {
    CHECK(j["network"]["parameters"] == golden["parameters"]);
    CHECK(j["network"]["input_shape"] == Json({1, 8, 8}));
    CHECK(j["network"]["affine"] == false);
    CHECK(j["network"]["self_map"] == true);
    CHECK(j["network"]["operators"]["Gemm"] == 5);
    const Json& e = j["training_error"];
    CHECK(e["samples"] == 12);
    CHECK(e["mean_square_error"].get<double>() ==
          Approx(golden["mean_square_error"].get<double>()).epsilon(1e-6));
    for (std::size_t k = 0; k < 12; ++k)  // the slope of LeakyReLU is a float in the file
      CHECK(e["of_sample"][k].get<double>() == Approx(golden["of_sample"][k].get<double>()).epsilon(1e-5));
    CHECK(e["hint"] == "");
  }
  SECTION("counts agree with each other") {
    const Json &f = j["fixed_points"], &m = j["memorized"];
    CHECK(f["found"] == f["points"].size());
    CHECK(f["attracting"].get<int>() + f["unstable"].get<int>() + f["undecided"].get<int>() == f["found"]);
    int index = 0, attracting = 0, spurious = 0;
    for (const Json& p : f["points"]) {
      index += p["index"].get<int>();
      attracting += p["stability"] == "attracting";
      spurious += p["spurious"].get<bool>();
      CHECK(p["residual"].get<double>() < 1e-9);
      if (p["stability"] == "attracting") CHECK(p["spectral_radius"].get<double>() < 1);
      if (p["stability"] == "unstable") CHECK(p["spectral_radius"].get<double>() > 1);
    }
    CHECK(f["index_sum"] == index);
    CHECK(f["degree"] == 1);
    CHECK(f["attracting"] == attracting);
    CHECK(m["attractors"] == attracting);
    CHECK(m["spurious"] == spurious);
    CHECK(m["recalled"] <= m["attracting"]);
    CHECK(m["attracting"] <= m["near_a_fixed_point"]);
  }
  SECTION("memorized examples are attractors of their own orbits") {
    CHECK(j["memorized"]["recalled"] == 12);
    CHECK(j["memorized"]["examples"] == 12);
  }
  SECTION("shares of orbits add up to 1") {
    REQUIRE(j["basins"].size() == 2);
    for (const Json& b : j["basins"]) {
      CHECK(b["count"] == 60);
      double share = 0;
      int count = 0;
      for (const Json& e : b["ends"]) {
        share += e["fraction"].get<double>();
        count += e["count"].get<int>();
        CHECK(e["interval"][0].get<double>() <= e["fraction"].get<double>());
        CHECK(e["fraction"].get<double>() <= e["interval"][1].get<double>());
      }
      CHECK(share == Approx(1).epsilon(1e-12));
      CHECK(count == 60);
    }
  }
  SECTION("certificates") {
    const Json& c = j["certificates"];
    CHECK(c["possible"] == true);
    CHECK(c["tried"] == j["memorized"]["attractors"]);
    CHECK(c["verified"] == 12);
    for (const Json& p : c["of_attractor"])
      if (p["verified"].get<bool>()) CHECK(p["contraction"].get<double>() < 1);
  }
  SECTION("the points are in a file for NumPy, the page stands alone") {
    const NdArray<double> points = read_npy<double>(folder / "fixed_points.npy");
    CHECK(points.shape == std::vector<Index>{j["fixed_points"]["found"].get<Index>(), 1, 8, 8});
    std::ifstream in(folder / "report.html");
    const std::string html{std::istreambuf_iterator<char>(in), {}};
    CHECK(html.find("</html>") != std::string::npos);
    CHECK(html.find("src=\"http") == std::string::npos);
  }
}

TEST_CASE("analyze gives the same numbers for any number of threads", "[analyze][slow]") {
  const TempDir folder;
  const std::string rest = " --data " + samples + " --json --limit 5 --starts 20 --no-certificates --out " +
                           folder.path().string();
  Json one = Json::parse(run(model + rest + " --threads 1").out),
       two = Json::parse(run(model + rest + " --threads 2").out);
  one.erase("seconds");
  two.erase("seconds");
  CHECK(one == two);
  CHECK(one["training_error"]["samples"] == 5);
  CHECK(one["training_error"]["samples_in_file"] == 12);
  CHECK(one["certificates"]["possible"] == false);
}

TEST_CASE("analyze sees data of another scale", "[analyze][slow]") {
  const TempDir folder;
  NdArray<double> a = read_npy<double>(samples);
  a.values *= 255;
  write_npy(folder / "bytes.npy", a);
  const Ran r = run(model + " --data " + (folder / "bytes.npy").string() +
                    " --json --limit 2 --starts 2 --no-certificates --out " + folder.path().string());
  REQUIRE(r.status == 0);
  CHECK_THAT(Json::parse(r.out)["training_error"]["hint"].get<std::string>(),
             Catch::Contains("run from 0 to 255") && Catch::Contains("[0, 1]"));
}

TEST_CASE("analyze says what is wrong", "[analyze][slow]") {
  const TempDir folder;
  const std::string other = (folder / "other.npy").string(), out = " --out " + folder.path().string();
  write_npy(other, NdArray<double>{{3, 5}, Vec<double>::Ones(15)});
  const auto fails = [&](const std::string& arguments, int status, const std::string& words) {
    const Ran r = run(arguments + out, true);
    INFO(arguments << ": " << r.out);
    CHECK(r.status == status);
    CHECK(r.out.find(words) != std::string::npos);
  };
  fails(model + " --data " + other, 1, "one sample has 5 numbers (1 x 1 x 5), but the network");
  fails(model + " --data " + other, 1, "takes 64, (1, 8, 8)");
  fails(model + " --data /no/such.npy", 1, "/no/such.npy: ");
  fails("/no/such.onnx --data " + samples, 1, "/no/such.onnx: ");
  fails(samples + " --data " + samples, 1, "memorizing.npy");
  fails(model + " --data " + samples + " --shape 3,8,8", 1, "--shape: 3 x 8 x 8 makes 192 numbers");
  fails(model, 2, "--data is required");
  fails(model + " --data " + samples + " --shape 1,2,3,4", 2, "--shape");
  fails(model + " --data " + samples + " --seed -1", 2, "--seed");
}

TEST_CASE("analyze looks at less of a network that takes many multiplications, and says so",
          "[analyze][slow]") {
  const TempDir folder;
  const Shape image{3, 32, 32}, wide{32, 32, 32};  // 11 million multiplications
  const auto conv = [](const Shape& in, Index channels) {
    return Conv2d<double>(in, {.out_channels = channels, .padding = Padding::all(1)});
  };
  const Chain net(conv(image, 32), Pointwise<double, Tanh>(wide), conv(wide, 32),
                  Pointwise<double, Tanh>(wide), conv(wide, 3));
  Model f(net, Vec<double>(net.param_size()));
  for (Index i = 0; i < f.theta.size(); ++i) f.theta[i] = 0.005 * std::sin(static_cast<double>(i));
  write_onnx(folder / "conv.onnx", f);
  const Index samples = 12, size = image.size();
  NdArray<double> data{{samples, 3, 32, 32}, Vec<double>(samples * size)};
  for (Index i = 0; i < data.values.size(); ++i)
    data.values[i] = 0.5 + 0.4 * std::cos(0.01 * static_cast<double>(i));
  write_npy(folder / "x.npy", data);
  const std::string command = (folder / "conv.onnx").string() + " --data " + (folder / "x.npy").string() +
                              " --json --out " + folder.path().string();
  const Ran r = run(command);
  REQUIRE(r.status == 0);
  const Json j = Json::parse(r.out);
  const std::string less = j["less_than_usual"];
  CHECK(less.find("the first 5 samples, 3 random starts of each kind") != std::string::npos);
  CHECK(less.find("verdicts by products with the Jacobian") != std::string::npos);
  CHECK(std::count(j["answers"].begin(), j["answers"].end(), less) == 1);
  CHECK(j["training_error"]["samples"] == 5);
  CHECK(j["training_error"]["samples_in_file"] == samples);
  CHECK(j["fixed_points"]["starts"]["examples"] == 5);
  CHECK(j["fixed_points"]["found"] == 1);  // it contracts
  CHECK(j["fixed_points"]["attracting"] == 1);

  const Json more = Json::parse(run(command + " --limit 7 --starts 4").out);
  CHECK(more["training_error"]["samples"] == 7);
  CHECK(more["basins"][0]["count"] == 4);
  CHECK(more["less_than_usual"].get<std::string>().find("samples") == std::string::npos);
}
