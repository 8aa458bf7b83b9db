// The public test cases of the ONNX project (Debian: libonnx-testdata): every one is read and computed, or
// refused with a reason that docs/onnx_cases.md lists.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "basin/io/onnx.hpp"
#include "onnx/tensors.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;
namespace fs = std::filesystem;

namespace {

const fs::path cases = "/usr/share/libonnx-testdata/data";

struct Verdict {
  bool passed = false;
  std::string reason;  // why not
};

/// The largest of |y - expected| / (1e-6 + 1e-5 |expected|); infinity where shapes differ.
double deviation(const Vec<double>& y, const Vec<double>& expected) {
  if (y.size() != expected.size()) return INFINITY;
  double worst = 0;
  for (Index i = 0; i < y.size(); ++i) {
    const double a = y[i], b = expected[i];
    if (std::isnan(a) && std::isnan(b)) continue;
    if (a == b) continue;
    const double d = std::abs(a - b) / (1e-6 + 1e-5 * std::abs(b));
    worst = std::isnan(d) ? INFINITY : std::max(worst, d);
  }
  return worst;
}

/// f of the samples of x, in C order with the batch in front.
Vec<double> values(const Model<Sequence<double>>& f, const OnnxInfo& info, const NdArray<double>& x) {
  const Index samples = info.has_batch ? x.shape.at(0) : 1;
  const Mat<double> columns = x.values.reshaped(x.values.size() / samples, samples);
  return f(columns).reshaped();
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& w : words) all += (all.empty() ? "" : ", ") + w;
  return all;
}

constexpr const char* head =
    "# ONNX's public test cases\n\n"
    "What `read_onnx` computes of the test cases that the ONNX project publishes (version 1.12, Debian's\n"
    "`libonnx-testdata`), each output within 1e-6 + 1e-5 |y| in double: first with the first axis of the "
    "input as\n"
    "the batch, then as one column. The first floating input is x, all others are held fixed. This page is "
    "made by\n"
    "`tests/onnx/test_conformance.cpp`, which fails when it is no longer true.\n\n"
    "| group | computed | of |\n|---|---|---|\n";

Verdict run(const fs::path& folder) {
  std::vector<TestTensor> inputs, outputs;
  for (int k = 0; fs::exists(folder / "test_data_set_0" / ("input_" + std::to_string(k) + ".pb")); ++k)
    inputs.push_back(read_test_tensor(folder / "test_data_set_0" / ("input_" + std::to_string(k) + ".pb")));
  outputs.push_back(read_test_tensor(folder / "test_data_set_0" / "output_0.pb"));
  const std::vector<std::string> names = free_inputs(folder / "model.onnx");
  if (inputs.size() != names.size()) return {false, "inputs that are no tensors"};
  std::size_t x = inputs.size();
  for (std::size_t k = inputs.size(); k-- > 0;)
    if (inputs[k].floating) x = k;
  if (x == inputs.size()) return {false, "no floating input"};
  if (inputs[x].array.values.size() == 0) return {false, "inputs without numbers"};
  if (!outputs[0].floating) return {false, "an output that is not floating"};

  OnnxOptions options;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (k == x) continue;
    if (!inputs[k].number) return {false, "inputs that are no numbers"};
    options.constants[names[k]] = inputs[k].array;
  }
  std::string reason;
  for (const auto batch : {OnnxOptions::Batch::automatic, OnnxOptions::Batch::none}) {
    options.batch = batch;
    try {
      OnnxInfo info;
      const auto f = read_onnx<double>(folder / "model.onnx", options, &info);
      if (info.has_batch && info.out_batch_axis != 0) continue;
      const double d = deviation(values(f, info, inputs[x].array), outputs[0].array.values);
      if (d <= 1) return {true, ""};
      std::ostringstream text;
      text << "WRONG by " << d;
      return {false, text.str()};
    } catch (const FileError& e) {
      reason = e.what();
    }
  }
  // The first problem, without the names of file and node.
  const auto begin = reason.find("\n  ");
  if (begin == std::string::npos) return {false, reason.substr(reason.find(": ") + 2)};
  reason = reason.substr(begin + 3);
  reason = reason.substr(0, reason.find('\n'));
  const auto op = reason.find('(');
  return {false, reason.substr(op + 1, reason.find(')') - op - 1) + reason.substr(reason.find("):") + 1)};
}

}  // namespace

TEST_CASE("ONNX's own test cases are computed or refused with a reason", "[onnx]") {
  if (!fs::exists(cases)) {
    WARN("no " << cases << ": the public test cases are not installed (Debian: libonnx-testdata)");
    SUCCEED();
    return;
  }
  std::map<std::string, int> passed;
  std::vector<std::string> wrong;
  std::string sections, summary;
  for (const std::string group : {"pytorch-converted", "pytorch-operator", "simple", "node"}) {
    std::set<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(cases / group)) folders.insert(entry.path());
    std::map<std::string, std::vector<std::string>> refused;
    for (const fs::path& folder : folders) {
      const Verdict v = run(folder);
      const std::string name = folder.filename().string().substr(5);  // behind "test_"
      if (v.passed)
        ++passed[group];
      else
        refused[v.reason].push_back(name);
      if (v.reason.starts_with("WRONG")) wrong.push_back(name + ": " + v.reason);
    }
    summary += text("| ", group, " | ", passed[group], " | ", folders.size(), " |\n");
    sections += text("\n## ", group, "\n\n| reason | number | cases |\n|---|---|---|\n");
    for (const auto& [reason, list] : refused)
      sections += text("| ", reason, " | ", list.size(), " | ", joined(list), " |\n");
  }
  for (const std::string& w : wrong) UNSCOPED_INFO(w);
  CHECK(wrong.empty());
  CHECK(passed["pytorch-converted"] >= 60);
  CHECK(passed["pytorch-operator"] >= 20);
  CHECK(passed["node"] >= 170);

  const std::string page = std::string(head) + summary + sections;
  const fs::path file = fs::path(__FILE__).parent_path() / "../../docs/onnx_cases.md";
  if (std::getenv("BASIN_WRITE_PAGES")) std::ofstream(file) << page;
  std::ifstream in(file);
  const std::string published{std::istreambuf_iterator<char>(in), {}};
  INFO("docs/onnx_cases.md is made by this test: run it with BASIN_WRITE_PAGES=1");
  const bool current = published == page;  // neither is printed: they are long
  CHECK(current);
}
