// How a program ends, and what it leaves.
#include <algorithm>  // std::max
#include <csignal>    // std::raise
#include <cstdlib>    // setenv, std::getenv, std::system

#include "basin/core/parallel.hpp"
#include "examples/trial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin::examples;

TEST_CASE("a program's exit status and JSON say how it ended", "[examples]") {
  TempDir dir;
  const std::string out = (dir / "new/out").string();
  const auto written = [&] { return from_json(file_text(out + "/trial.json"), "trial.json"); };
  std::string said;

  CHECK(run(
            {"--out", out, "--threads", "1", "--seed", "5"},
            [&](Program& p) {
              CHECK(contains(written().error, "did not run to its end"));  // so it would stand if killed here
              CHECK(p.seeds() == std::vector<std::uint64_t>{5, 6, 7});
              CHECK(basin::num_threads() == 1);
              p.claim(median_claim("good", "s", "1", {1}, {1, 1}));
              p.note("once");
              p.note("once");
            },
            &said) == all_in_band);
  CHECK(contains(said, "A trial"));
  CHECK(contains(said, "good"));
  CHECK(contains(said, "trial: of 1 statement of the paper 1 holds; of 1 promise 1 is kept"));
  CHECK(written().all_in_band());
  CHECK(written().notes.size() == 1);
  CHECK(written().seeds.size() == 3);
  CHECK(written().threads == 1);
  CHECK(written().command == "examples/reproduce --only trial --seed 5");

  CHECK(run({"--out", out}, [](Program& p) {
          p.claim(median_claim("bad", "s", "1", {2}, {1, 1}));
        }) == outside_band);
  CHECK(written().claims.at(0).id == "bad");

  CHECK(run(
            {"--out", out},
            [](Program& p) {
              p.claim(median_claim("first", "s", "1", {1}, {1, 1}));
              throw std::runtime_error("the loss is infinite");
            },
            &said) == failed);
  CHECK(contains(said, "trial: error: the loss is infinite"));
  CHECK(written().error == "the loss is infinite");
  CHECK(written().claims.size() == 1);
  CHECK(run({"--out", out}, [](Program&) { throw 1; }) == failed);

  CHECK(run(
            {"--out", out},
            [](Program& p) {
              p.claim(median_claim("before", "s", "1", {1}, {1, 1}));
              std::raise(SIGINT);
              if (interrupted()) return;
              p.claim(median_claim("after", "s", "1", {1}, {1, 1}));
            },
            &said) == was_interrupted);
  CHECK(contains(said, "interrupted"));
  CHECK(written().interrupted);
  CHECK(written().claims.size() == 1);
  CHECK(run({"--out", out}, [](Program&) { std::raise(SIGTERM); }) == was_interrupted);
  CHECK(run({"--out", out}, [](Program& p) {
          CHECK_FALSE(interrupted());
          p.note("again");
        }) == all_in_band);

  bool ran = false;
  CHECK(run({"--bogus"}, [&](Program&) { ran = true; }) == bad_usage);
  const auto file = write_file(dir / "file", bytes_of("x"));
  CHECK(run(
            {"--out", file.string()}, [&](Program&) { ran = true; }, &said) == failed);
  CHECK(contains(said, "--out " + file.string()));
  CHECK_FALSE(ran);

  std::size_t files = 0;  // nothing but the result is left
  for (const auto& entry : std::filesystem::directory_iterator(out))
    files += entry.path().filename() == "trial.json" ? 1 : 100;
  CHECK(files == 1);
}

TEST_CASE("without gnuplot a program goes on and says what to install", "[examples]") {
  TempDir dir;
  const char* was = std::getenv("PATH");
  const std::string path = was ? was : "";
  setenv("PATH", dir.path().c_str(), 1);
  const int status = run({"--out", dir.path().string()}, [](Program& p) {
    LinePlot plot;
    plot.series = {{"", {1, 2}, {1, 2}}};
    p.draw(plot, "a.png", "caption");
  });
  setenv("PATH", path.c_str(), 1);
  CHECK(status == all_in_band);
  const Result r = from_json(file_text(dir / "trial.json"), "trial.json");
  CHECK(r.figures.empty());
  CHECK(contains(r.notes.at(0), "a.png was not drawn: gnuplot is not installed"));
  CHECK(contains(r.notes.at(0), "gnuplot-nox"));
  CHECK(dir.count() == 1);
}

TEST_CASE("every paper program has a title that `examples/reproduce --list` can show", "[examples]") {
  const std::filesystem::path examples = std::filesystem::path(BASIN_EXAMPLE_DATA_DIR).parent_path();
  TempDir dir;
  const std::string command =
      "'" + (examples / "reproduce").string() + "' --list > '" + (dir / "list").string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  const std::string list = file_text(dir / "list");
  std::size_t programs = 0;
  for (const auto& file : std::filesystem::directory_iterator(examples / "paper")) {
    if (file.path().extension() != ".cpp") continue;
    ++programs;
    std::string start = file.path().stem().string();
    start.resize(std::max<std::size_t>(start.size(), 16), ' ');
    const std::size_t at = list.find(start);
    INFO(start << " in\n" << list);
    REQUIRE(at != std::string::npos);
    CHECK(list.find('\n', at) > at + 16 + 10);  // a title of more than a word
  }
  std::size_t names = 0, widest = 0, begin = 0;
  for (std::size_t end; (end = list.find('\n', begin)) != std::string::npos; begin = end + 1) {
    names += list[begin] != ' ';  // what a title has beyond 80 columns stands below it
    widest = std::max(widest, end - begin);
  }
  CHECK(names == programs);
  CHECK(widest <= 80);
}
