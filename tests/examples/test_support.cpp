// The conveniences of the paper programs: claims and their JSON, progress, command line, data, pictures,
// report.
#include <cmath>    // std::isnan, std::floor
#include <csignal>  // std::raise
#include <cstdlib>  // setenv
#include <limits>   // std::numeric_limits
#include <set>      // std::set
#include <sstream>  // std::istringstream

#include <fcntl.h>     // open
#include <sys/wait.h>  // waitpid
#include <unistd.h>    // dup, dup2, fork, usleep

#include "basin/core/parallel.hpp"
#include "basin/io/png.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/html.hpp"
#include "support/paper_places.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

using namespace basin::examples;
using basin::Index;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 inf = std::numeric_limits<double>::infinity();

/// Sends the process's stdout and stderr to a file while it lives.
class Captured {
 public:
  explicit Captured(const std::filesystem::path& file) : file_(file) {
    std::fflush(nullptr);
    const int to = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (const int fd : {1, 2}) {
      saved_.push_back(dup(fd));
      dup2(to, fd);
    }
    close(to);
  }
  ~Captured() { end(); }
  std::string end() {
    std::fflush(nullptr);
    for (std::size_t k = 0; k < saved_.size(); ++k) {
      dup2(saved_[k], static_cast<int>(k) + 1);
      close(saved_[k]);
    }
    saved_.clear();
    const basin::Bytes bytes = basin::read_plain_bytes(file_);
    return {bytes.begin(), bytes.end()};
  }

 private:
  std::filesystem::path file_;
  std::vector<int> saved_;
};

std::string file_text(const std::filesystem::path& file) {
  const basin::Bytes bytes = basin::read_plain_bytes(file);
  return {bytes.begin(), bytes.end()};
}

/// Runs `body` as the program "trial" with these arguments; what it printed is in `said`.
int run(std::vector<std::string> arguments, const std::function<void(Program&)>& body,
        std::string* said = nullptr) {
  arguments.insert(arguments.begin(), "trial");
  std::vector<const char*> argv;
  for (const std::string& a : arguments) argv.push_back(a.c_str());
  TempDir output;
  Captured captured(output / "said");
  const int status =
      run_program("trial", "A trial", {3, 10}, static_cast<int>(argv.size()), argv.data(), body);
  const std::string all = captured.end();
  if (said) *said = all;
  return status;
}

Options parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "trial");
  return parse_options("trial", "A trial", {3, 10}, static_cast<int>(arguments.size()), arguments.data());
}

Usage refused(const std::vector<const char*>& arguments) {
  try {
    parsed(arguments);
  } catch (const Usage& usage) {
    return usage;
  }
  return {-1, "accepted"};
}

Result sample_result() {
  Result r;
  r.name = "figure_0";
  r.title = "A title with \"quotes\" & <tags>";
  r.seconds = 12.5;
  r.claims = {median_claim("a", "statement", "all of 100", {57, 63, 55}, at_least(55), " of 100", "a note"),
              yes_no_claim("b", "second", "yes", "no", false)};
  r.figures = {{"figure_0.png", "a caption"}};
  r.data = "none";
  r.command = "examples/reproduce --only figure_0";
  r.date = "2024-01-02T03:04:05Z";
  r.seeds = {7, 8, 9};
  r.threads = 2;
  r.notes = {"something to know"};
  return r;
}

}  // namespace

TEST_CASE("numbers, summaries and bands read well", "[examples]") {
  CHECK(number(0.91234) == "0.912");
  CHECK(number(1.23456e-9) == "1.23e-09");
  CHECK(number(5041) == "5041");
  CHECK(number(5041.7) == "5042");
  CHECK(number(-2) == "-2");
  CHECK(number(not_a_number) == "not a number");
  CHECK(number(-inf) == "-infinite");
  CHECK(summary({89.5}, "%") == "89.5%");
  CHECK(summary({89.5, 85.5, 91}, "%") == "89.5% [85.5, 91] over 3 seeds");
  CHECK(summary({58, 63, 55, 60}, " of 100") == "59 of 100 [55, 63] over 4 seeds");
  CHECK(contains(summary({1, not_a_number}), "1 of 2 seeds gave no number"));
  CHECK(band_text(at_least(55), " of 100") == "at least 55 of 100");
  CHECK(band_text(at_most(1e-12)) == "at most 1e-12");
  CHECK(band_text({0.5, 2}) == "between 0.5 and 2");
  CHECK(band_text({1, 1}) == "exactly 1");
  CHECK(band_text(Band{}) == "nothing promised");
}

TEST_CASE("a band that no number can miss promises nothing", "[examples]") {
  const Claim any = median_claim("a", "", "1", {3}, Band{});
  CHECK(any.state() == ClaimState::nothing_promised);
  CHECK_FALSE(any.judged);
  CHECK(any.band == "nothing promised");
  CHECK(median_claim("a", "", "1", {3}, Band{0, 100}, "%").state() == ClaimState::nothing_promised);
  CHECK(median_claim("a", "", "1", {3}, Band{-2, 112}, " %").state() == ClaimState::nothing_promised);
  CHECK(median_claim("a", "", "1", {3}, Band{0, 100}).state() == ClaimState::kept);  // no percentage
  CHECK(median_claim("a", "", "1", {3}, Band{1, 100}, "%").state() == ClaimState::kept);
  CHECK(median_claim("a", "", "1", {0.5}, Band{1, 100}, "%").state() == ClaimState::outside);
  // The paper's sentence is judged all the same where a bound for it is named.
  const Claim contested = contested_claim("a", "", "all", {60}, at_least(75), Band{}, "%");
  CHECK(contested.state() == ClaimState::nothing_promised);
  CHECK(contested.judged);
  CHECK_FALSE(contested.holds);
  Result r = sample_result();
  r.claims = {any, contested, median_claim("nan", "", "1", {not_a_number}, Band{})};
  CHECK(r.all_in_band());
  CHECK(r.tally().kept == 0);
  CHECK(r.tally().nothing_promised == 3);
}

TEST_CASE("claims of the paper, claims of ours and regression guards are counted apart", "[examples]") {
  Result r = sample_result();  // one that holds, one that does not and lies outside
  r.claims.push_back(contested_claim("c", "", "all", {15}, at_least(75), Band{5, 45}, "%"));
  r.claims.push_back(guard_claim("d", "", no_paper, {3}, at_least(2)));
  r.claims.push_back(guard_claim("e", "", no_paper, {1}, at_least(2)));
  r.claims.push_back(median_claim("f", "", no_paper, {1}, at_least(1)));
  r.claims.push_back(guard_claim("g", "", "4", {1}, Band{}));
  const Tally t = r.tally();
  CHECK(t.paper.hold == 1);
  CHECK(t.paper.fail == 2);
  CHECK(t.paper.not_judged == 1);
  CHECK(t.ours.hold == 1);
  CHECK(t.ours.fail == 0);
  CHECK(t.ours.not_judged == 2);
  CHECK(t.kept == 4);
  CHECK(t.outside == 2);
  CHECK(t.nothing_promised == 1);
  CHECK(t.guards == 3);
  CHECK(t.all() == r.claims.size());
  CHECK(tally_text(t) ==
        "of 4 statements of the paper 1 holds, 2 do not and 1 is measured only; of 3 statements of ours 1 "
        "holds "
        "and 2 are measured only; of 6 promises 4 are kept (3 of the 6 are regression guards); of 1 number "
        "nothing is promised");
  CHECK(tally_text({}) == "no claims");
  Tally measured;
  measured.ours.not_judged = 14;
  CHECK(tally_text(measured) == "14 statements of ours are measured only");
  Tally twice = t;
  twice += t;
  CHECK(twice.all() == 2 * t.all());
  CHECK(twice.guards == 6);
  const Result back = from_json(to_json(r), "x");
  CHECK(tally_text(back.tally()) == tally_text(t));
  CHECK(back.claims[2].promise == Promise::guard);
  CHECK(contains(error_of([] {
                   from_json(R"({"name": "a", "claims": [{"id": "b", "holds": true, "promise": "x"}]})", "f");
                 }),
                 "claims[0]: promise: expected statement, regression guard or nothing, found \"x\""));
}

TEST_CASE("a claim that does not come out may still lie in the band we promise", "[examples]") {
  const Claim c = contested_claim("a", "", "all", {15, 17, 28}, at_least(75), Band{5, 45}, "%");
  CHECK_FALSE(c.holds);
  CHECK(c.in_band);
  CHECK(c.band == "between 5 and 45%");
  CHECK_FALSE(contested_claim("a", "", "all", {60}, at_least(75), Band{5, 45}).in_band);
  CHECK(contested_claim("a", "", "all", {80}, at_least(75), Band{5, 45}).holds);
  Result r = sample_result();
  r.claims = {c};
  CHECK(from_json(to_json(r), "x").claims.at(0).in_band);
  CHECK_FALSE(from_json(to_json(r), "x").claims.at(0).holds);
}

TEST_CASE("a claim holds if the median of its values lies in its band", "[examples]") {
  CHECK(median_claim("a", "", "", {54, 55, 100}, at_least(55)).holds);
  CHECK_FALSE(median_claim("a", "", "", {54, 54, 100}, at_least(55)).holds);
  CHECK_FALSE(median_claim("a", "", "", {60, not_a_number, 100}, at_least(55)).holds);
  CHECK(median_claim("a", "", "", {1e-13}, at_most(1e-12)).holds);
  CHECK_FALSE(median_claim("a", "", "", {inf}, {0, 1}).holds);
  Result r = sample_result();
  CHECK(r.tally().paper.hold == 1);
  CHECK_FALSE(r.all_in_band());
  r.claims[1].in_band = true;
  CHECK(r.all_in_band());
  CHECK(r.tally().paper.hold == 1);
  r.interrupted = true;
  CHECK_FALSE(r.all_in_band());
}

TEST_CASE("a result goes to JSON and back", "[examples]") {
  Result r = sample_result();
  r.claims[1].values = {1, not_a_number, -inf};
  r.interrupted = true;
  r.error = "it stopped";
  const Result s = from_json(to_json(r), "x.json");
  CHECK(s.name == r.name);
  CHECK(s.title == r.title);
  CHECK(s.mode == r.mode);
  CHECK(s.seconds == r.seconds);
  CHECK(s.data == r.data);
  CHECK(s.command == r.command);
  CHECK(s.date == r.date);
  CHECK(s.seeds == r.seeds);
  CHECK(s.threads == r.threads);
  CHECK(s.interrupted);
  CHECK(s.error == r.error);
  CHECK(s.notes == r.notes);
  REQUIRE(s.figures.size() == 1);
  CHECK(s.figures[0].file == "figure_0.png");
  CHECK(s.figures[0].caption == "a caption");
  REQUIRE(s.claims.size() == 2);
  CHECK(s.claims[0].id == "a");
  CHECK(s.claims[0].statement == "statement");
  CHECK(s.claims[0].paper == "all of 100");
  CHECK(s.claims[0].measured == "57 of 100 [55, 63] over 3 seeds");
  CHECK(s.claims[0].values == std::vector<double>{57, 63, 55});
  CHECK(s.claims[0].band == "at least 55 of 100");
  CHECK(s.claims[0].holds);
  CHECK(s.claims[0].note == "a note");
  CHECK_FALSE(s.claims[1].holds);
  REQUIRE(s.claims[1].values.size() == 3);  // what is not finite has no JSON of its own
  CHECK(std::isnan(s.claims[1].values[1]));
  CHECK(std::isnan(s.claims[1].values[2]));
}

TEST_CASE("the design's own example of a result is read", "[examples]") {
  const Result r = from_json(R"({"name": "table_2", "mode": "full", "seconds": 12.3, "claims": [
      {"id": "4x4-1-29", "statement": "...", "paper": "1, [<1e-3]", "measured": "1.0000, [<5e-5]",
       "values": [1.0], "band": "...", "holds": true, "note": "..."}], "figures": ["table_2.png"]})",
                             "table_2.json");
  CHECK(r.name == "table_2");
  CHECK(r.all_in_band());
  CHECK(r.figures.at(0).caption.empty());
}

TEST_CASE("JSON that is no result is refused with the place", "[examples]") {
  const auto problem = [](const std::string& json) { return error_of([&] { from_json(json, "f.json"); }); };
  CHECK(contains(problem("{\"name\": \"a\""), "f.json: offset 13: the report is not JSON"));
  CHECK(contains(problem("[]"), "f.json: expected an object, found []"));
  CHECK(contains(problem("{}"), "f.json: has no \"name\", expected text"));
  CHECK(contains(problem(R"({"name": 3})"), "f.json: name: expected text, found 3"));
  CHECK(contains(problem(R"({"name": "a", "claims": 3})"), "f.json: claims: expected a list, found 3"));
  CHECK(contains(problem(R"({"name": "a", "claims": [{"id": "b"}]})"), "claims[0]: has no \"holds\""));
  CHECK(contains(problem(R"({"name": "a", "claims": [{"id": "b", "holds": "yes"}]})"),
                 "f.json: claims[0]: holds: expected true or false, found \"yes\""));
  CHECK(contains(problem(R"({"name": "a", "claims": [{"id": "b", "holds": true, "values": [1, "x"]}]})"),
                 "values[1]: expected a number, found \"x\""));
  CHECK(contains(problem(R"({"name": "a", "figures": [7]})"), "figures[0]: expected text"));
  CHECK(contains(problem(R"({"name": "a", "threads": -1})"), "threads"));
  CHECK(contains(problem(R"({"name": "a", "seeds": [-1]})"), "seeds[0]"));
  CHECK(contains(problem(R"({"name": "a", "captions": []})"), "captions"));
}

TEST_CASE("text that is no UTF-8 does not keep a result from being written", "[examples]") {
  Result r = sample_result();
  r.notes = {"a byte \xff and a cut character \xe2\x82"};
  CHECK(contains(from_json(to_json(r), "x").notes.at(0), "a byte \xef\xbf\xbd and"));
}

TEST_CASE("the table of claims fits its width and shows all columns", "[examples]") {
  std::vector<Claim> claims = sample_result().claims;
  claims[0].measured =
      "a long text with many words that surely must be wrapped into several lines of the table";
  const std::string table = claims_table(claims, 80);
  std::size_t longest = 0, start = 0;
  for (std::size_t end; (end = table.find('\n', start)) != std::string::npos; start = end + 1)
    longest = std::max(longest, end - start);
  CHECK(longest <= 80);
  for (const char* part :
       {"claim", "paper", "measured", "band", "holds", "all of 100", "several", "NO", "yes", "a: a note"}) {
    INFO(part);
    CHECK(contains(table, part));
  }
  CHECK(claims_table({}, 80).find('\n') != std::string::npos);
}

TEST_CASE("a line of progress gives up its detail before anything else", "[examples]") {
  CHECK(progress_line("3a", 0.42, "epoch 12", 185, 80) == "3a  42%  epoch 12  3 min 05 s left");
  CHECK(progress_line("3a", 0.42, "epoch 12", -1, 80) == "3a  42%  epoch 12");
  CHECK(progress_line("3a", 0.999, "", 3, 80) == "3a  99%  3 s left");
  CHECK(progress_line("3a", 1, "", 0, 80) == "3a  100%  0 s left");
  CHECK(progress_line("3a", 0.42, "epoch 12  loss 3.1e-06", 185, 35) ==
        "3a  42%  epoch 1..  3 min 05 s left");
  for (std::size_t width = 0; width < 60; ++width)
    CHECK(progress_line("3a, seed 0", 0.5, "epoch 12  loss 3.1e-06", 7300, width).size() <= width);
  CHECK(duration(0) == "0 s");
  CHECK(duration(59.6) == "1 min 00 s");
  CHECK(duration(7800) == "2 h 10 min");
}

TEST_CASE("progress of training is the larger share of epochs and of the loss's logarithm", "[examples]") {
  CHECK(std::abs(training_fraction(1e-4, 1, 1e-8, 10, 100) - 0.5) <= 1e-14);
  CHECK(training_fraction(1e-1, 1, 1e-8, 50, 100) == 0.5);
  CHECK(training_fraction(1e-9, 1, 1e-8, 0, 100) == 1);
  CHECK(training_fraction(0.5, 1, 0, 25, 100) == 0.25);
  CHECK(training_fraction(not_a_number, 1, 1e-8, 25, 100) == 0.25);
  CHECK(training_fraction(inf, 1, 1e-8, 0, 0) == 0);
}

TEST_CASE("progress writes when it is due and not again before", "[examples]") {
  double clock = 100;
  std::string written;
  int details = 0;
  const auto output = [&](bool terminal) {
    return ProgressOutput{terminal, [] { return 40; }, [&] { return clock; },
                          [&](const std::string& s) { written += s; }};
  };
  const auto detail = [&] {
    ++details;
    return "epoch 12  loss 3.1e-06  rate 1.7e-03";
  };
  SECTION("on a terminal one line is rewritten and removed in the end") {
    {
      Progress p("3a", output(true));
      p.update(0.1, detail);
      CHECK(written.empty());
      clock += 10;
      p.update(0.5, detail);
      CHECK(written == "\r3a  50%  epoch 12  loss 3...  10 s left\x1b[K");
      p.update(0.5, detail);
      CHECK(details == 1);
      clock += 10;
      p.update(0.25, detail);  // never backwards
      CHECK(contains(written, "50%  epoch 12  loss 3...  20 s left"));
    }
    CHECK(written.substr(written.size() - 4) == "\r\x1b[K");
  }
  SECTION("elsewhere a line comes every 5 s") {
    {
      Progress p("3a", output(false));
      for (int tenths = 0; tenths < 119; ++tenths) {
        clock += 0.1;
        p.update(tenths / 120., detail);
      }
    }
    CHECK(details == 2);
    CHECK(std::count(written.begin(), written.end(), '\n') == 2);
    CHECK(written.find('\r') == std::string::npos);
    CHECK(written.find("left") != std::string::npos);
  }
  SECTION("short work says nothing") {
    {
      Progress p("3a", output(false));
      clock += 4.9;
      p.update(0.9, "almost");
    }
    CHECK(written.empty());
  }
}

TEST_CASE("the command line is read", "[examples]") {
  const Options o = parsed({});
  CHECK_FALSE(o.full);
  CHECK(o.data.empty());
  CHECK(o.out == "out");
  CHECK(o.threads == 0);
  CHECK(o.seed == 0);
  CHECK(o.seeds == 3);
  const Options p =
      parsed({"--full", "--data", "d", "--out=o", "--threads", "2", "--seed", "18446744073709551615"});
  CHECK(p.full);
  CHECK(p.data == "d");
  CHECK(p.out == "o");
  CHECK(p.threads == 2);
  CHECK(p.seed == std::numeric_limits<std::uint64_t>::max());
  CHECK(p.seeds == 10);
  CHECK(parsed({"--quick", "--seeds", "1"}).seeds == 1);
}

TEST_CASE("a bad command line is refused with status 2 and help has status 0", "[examples]") {
  const std::vector<std::vector<const char*>> bad = {{"--bogus"},
                                                     {"word"},
                                                     {"--quick", "--full"},
                                                     {"--threads", "0"},
                                                     {"--threads", "-1"},
                                                     {"--threads", "x"},
                                                     {"--seed", "-1"},
                                                     {"--seed", "1.5"},
                                                     {"--seed"},
                                                     {"--seeds", "0"},
                                                     {"--data", ""},
                                                     {"--out", ""},
                                                     {"--seed", "18446744073709551616"}};
  for (const auto& arguments : bad) {
    const Usage usage = refused(arguments);
    INFO(arguments[0] << (arguments.size() > 1 ? arguments[1] : "") << ": " << usage.text);
    CHECK(usage.status == 2);
    CHECK(usage.text.substr(0, 7) == "trial: ");
    CHECK(contains(usage.text, "trial --help"));
  }
  CHECK(contains(refused({"--bogus"}).text, "--bogus"));
  CHECK(contains(refused({"--threads", "0"}).text, "--threads"));
  for (const char* help : {"-h", "--help"}) {
    const Usage usage = refused({help});
    CHECK(usage.status == 0);
    for (const char* option :
         {"--quick", "--full", "--data", "--out", "--threads", "--seed", "--seeds", "A trial"})
      CHECK(contains(usage.text, option));
    std::istringstream lines(usage.text);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
  }
  CHECK(narrow_help("  --x N                       " + std::string(45, 'a') + " " + std::string(10, 'b') +
                    "\n") == "  --x N                       " + std::string(45, 'a') + "\n" +
                                 std::string(30, ' ') + std::string(10, 'b') + "\n");
}

TEST_CASE("the command that makes a result again names what is not the default", "[examples]") {
  const SeedCount count{3, 10};
  CHECK(reproduce_command("figure_3", parsed({"--threads", "2", "--out", "x"}), count) ==
        "examples/reproduce --only figure_3");
  CHECK(reproduce_command("figure_3", parsed({"--full", "--seed", "4", "--seeds", "2"}), count) ==
        "examples/reproduce --only figure_3 --full --seed 4 --seeds 2");
  CHECK(reproduce_command("a", parsed({"--data", "my mnist's"}), count) ==
        "examples/reproduce --only a --data 'my mnist'\\''s'");
}

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

TEST_CASE("progress is silent once the program was interrupted", "[examples]") {
  TempDir dir;
  std::string written;
  double clock = 0;
  run({"--out", dir.path().string()}, [&](Program&) {
    Progress p("3a", {true, [] { return 80; }, [&] { return clock += 1; },
                      [&](const std::string& s) { written += s; }});
    p.update(0.1, "before");
    std::raise(SIGINT);
    p.update(0.2, "after");
  });
  CHECK(contains(written, "before"));
  CHECK_FALSE(contains(written, "after"));
}

TEST_CASE("the embedded images are two disjoint pools, the same every time", "[examples]") {
  const ImageData a = find_images(""), b = find_images("");
  CHECK(a.name == "Fashion-MNIST");
  CHECK(contains(a.description, "500 embedded images"));
  REQUIRE(a.train.count() == 300);
  REQUIRE(a.test.count() == 200);
  CHECK(a.train.shape == basin::Shape{1, 28, 28});
  CHECK((a.train.pixels.array() == b.train.pixels.array()).all());
  CHECK((a.test.pixels.array() == b.test.pixels.array()).all());
  std::set<std::vector<unsigned char>> different;
  for (const auto* pool : {&a.train, &a.test})
    for (Index k = 0; k < pool->count(); ++k)
      different.insert({pool->pixels.col(k).data(), pool->pixels.col(k).data() + 784});
  CHECK(different.size() == 500);

  const basin::Mat<double> x = choose_images<double>(a.train, 20, 3),
                           y = choose_images<double>(a.train, 100, 3);
  CHECK((x.array() == y.leftCols(20).array()).all());
  CHECK(x.minCoeff() == 0);
  CHECK(x.maxCoeff() <= 1);
  CHECK(x.maxCoeff() > 0.9);
  CHECK((x.array() != choose_images<double>(a.train, 20, 4).array()).any());
  const std::vector<Index> all = choose(a.train, 300, 0);
  CHECK(std::set<Index>(all.begin(), all.end()).size() == 300);
  CHECK(contains(error_of([&] { choose(a.train, 301, 0); }), "choose: n must be within 1 .. 300"));
}

TEST_CASE("--data takes MNIST's files, names other images for what they are and refuses the rest",
          "[examples]") {
  TempDir dir;
  const auto idx = [](unsigned char count, unsigned char side) {
    std::string bytes{0, 0, 8, 3,
                      0, 0, 0, static_cast<char>(count),
                      0, 0, 0, static_cast<char>(side),
                      0, 0, 0, static_cast<char>(side)};
    for (int i = 0; i < count * side * side; ++i) bytes += static_cast<char>(i);
    return bytes_of(bytes);
  };
  const auto problem = [&] { return error_of([&] { find_images(dir.path().string()); }); };
  CHECK(contains(problem(), "t10k-images-idx3-ubyte.gz"));
  CHECK(contains(problem(), "--data expects a folder with MNIST's original"));
  write_file(dir / "train-images-idx3-ubyte", idx(5, 3));
  CHECK(contains(problem(), "t10k-images-idx3-ubyte"));
  write_file(dir / "t10k-images-idx3-ubyte", idx(2, 3));
  const ImageData data = find_images(dir.path().string());
  CHECK(data.train.count() == 5);
  CHECK(data.test.count() == 2);
  CHECK(data.name == "images of other origin");
  CHECK(contains(data.description, "not the original MNIST from " + dir.path().string()));
  write_file(dir / "t10k-images-idx3-ubyte", idx(2, 4));
  CHECK(contains(problem(), "test images 1 x 4 x 4"));
  write_file(dir / "t10k-images-idx3-ubyte", idx(0, 3));
  CHECK(contains(problem(), "at least one of each"));
  write_file(dir / "t10k-images-idx3-ubyte", bytes_of("nothing like an IDX file"));
  CHECK(contains(problem(), "magic"));
  CHECK(contains(error_of([] { find_images("/no/such/folder"); }), "no such folder"));
}

TEST_CASE("pictures are drawn whole or not at all", "[examples]") {
  TempDir dir;
  LinePlot lines;
  lines.title = "It's a 'title' with `backquotes`, \"quotes\", \\ and {braces}_x";
  lines.x_label = "x";
  lines.y_label = "y";
  lines.series = {{"a", {1, 2, 3, 4}, {1, not_a_number, 1e-8, 0}}, {"b", {1}, {0.5}}};
  lines.log_y = true;
  lines.horizontal = {{1e-9, "goal"}, {-1, "not on this axis"}};
  lines.vertical = {{2.5, "here"}};
  Histogram histogram;
  histogram.groups = {{"a", {1, 1, 2, inf}}, {"b", {1.5, not_a_number}}};
  ImageTable table("Images", {1, 2, 3}, {"start", "end"});
  basin::Mat<double> row(6, 2);
  row << 0, 1, 0.2, 1, 0.4, 1, 0.6, 1, 0.8, 1, 1, not_a_number;
  table.add_row("first", row);
  table.add_row("second", basin::Mat<float>(row.cast<float>() * 0.5f));

  const Drawn drawn = draw(lines, dir / "lines.png");
  INFO(drawn.problem);
  REQUIRE(drawn);
  const basin::Picture picture = basin::read_png(dir / "lines.png");
  CHECK(picture.width == 900);
  CHECK(picture.height == 560);
  CHECK(picture.at(0, 0) == basin::Rgb{255, 255, 255});
  std::set<basin::Rgb> colours;
  for (Index i = 0; i < picture.height; ++i)
    for (Index j = 0; j < picture.width; ++j) colours.insert(picture.at(i, j));
  CHECK(colours.count({0x00, 0x72, 0xb2}) == 1);  // the first series is there
  CHECK(colours.count({0xd5, 0x5e, 0x00}) == 1);  // and the second, one point
  REQUIRE(draw(histogram, dir / "histogram.png"));
  REQUIRE(draw(table, dir / "it's a table.png"));

  // Images are shown pixel for pixel: all of them are found in the picture at its right end, magnified.
  const basin::Picture t = basin::read_png(dir / "it's a table.png");
  const Index m = 36, gap = 6, edge = 14, left = t.width - edge - 2 * 3 * m - gap;
  const Index top = t.height - edge - 2 * 2 * m - gap;
  for (Index cell = 0; cell < 4; ++cell)
    for (Index i = 0; i < 2 * m; ++i)
      for (Index j = 0; j < 3 * m; ++j) {
        const double v = row(i / m * 3 + j / m, cell % 2) * (cell < 2 ? 1 : 0.5);
        const auto level =
            static_cast<unsigned char>(std::isnan(v) ? 0 : std::floor(255 * static_cast<float>(v) + 0.5));
        const basin::Rgb expected = std::isnan(v) ? basin::nan_colour : basin::Rgb{level, level, level};
        if (t.at(top + cell / 2 * (2 * m + gap) + i, left + cell % 2 * (3 * m + gap) + j) != expected)
          FAIL("cell " << cell << " pixel " << i << ", " << j);
      }
  CHECK(dir.count() == 3);

  CHECK(contains(error_of([] { (void)draw(LinePlot{}, "x.png"); }), "series must not be empty"));
  lines.series[0].y.pop_back();
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "series \"a\" has 4 x and 3 y"));
  CHECK(contains(error_of([&] { table.add_row("third", basin::Mat<float>(6, 3)); }),
                 "has 3 images for 2 column titles"));
  CHECK(contains(error_of([&] { table.add_row("third", basin::Mat<float>(5, 2)); }),
                 "have 5 rows, expected 6"));
  lines.series = {{"a", {1, 2}, {not_a_number, -1}}};
  lines.vertical.clear();
  CHECK(contains(draw(lines, dir / "x.png").problem, "no point that could be shown"));
  CHECK(contains(draw(histogram, dir / "no/such/folder/x.png").problem, "no/such/folder"));
  CHECK(dir.count() == 3);
}

TEST_CASE("a process that is killed while it draws leaves no file but the picture", "[examples]") {
  const TempDir dir;
  LinePlot plot;
  plot.series = {{"", {1, 2}, {1, 2}}};
  for (const useconds_t moment : {1000u, 4000u, 10'000u, 20'000u, 40'000u, 80'000u}) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
      for (;;) (void)draw(plot, dir / "a.png");
    usleep(moment);
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, nullptr, 0) == child);
  }
  REQUIRE(draw(plot, dir / "a.png"));
  CHECK(dir.count() == 1);
}

TEST_CASE("a cobweb goes between the graph and the diagonal", "[examples]") {
  const Series s = cobweb("orbit", {1, 0.5, 0.25, inf, 0});
  CHECK(s.x == std::vector<double>{1, 1, 0.5, 0.5, 0.25});
  CHECK(s.y == std::vector<double>{1, 0.5, 0.5, 0.25, 0.25});  // and not to infinity
  CHECK(cobweb("", {2}).x == std::vector<double>{2});
  CHECK(contains(error_of([] { (void)cobweb("none", {}); }), "at least its start (\"none\")"));
}

namespace {
/// How many pixels have this colour.
Index count_pixels(const basin::Picture& picture, const basin::Rgb& colour, Index from, Index to) {
  Index count = 0;
  for (Index i = 0; i < picture.height; ++i)
    for (Index j = from; j < to; ++j) count += picture.at(i, j) == colour ? 1 : 0;
  return count;
}
}  // namespace

TEST_CASE("panels show each plot in its place, points in space within their ranges", "[examples]") {
  TempDir dir;
  const basin::Rgb blue{0x00, 0x72, 0xb2}, vermilion{0xd5, 0x5e, 0x00};
  Panels<LinePlot> lines{.title = "two panels", .plots = {}, .columns = 2, .width = 900, .height = 400};
  lines.plots.push_back({.title = "left",
                         .x_label = "x",
                         .y_label = "y",
                         .series = {{.name = "", .x = {0, 1}, .y = {0, 1}, .color = 0, .weight = 3}},
                         .x_range = Extent{0, 1},
                         .y_range = Extent{0, 1},
                         .square = true});
  lines.plots.push_back(lines.plots[0]);
  lines.plots[1].series[0].color = 1;
  lines.plots[1].series[0].style = Series::Style::stars;
  const Drawn drawn = draw(lines, dir / "lines.png");
  INFO(drawn.problem);
  REQUIRE(drawn);
  const basin::Picture l = basin::read_png(dir / "lines.png");
  CHECK(l.width == 900);
  // Ticks where they are asked for, with their numbers and grid lines: one is less ink than the six of
  // gnuplot's choice.
  const auto ink = [](const basin::Picture& p, Index from, Index to) {
    return p.height * (to - from) - count_pixels(p, {255, 255, 255}, from, to);
  };
  lines.plots[0].x_ticks = {0.3};
  REQUIRE(draw(lines, dir / "lines.png"));
  const basin::Picture ticks = basin::read_png(dir / "lines.png");
  CHECK(ink(ticks, 0, 450) < ink(l, 0, 450) - 500);
  CHECK(ink(ticks, 450, 900) == ink(l, 450, 900));
  lines.plots[0].x_ticks = {};
  CHECK(count_pixels(l, blue, 0, 450) > 100);
  CHECK(count_pixels(l, blue, 450, 900) == 0);
  CHECK(count_pixels(l, vermilion, 0, 450) == 0);
  CHECK(count_pixels(l, vermilion, 450, 900) > 10);

  SpacePlot space{.title = "space",
                  .x_label = "x",
                  .y_label = "y",
                  .z_label = "z",
                  .groups = {{.name = "inside", .x = {0.5}, .y = {0.5}, .z = {0.5}, .color = 0, .size = 4}},
                  .x_range = {0, 1},
                  .y_range = {0, 1},
                  .z_range = {0, 1}};
  REQUIRE(draw(space, dir / "space.png"));
  const auto of_group = [&] {
    const basin::Picture p = basin::read_png(dir / "space.png");
    return count_pixels(p, blue, 0, p.width);
  };
  const Index inside = of_group();
  CHECK(inside > 20);  // the point, and its mark in the legend
  for (const double away : {2., not_a_number, inf}) {
    space.groups[0].z = {away};
    REQUIRE(draw(space, dir / "space.png"));
    CHECK(of_group() < inside);  // the mark alone
  }
  REQUIRE(
      draw(Panels<SpacePlot>{.title = "", .plots = {space, space, space}, .columns = 2}, dir / "three.png"));
  CHECK(dir.count() == 3);

  CHECK(
      contains(error_of([&] { (void)draw(Panels<LinePlot>{}, dir / "x.png"); }), "plots must not be empty"));
  lines.columns = 0;
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "columns must be >= 1, got 0"));
  lines.columns = 2;
  lines.plots[1].series[0].y = {not_a_number, inf};
  CHECK(contains(draw(lines, dir / "x.png").problem, "panel \"left\": there is no point"));
  lines.plots[1].series[0].weight = 0;
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "weight > 0, got 0"));
  lines.plots[0].x_range = Extent{1, 1};
  CHECK(contains(error_of([&] { (void)draw(lines, dir / "x.png"); }), "ranges must have low < high"));
  space.groups[0].z.clear();
  CHECK(contains(error_of([&] { (void)draw(space, dir / "x.png"); }), "has 1 x, 1 y and 0 z"));
  space.y_range = {1, 0};
  CHECK(contains(error_of([&] { (void)draw(space, dir / "x.png"); }), "ranges must have low < high"));
  space.groups.clear();
  CHECK(contains(error_of([&] { (void)draw(space, dir / "x.png"); }), "groups must not be empty"));
  CHECK(dir.count() == 3);
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

TEST_CASE("the report shows every result and survives what is broken or hostile", "[examples]") {
  TempDir dir;
  const auto put = [&](const std::string& name, const std::string& content) {
    write_file(dir / name, bytes_of(content));
  };
  Result good = sample_result();
  good.claims[0].statement = "<script>alert('x')</script> & \"more\"";
  good.figures = {
      {"ok.png", "a \"caption\" <b>"}, {"missing.png", ""}, {"../secret.png", ""}, {"text.png", ""}};
  basin::write_png(dir / "ok.png", basin::Picture(3, 2, {1, 2, 3}));
  put("text.png", "no picture");
  put("figure_10.json", to_json(good));
  good.title = "The second figure";
  good.claims.pop_back();
  good.figures.clear();
  put("figure_2.json", to_json(good));
  good.interrupted = true;
  good.title = "The cut one";
  put("theorem_1.json", to_json(good));
  good.interrupted = false;
  good.error = "<i>diverged</i>";
  put("theorem_2.json", to_json(good));
  put("broken.json", "{\"name\": \"<b>broken</b>");
  put("empty.json", "");
  put("wrong.json", R"({"name": "wrong", "claims": [{"id": "<u>", "holds": 1}]})");
  std::filesystem::create_directory(dir / "folder.json");

  const auto page_file = write_report(dir.path(), {"theorem_1", "figure_2"});
  CHECK(page_file == dir / "report.html");
  const std::string page = file_text(page_file);
  // The page's own script is the only one.
  CHECK(page.find("<script") == page.rfind("<script"));
  CHECK(contains(page, "<script>\n" + std::string(page_script())));
  CHECK(contains(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"));
  for (const char* tag : {"<b>", "<u>", "<i>"}) CHECK_FALSE(contains(page, tag));
  CHECK(contains(page, "A title with &quot;quotes&quot; &amp; &lt;tags&gt;"));
  CHECK(contains(page, "<span class=\"whole\">57</span> of <span class=\"whole\">100</span>"));
  CHECK(contains(page, "at least <span class=\"whole\">55</span>"));
  CHECK(contains(page, "<span class=\"badge bad\">1 of 2 outside</span>"));
  CHECK(contains(page, "does not hold"));
  CHECK(contains(page, "examples/reproduce --only figure_0"));
  CHECK(contains(page,
                 "alt=\"a &quot;caption&quot; &lt;b&gt;\" width=\"3\" height=\"2\" "
                 "src=\"data:image/png;base64,iVBORw0KGgo"));
  CHECK(contains(page, "missing.png: there is no such file"));
  CHECK(contains(page, "../secret.png: not shown"));
  CHECK(contains(page, "text.png: not shown, it is no PNG file"));
  CHECK(contains(page, "It was interrupted"));
  CHECK(contains(page, "&lt;i&gt;diverged"));
  for (const char* file : {"broken.json", "empty.json", "wrong.json", "folder.json"}) {
    INFO(file);
    CHECK(contains(page, std::string(">") + file + " <span class=\"badge bad\">unreadable"));
  }
  CHECK(contains(page, "seeds 7 to 9"));

  std::vector<std::string> files;
  for (const ReportEntry& e : read_results(dir.path(), {"theorem_1", "figure_2"})) files.push_back(e.file);
  CHECK(files == std::vector<std::string>{"theorem_1.json", "figure_2.json", "broken.json", "empty.json",
                                          "figure_10.json", "folder.json", "theorem_2.json", "wrong.json"});
  CHECK(read_results(dir.path(), {})[2].file == "figure_2.json");  // 2 before 10

  TempDir empty;
  CHECK(contains(error_of([&] { write_report(empty.path(), {}); }), "holds no NAME.json"));
  CHECK(contains(error_of([&] { write_report(empty / "none", {}); }), "is no folder"));
  CHECK(empty.count() == 0);
}

TEST_CASE("no item of the report is green over a row that is not", "[examples]") {
  TempDir dir;
  Result r = sample_result();
  r.figures.clear();
  const auto item = [&](std::vector<Claim> claims) {
    r.claims = std::move(claims);
    const std::string page = report_html({{"figure_2.json", r, ""}}, dir.path());
    const std::size_t at = page.find("<h2>", page.find("<section id=\"item0\""));
    return page.substr(at, page.find("</h2>", at) - at);
  };
  const Claim holds = median_claim("a", "", "1", {1}, {1, 1}),
              outside = median_claim("b", "", "1", {2}, {1, 1});
  const Claim fails = contested_claim("c", "", "1", {2}, {1, 1}, {2, 2});
  const Claim measured = guard_claim("d", "", no_paper, {2}, {1, 3});
  CHECK(contains(item({holds}), "badge good\">all hold<"));
  CHECK(contains(item({holds, measured}), "badge good\">all judged hold<"));
  CHECK(contains(item({measured}), "badge\">measured<"));
  CHECK(contains(item({holds, fails}), "badge fair\">1 does not hold<"));
  CHECK(contains(item({holds, outside, fails}), "badge bad\">1 of 3 outside<"));
}

TEST_CASE("the summary says what holds, what does not, what surprised, and what was not run", "[examples]") {
  TempDir dir;
  Result r = sample_result();
  r.name = "figure_2";
  r.figures.clear();
  const auto page = [&](std::vector<Claim> claims, const std::vector<std::string>& missing = {}) {
    r.claims = std::move(claims);
    return report_html({{"figure_2.json", r, ""}}, dir.path(), missing);
  };
  // From one heading of the summary to the next.
  const auto part = [](const std::string& all, const std::string& id) {
    const std::size_t at = all.find("<h3 id=\"" + id + "\"");
    return at == std::string::npos ? "" : all.substr(at, all.find("<h3", at + 1) - at);
  };
  const Claim holds = median_claim("a", "it holds", "1", {1}, {1, 1}),
              outside = median_claim("b", "it is outside", "1", {2}, {1, 1});
  const Claim fails = contested_claim("c", "it fails", "1", {2}, {1, 1}, {2, 2});
  const std::string all = page({holds, outside, fails}, {"figure_8", "table_2"});
  CHECK(contains(part(all, "holds"), "1 statement, 1 of the paper"));
  CHECK(contains(part(all, "holds"), "it holds"));
  CHECK(contains(part(all, "fails"), "it fails"));
  CHECK(contains(part(all, "fails"), "it is outside"));  // it does not hold either
  CHECK(contains(part(all, "surprised"), "<a href=\"#item0-claim1\">Figure 2, b</a>"));
  CHECK_FALSE(contains(part(all, "surprised"), "it fails"));  // where it was promised: known
  CHECK(contains(all, "<tr id=\"item0-claim1\">"));
  CHECK(contains(all, "<code>examples/reproduce --only figure_8,table_2</code>"));
  const std::string good = page({holds});
  CHECK(contains(part(good, "surprised"), "Nothing: every program ran to its end"));
  CHECK(contains(part(good, "fails"), "No statement of the paper"));
  CHECK(part(good, "missing").empty());
  r.error = "it <broke>";
  CHECK(contains(part(page({holds}), "surprised"), "failed<div class=\"found\">it &lt;broke&gt;"));
}

TEST_CASE("an item of the report links its page, its program and its place in the paper", "[examples]") {
  TempDir dir;
  Result r = sample_result();
  r.name = "figure_2";
  const std::string page = report_html({{"figure_2.json", r, ""}}, dir.path());
  for (const char* part : {"docs/paper/figure_2.md</a>", "examples/paper/figure_2.cpp</a>",
                           "Section 3, Figure 2", "https://arxiv.org/pdf/1810.10333v3"}) {
    INFO(part);
    CHECK(contains(page, part));
  }
  const std::size_t at = page.find("<a href=\"", page.find("Page <a")) + 9;
  CHECK(std::filesystem::exists(dir.path() / page.substr(at, page.find('"', at) - at)));
  CHECK(contains(page, "data <a href=\"figure_2.json\">figure_2.json</a>"));
  CHECK(contains(page, "Make it again: <code>examples/reproduce --only figure_0</code>"));
  r.name = "../figure_2";
  CHECK_FALSE(contains(report_html({{"x.json", r, ""}}, dir.path()), "figure_2.md"));
  for (const auto& file : std::filesystem::directory_iterator(
           std::filesystem::path(BASIN_EXAMPLE_DATA_DIR).parent_path() / "paper")) {
    const std::string name = file.path().stem().string();
    if (file.path().extension() != ".cpp") continue;
    INFO(name);
    const bool known = !place_in_paper(name).empty();
    const std::set<std::string> beyond{"fixed_points", "continuation", "certificates", "cycles", "basins"};
    CHECK(known != (beyond.count(name) == 1));
  }
}

TEST_CASE("numbers of a page stay on one line, addresses are encoded", "[examples]") {
  CHECK(whole_numbers("at most 1.2e-09, <b>") == "at most <span class=\"whole\">1.2e-09,</span> &lt;b&gt;");
  CHECK(whole_numbers("") == "");
  CHECK(whole_numbers(std::string(30, '7')) == std::string(30, '7'));
  CHECK(percent_encoded("../a b/c%.md") == "../a%20b/c%25.md");
}

TEST_CASE("a picture of any size is embedded as base64", "[examples]") {
  // RFC 4648, section 10, behind the 24 bytes that make a PNG header.
  TempDir dir;
  const std::string header("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x02", 24);
  const std::vector<std::pair<std::string, std::string>> cases = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  Result r = sample_result();
  for (const auto& [bytes, expected] : cases) {
    write_file(dir / "figure_0.png", bytes_of(header + bytes));
    CHECK(contains(report_html({{"figure_0.json", r, ""}}, dir.path()), "AAEAAAAC" + expected + "\""));
  }
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
